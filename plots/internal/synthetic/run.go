// Package synthetic makes runs that never were, with figures as real ones
// have, so that drawings and pages can be tested and looked at: a storage
// server's backlog that fills, is freed and waits.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"alloclab/results"
)

const mib = 1 << 20

// Options say how large the run is.
type Options struct {
	Threads []int // one cell each
	Rounds  int
	Samples int  // rows of each trial
	Heaps   bool // there are heap maps
}

// shape is one variant's behaviour: sizes in MiB at 8 threads, times in s.
type shape struct {
	variant                   results.Variant
	mops                      float64
	peak, freed, idle, purged float64
	decay                     float64
	pinned                    float64            // at idle
	claims                    map[string]float64 // shares of the empty pages
	arenas                    func(threads int) float64
	malloc                    [6]float64 // quantiles, ns
}

func shapes() []shape {
	fixed := func(n float64) func(int) float64 { return func(int) float64 { return n } }
	return []shape{
		{results.Variant{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36", Clock: results.Clock{Text: "no time counts", OnActivity: true}},
			.61, 534, 532, 531, 21, 0, 36, map[string]float64{results.ClaimBins: .9, results.ClaimTop: .08},
			func(n int) float64 { return math.Min(float64(n+1), 16) }, [6]float64{62, 98, 3100, 9800, 61000, 4.2e6}},
		{results.Variant{Label: "ptmalloc, 1 arena", Allocator: "ptmalloc", Version: "2.36", Knobs: map[string]any{"arena_max": 1}},
			.38, 530, 529, 528, 19, 0, 30, map[string]float64{results.ClaimBins: .93, results.ClaimTop: .06}, fixed(1), [6]float64{80, 400, 9100, 38000, 210000, 9.9e6}},
		{results.Variant{Label: "jemalloc", Allocator: "jemalloc", Version: "5.3.0", Clock: results.Clock{Seconds: 10, OnActivity: true}},
			1.12, 541, 541, 541, 17, 0, .6, map[string]float64{results.ClaimDecay: .975, results.ClaimThreadCache: .01, results.ClaimMetadata: .01},
			func(n int) float64 { return math.Min(float64(n+1), 9) }, [6]float64{35, 43, 1400, 4800, 22000, 1.2e6}},
		{results.Variant{Label: "jemalloc background, decay 1 s", Allocator: "jemalloc", Version: "5.3.0", Clock: results.Clock{Seconds: 1}},
			1.1, 541, 540, 18, 17, 1.4, 4, map[string]float64{results.ClaimMetadata: .6, results.ClaimThreadCache: .3},
			func(n int) float64 { return math.Min(float64(n+1), 9) }, [6]float64{36, 45, 1500, 5200, 30000, 2.2e6}},
		{results.Variant{Label: "tcmalloc", Allocator: "tcmalloc", Version: "gperftools 2.10"},
			1.31, 538, 537, 537, 19, 0, .8, map[string]float64{results.ClaimPageHeap: .98, results.ClaimMetadata: .01}, nil, [6]float64{29, 36, 900, 2900, 14000, 3.1e6}},
	}
}

// Write makes a run directory and returns what it holds.
func Write(dir string, o Options) (results.Run, []results.Trial, error) {
	if err := os.MkdirAll(filepath.Join(dir, results.SamplesDir), 0o755); err != nil {
		return results.Run{}, nil, err
	}
	run := results.Run{
		Run: "curve-20260101T000000-1", Created: "2026-01-01T00:00:00Z", Tool: "1.0", Seed: 1, Rounds: o.Rounds,
		Passes:     []string{results.PassTime, results.PassLatency},
		Experiment: results.Experiment{Name: "curve", File: "curve.toml", Source: "rounds = 5\n\n[[variant]]\nallocator = \"ptmalloc\"\n\n[[workload]]\nname = \"iobuf\"\nbacklog = \"512MiB\"\n"},
		Fingerprint: results.Fingerprint{
			Memory: results.Fields{results.FieldCores: "2", results.FieldLibc: "glibc 2.36", results.FieldKernel: "Linux 6.18", results.FieldTHP: "madvise", results.FieldPageSize: "4096"},
			Time:   results.Fields{results.FieldCPU: "Intel(R) Xeon(R) Processor", results.FieldGovernor: "unknown"},
			Counts: results.Fields{"cpu_flags": "597739b0b7ae"},
		},
	}
	for _, s := range shapes() {
		run.Variants = append(run.Variants, s.variant)
	}
	appender, _, err := results.OpenAppender(filepath.Join(dir, results.TrialsFile))
	if err != nil {
		return run, nil, err
	}
	defer appender.Close()
	var trials []results.Trial
	for _, threads := range o.Threads {
		cell := results.Cell{Name: fmt.Sprintf("iobuf/threads=%d", threads), Workload: "iobuf", Silent: true, Params: []results.Param{
			{Name: "backlog", Kind: "bytes", Value: float64(512 * mib)}, {Name: "threads", Kind: "count", Value: float64(threads)},
			{Name: "keep", Kind: "count", Value: 16.0, Default: true}, {Name: "idle", Kind: "duration", Value: 12.0},
		}}
		run.Cells = append(run.Cells, cell)
		for _, s := range shapes() {
			for round := 1; round <= o.Rounds; round++ {
				for _, pass := range run.Passes {
					t, samples := s.trial(cell, threads, round, o.Samples)
					t.Trial, t.Pass, t.Run = len(trials)+1, pass, run.Run
					if pass == results.PassLatency {
						t.Latency = s.latency(threads, round)
						for _, l := range t.Latency {
							if l.All && l.Operation == "malloc" {
								t.Metrics = map[string]float64{results.MetricMallocP50: l.P50, results.MetricMallocP99: l.P99}
							}
						}
					} else if err := results.WriteSamples(results.SamplesPath(dir, t.Trial), samples); err != nil {
						return run, nil, err
					} else if o.Heaps {
						if err := results.WriteHeapMaps(dir, heapMaps(&t)); err != nil {
							return run, nil, err
						}
					}
					if err := appender.Append(&t); err != nil {
						return run, nil, err
					}
					trials = append(trials, t)
				}
			}
		}
	}
	return run, trials, results.WriteRun(dir, run)
}

// trial makes one trial with its samples.
func (s shape) trial(cell results.Cell, threads, round, n int) (results.Trial, []results.Sample) {
	random := rand.New(rand.NewPCG(uint64(len(s.variant.Label)), uint64(threads*100+round)))
	noise := 1 + .012*random.NormFloat64()
	const lab, floor, live, kept = 1.0, 2.0, 512.0, 8.1
	speed := s.mops * math.Pow(math.Min(float64(threads), 2), .8) * noise
	if s.variant.Knobs != nil && threads > 1 {
		speed /= 1.5
	}
	hold, freed := 2*noise, 3*noise
	idle := freed + 12
	b := func(size float64) int64 { return int64(size*mib) &^ 4095 }
	t := results.Trial{
		V: results.Version, Cell: cell.Name, Workload: cell.Workload, Variant: s.variant.Label, Allocator: s.variant.Allocator,
		Knobs: s.variant.Knobs, Round: round, Started: "2026-01-01T00:00:00Z", Status: results.StatusOK, Proof: results.Proof{ServedBy: "/lib/lib" + s.variant.Allocator + ".so"},
		Warnings: []string{},
	}
	mark := func(name string, at, rss, live, pinned float64) {
		l := &results.Ledger{Lab: b(lab), Other: b(floor), Live: b(live), Rounding: b(live / 200), Pinned: b(pinned)}
		l.Empty = max(0, b(rss*noise)+l.Lab-l.Total())
		claims := results.Claims{}
		rest := l.Empty
		for name, share := range s.claims {
			claims[name] = int64(share * float64(l.Empty))
			rest -= claims[name]
		}
		claims[results.ClaimUnexplained] = rest
		m := results.Mark{Name: name, T: at, RSS: l.Total(), Asked: b(live), Ledger: l, Claims: claims}
		if s.arenas != nil {
			arenas := int64(s.arenas(threads))
			m.AllocatorStats = &results.AllocatorStats{Arenas: &arenas}
			if s.variant.Allocator == "ptmalloc" {
				heaps := arenas + 5
				m.AllocatorStats.Heaps, m.Outside = &heaps, &results.Outside{Arenas: arenas, Heaps: heaps}
			}
		}
		t.Marks = append(t.Marks, m)
	}
	mark(results.MarkBaseline, 0, floor, 0, 0)
	mark(results.MarkHold, hold, s.peak, live, 4)
	mark(results.MarkFreed, freed, s.freed, kept, s.pinned)
	mark(results.MarkIdle, idle, s.idle, kept, math.Min(s.pinned, s.idle-kept-floor))
	mark(results.MarkPurged, idle, s.purged, kept, math.Min(s.pinned, s.purged-kept-floor-.5))
	if s.variant.Allocator != "ptmalloc" {
		mark(results.MarkFlushed, idle, s.purged-.5, kept, math.Min(s.pinned, 2))
	}
	mark(results.MarkExited, idle, s.purged-1, kept, math.Min(s.pinned, 2))
	var samples []results.Sample
	sum := 0.0
	for i := range n {
		at := idle * float64(i) / float64(max(1, n-1))
		rss, alive, phase := 0.0, 0.0, results.MarkHold
		switch {
		case at < hold*.7:
			alive = live * at / (hold * .7)
			rss = floor + (s.peak-floor)*at/(hold*.7) + random.Float64()
		case at < hold:
			rss, alive = s.peak-random.Float64(), live
		case at < freed:
			x := (at - hold) / (freed - hold)
			rss, alive, phase = s.peak+(s.freed-s.peak)*x, live+(kept-live)*x, results.MarkFreed
		default:
			alive, phase, rss = kept, results.MarkIdle, s.idle
			if at-freed < s.decay {
				rss = s.freed + (s.idle-s.freed)*(1-math.Pow(1-(at-freed)/s.decay, 2))
			}
		}
		sum += rss * noise
		samples = append(samples, results.Sample{T: at, RSS: b(rss*noise) + b(lab), Live: int64(alive * mib), Operations: int64(at * speed * 1e6), MinorFaults: results.Absent, Phase: phase})
	}
	t.Metrics = map[string]float64{
		results.MetricOpsPerCPUS: speed * 1e6 / math.Min(float64(threads), 2), results.MetricOpsPerS: speed * 1e6 * .97,
		results.MetricRSSPeak: float64(b(s.peak * 1.05)), results.MetricRSSMean: sum / float64(max(1, n)) * mib, results.MetricMinorFaults: 140000 * noise,
	}
	for name, metric := range map[string]string{results.MarkHold: results.MetricRSSHold, results.MarkFreed: results.MetricRSSFreed, results.MarkIdle: results.MetricRSSIdle, results.MarkPurged: results.MetricRSSPurged} {
		m := t.Mark(name)
		t.Metrics[metric] = float64(m.RSS - m.Ledger.Lab)
	}
	if s.arenas != nil {
		t.Metrics[results.MetricArenas] = s.arenas(threads)
	}
	return t, samples
}

// latency makes quantiles of four size classes and of all.
func (s shape) latency(threads, round int) []results.Latency {
	var all []results.Latency
	for _, operation := range []string{"malloc", "free"} {
		for i, upTo := range []int64{512, 8192, 65536, 0, 0} {
			factor := (1 + .3*float64(i)) * (1 + .1*float64(round%3)) * (1 + .02*float64(threads))
			if operation == "free" {
				factor *= .8
			}
			q := func(i int) float64 { return math.Max(25, s.malloc[i]*factor) * 1e-9 }
			all = append(all, results.Latency{Operation: operation, UpTo: upTo, All: i == 4, Calls: 1e6,
				P50: q(0), P90: q(1), P99: q(2), P999: q(3), P9999: q(4), Max: q(5), Timer: 24e-9})
		}
	}
	return all
}
