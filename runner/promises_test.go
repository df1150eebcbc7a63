package runner

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/montanaflynn/stats"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
	"alloclab/runner/wire"
)

// These benchmarks measure what the lab promises of itself, and print the bar
// beside each figure. They need bin/ (make build) and a quiet machine; what
// they compare is interleaved in one run and told as a ratio.

func promised(b *testing.B, value float64, unit string, bar float64) {
	b.Helper()
	b.ReportMetric(value, unit)
	b.ReportMetric(bar, unit+"-bar")
}

func benchVariant(b *testing.B, allocator string) *variant {
	b.Helper()
	dir, err := filepath.Abs("../bin")
	if err != nil {
		b.Fatal(err)
	}
	v, err := resolve(configs.Variant{Allocator: allocator, Label: allocator}, Binaries{dir}, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := v.dryStart(context.Background()); err != nil {
		b.Fatal(err)
	}
	return v
}

func params(values map[string]any) (list []results.Param) {
	for name, v := range values {
		list = append(list, results.Param{Name: name, Value: v})
	}
	return list
}

func benchTrial(b *testing.B, v *variant, rate float64, values map[string]any) results.Trial {
	b.Helper()
	t := &trial{
		Trial: plan.Trial{Trial: 1, Round: 1, Pass: results.PassTime}, cell: results.Cell{Name: "threads4k", Workload: "threads4k", Params: params(values)},
		variant: v, limit: time.Minute, rate: rate, blocks: census.NewBlocks(4096),
	}
	t.record.Pass, t.record.Round = results.PassTime, 1
	record, _ := t.run(context.Background())
	if record.Status != results.StatusOK {
		b.Fatalf("%s: %v", record.Status, record.Warnings)
	}
	return record
}

// ratioInterval is the median of the ratios of pairs, each measured one right
// after the other so that both met the same machine, and its 95 % bootstrap
// interval.
func ratioInterval(base, new []float64) (ratio, low, high float64) {
	pairs := make([]float64, len(base))
	for i := range base {
		pairs[i] = new[i] / base[i]
	}
	r := rand.New(rand.NewPCG(1, 1))
	medians := make([]float64, 2000)
	for i := range medians {
		medians[i] = resampledMedian(r, pairs)
	}
	slices.Sort(medians)
	return median(pairs), medians[len(medians)*25/1000], medians[len(medians)*975/1000]
}

func resampledMedian(r *rand.Rand, values []float64) float64 {
	drawn := make([]float64, len(values))
	for i := range drawn {
		drawn[i] = values[r.IntN(len(values))]
	}
	return median(drawn)
}

func median(values []float64) float64 {
	m, _ := stats.Median(values)
	return m
}

// BenchmarkSampler: at 100 Hz at most 0.6 % of one core, and the workload does
// not feel it.
func BenchmarkSampler(b *testing.B) {
	v := benchVariant(b, "ptmalloc")
	for b.Loop() {
		var without, with, cost []float64
		for pair := range 80 {
			order := []float64{0.2, DefaultRate}
			if pair%2 == 1 {
				slices.Reverse(order) // neither is always the second
			}
			for _, rate := range order {
				t := benchTrial(b, v, rate, map[string]any{"duration": 0.5, "idle": 0.0})
				for again := 1; t.Starved() && again < attempts; again++ { // as in a run
					t = benchTrial(b, v, rate, map[string]any{"duration": 0.5, "idle": 0.0})
				}
				if rate == DefaultRate {
					with = append(with, t.Metrics[results.MetricOpsPerS])
					cost = append(cost, 100*t.Sampler.Cost/t.Marks[len(t.Marks)-1].T)
				} else {
					without = append(without, t.Metrics[results.MetricOpsPerS])
				}
			}
		}
		ratio, low, high := ratioInterval(without, with)
		promised(b, median(cost), "%core", 0.6)
		b.ReportMetric(ratio, "throughput-ratio")
		b.ReportMetric(low, "ratio-low")
		b.ReportMetric(high, "ratio-high")
		if low > 1 || high < 1 || low < 0.98 || high > 1.02 {
			b.Logf("missed: the interval must hold 1 and lie within 0.98 to 1.02")
		}
	}
}

// BenchmarkListing: at most 20 ns a block in address order and 100 in random
// order, as the workload walks them, and 30 ns a block in the runner.
func BenchmarkListing(b *testing.B) {
	v := benchVariant(b, "ptmalloc")
	for _, order := range []struct {
		name, workload string
		params         map[string]any
		bar            float64
	}{
		{"address", "handover", map[string]any{"blocks": int64(1_000_000), "size": int64(128)}, 20},
		{"random", "threads4k", map[string]any{"blocks": int64(50_000), "operations": int64(1_000_000)}, 100},
	} {
		b.Run(order.name, func(b *testing.B) {
			target, files, err := wire.NewTarget()
			if err != nil {
				b.Fatal(err)
			}
			defer target.Close()
			p, err := v.start("c", files, nil)
			files[0].Close()
			if err != nil {
				b.Fatal(err)
			}
			defer p.End(false)
			if _, err := target.Hello(); err != nil {
				b.Fatal(err)
			}
			if err := target.Start(order.workload, parameterLines(params(order.params))); err != nil {
				b.Fatal(err)
			}
			for range 2 { // baseline, then hold
				if _, err := target.Expect(wire.Mark); err != nil {
					b.Fatal(err)
				}
				if target.Memory.Telemetry().Operations == 0 {
					if err := target.Send(wire.Message{Type: wire.Resume}); err != nil {
						b.Fatal(err)
					}
				}
			}
			blocks := census.NewBlocks(4096)
			var listing, adding []float64
			for range 20 {
				n := 0
				start := time.Now()
				if err := target.EachBlock(func(l []wire.Block) { n += len(l) }); err != nil {
					b.Fatal(err)
				}
				listing = append(listing, float64(time.Since(start).Nanoseconds())/float64(n))
				blocks.Reset()
				start = time.Now()
				if err := target.EachBlock(blocks.Add); err != nil {
					b.Fatal(err)
				}
				adding = append(adding, float64(time.Since(start).Nanoseconds())/float64(n)-listing[len(listing)-1])
			}
			for b.Loop() { // what it measured is told by its own metrics
			}
			promised(b, median(listing), "ns/block-listed", order.bar)
			promised(b, median(adding), "ns/block-counted", 30)
		})
	}
}

// BenchmarkOwnTime: a run takes at most 1.05 times its trials and the time for
// which they were parked.
func BenchmarkOwnTime(b *testing.B) {
	dir, err := filepath.Abs("../bin")
	if err != nil {
		b.Fatal(err)
	}
	binaries := Binaries{dir}
	workloads, err := binaries.Manifest()
	if err != nil {
		b.Fatal(err)
	}
	catalog := Catalog(workloads)
	e, err := configs.Load("quick", catalog)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		dir, start := filepath.Join(b.TempDir(), "run"), time.Now()
		if _, err := Run(context.Background(), Options{Experiment: e, Catalog: catalog, Binaries: binaries, Dir: dir, SampleRate: DefaultRate}); err != nil {
			b.Fatal(err)
		}
		wall := time.Since(start).Seconds()
		file, err := os.Open(filepath.Join(dir, results.TrialsFile))
		if err != nil {
			b.Fatal(err)
		}
		trials := 0.0
		for lines := json.NewDecoder(file); lines.More(); { // each attempt of those that were starved, too
			var t results.Trial
			if err := lines.Decode(&t); err != nil {
				b.Fatal(err)
			}
			trials += t.Marks[len(t.Marks)-1].T + t.Metrics[results.MetricParked]
		}
		file.Close()
		promised(b, wall/trials, "wall/trials", 1.05)
	}
}
