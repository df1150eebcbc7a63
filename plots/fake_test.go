package plots

import (
	"fmt"
	"math"
	"math/rand/v2"

	"alloclab/results"
)

const mib = 1 << 20

// fake is one variant of a backlog that fills, is freed and waits: sizes in
// MiB, times in seconds.
type fake struct {
	label, allocator, version string
	speed                     float64 // 1: hold after 2 s, freed at 3 s
	peak, freed, idle, purged float64
	decay                     float64 // seconds over which it falls from freed to idle; 0 at once
	live, kept                float64
	rounds                    int
}

func (f fake) series(window float64) CellSeries {
	random := rand.New(rand.NewPCG(uint64(len(f.label)), uint64(f.peak)))
	s := CellSeries{Variant: results.Variant{Label: f.label, Allocator: f.allocator, Version: f.version}}
	for round := 1; round <= f.rounds; round++ {
		noise := 1 + .012*random.NormFloat64()
		hold, freed := 2/f.speed*noise, 3/f.speed*noise
		idle := freed + window
		const lab = 1 * mib
		trial := &results.Trial{
			Trial: round, Round: round, Status: results.StatusOK,
			Marks: []results.Mark{
				{Name: results.MarkBaseline, RSS: 3 * mib, Ledger: &results.Ledger{Lab: lab, Other: 2 * mib}},
				{Name: results.MarkHold, T: hold, RSS: int64(f.peak*noise*mib) + lab},
				{Name: results.MarkFreed, T: freed, RSS: int64(f.freed*noise*mib) + lab},
				{Name: results.MarkIdle, T: idle, RSS: int64(f.idle*noise*mib) + lab},
				{Name: results.MarkPurged, T: idle, RSS: int64(f.purged*noise*mib) + lab},
			},
		}
		trace := Trace{Trial: trial}
		mean, n := 0.0, 0.0
		for t := 0.0; t <= idle; t += .01 {
			rss, live, phase := 0.0, 0.0, results.MarkHold
			switch {
			case t < hold*.7:
				live = f.live * t / (hold * .7)
				rss = math.Max(2, f.peak*t/(hold*.7))
			case t < hold:
				rss, live = f.peak, f.live
			case t < freed:
				x := (t - hold) / (freed - hold)
				rss, live, phase = f.peak+(f.freed-f.peak)*x, f.live+(f.kept-f.live)*x, results.MarkFreed
			default:
				live, phase, rss = f.kept, results.MarkIdle, f.idle
				if t-freed < f.decay {
					rss = f.freed + (f.idle-f.freed)*(1-math.Pow(1-(t-freed)/f.decay, 2))
				}
			}
			rss *= noise
			mean, n = mean+rss, n+1
			trace.Samples = append(trace.Samples, results.Sample{
				T: t, RSS: int64(rss*mib) + lab, Live: int64(live * mib), Phase: phase,
			})
		}
		trial.Metrics = map[string]float64{results.MetricRSSMean: mean / n * mib}
		s.Traces = append(s.Traces, trace)
	}
	return s
}

// drained are five variants of a 512 MiB backlog that drains.
func drained() []CellSeries {
	var all []CellSeries
	for _, f := range []fake{
		{"ptmalloc", "ptmalloc", "2.36", 1, 534, 532, 531, 21, 0, 512, 8.1, 5},
		{"ptmalloc, 1 arena", "ptmalloc", "2.36", .97, 530, 529, 528, 19, 0, 512, 8.1, 5},
		{"jemalloc", "jemalloc", "5.3.0", 1.02, 541, 541, 541, 17, 0, 512, 8.1, 5},
		{"jemalloc background, decay 1 s", "jemalloc", "5.3.0", 1.01, 541, 540, 18, 17, 1.1, 512, 8.1, 5},
		{"tcmalloc", "tcmalloc", "gperftools 2.10", 1.04, 538, 537, 537, 19, 0, 512, 8.1, 5},
	} {
		all = append(all, f.series(12))
	}
	return all
}

// figures are what a stranger may come to see, and what may go wrong.
func figures() map[string]RSSFigure {
	const caption = "Linux 6.18 · glibc 2.36 · 2 cores · THP madvise · ptmalloc 2.36 · jemalloc 5.3.0 · tcmalloc gperftools 2.10 · alloclab 1.0"
	two := []CellSeries{
		fake{"ptmalloc", "ptmalloc", "2.36", 1, 26, 25, 24.2, 3.2, 0, 20, 1, 3}.series(3),
		fake{"jemalloc", "jemalloc", "5.3.0", 1.05, 29, 28, 9, 6.1, 2.5, 20, 1, 3}.series(3),
	}
	unlike := []CellSeries{
		fake{"ptmalloc", "ptmalloc", "2.36", .4, 534, 532, 531, 21, 0, 512, 8.1, 3}.series(6),
		fake{"jemalloc", "jemalloc", "5.3.0", 1, 541, 541, 120, 17, 5, 512, 8.1, 3}.series(6),
		fake{"mimalloc", "mimalloc", "2.0.9", 1.6, 560, 533, 420, 300, 2, 512, 8.1, 3}.series(6),
		fake{"pages", "pages", "", .2, 512, 8.2, 8.2, 8.2, 0, 512, 8.1, 3}.series(6),
	}
	var colliding []CellSeries
	for i, name := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc", "tbbmalloc", "pages", "a very long label of an allocator that somebody built at home, patched"} {
		colliding = append(colliding, fake{name, name, "1", 1, 3 + float64(i)/50, 2.8, 2.5 + float64(i)/100, 2.4, 0, 2, .1, 2}.series(1))
	}
	tiny := CellSeries{Variant: results.Variant{Label: "ptmalloc", Allocator: "ptmalloc"}}
	trial := &results.Trial{Status: results.StatusOK, Metrics: map[string]float64{}}
	for i := range 40 {
		tiny.Traces = []Trace{{Trial: trial, Samples: append(append([]results.Sample{}, func() []results.Sample {
			if len(tiny.Traces) > 0 {
				return tiny.Traces[0].Samples
			}
			return nil
		}()...), results.Sample{T: float64(i) / 1e5, RSS: int64(400 + 7*i%90), Live: results.Absent})}}
	}
	with := func(samples ...results.Sample) []CellSeries {
		return []CellSeries{{Variant: results.Variant{Label: "jemalloc", Allocator: "jemalloc"}, Traces: []Trace{{Trial: trial, Samples: samples}}}}
	}
	var many []CellSeries
	for i := range 12 {
		many = append(many, fake{fmt.Sprintf("jemalloc-%d", i), "jemalloc", "5.3.0", 1, 500 + float64(10*i), 480, float64(40 * i), 17, 3, 480, 8, 2}.series(5))
	}
	failed := drained()[:3]
	for i := range failed[1].Traces {
		failed[1].Traces[i].Trial.Status = results.StatusSignal
	}
	failed[2].Traces[0].Trial.Status = results.StatusTimeout
	return map[string]RSSFigure{
		"drained":   {"iobuf  backlog 512 MiB, 8 threads, idle 12 s silent", caption, drained(), Auto},
		"panels":    {"iobuf  backlog 512 MiB, 8 threads, idle 12 s silent", caption, drained(), Panels},
		"two":       {"threads4k  2 threads, 100 blocks", caption, two, Auto},
		"two-panel": {"threads4k  2 threads, 100 blocks", caption, two, Panels},
		"unlike":    {"iobuf  backlog 512 MiB", caption, unlike, Auto},
		"colliding": {"small", caption + " · " + caption, colliding, Together},
		"tiny":      {"tiny", caption, []CellSeries{tiny}, Auto},
		"single":    {"single", caption, with(results.Sample{T: 1, RSS: 5 * mib, Live: mib}), Auto},
		"zero":      {"zero", caption, with(results.Sample{}, results.Sample{T: 1}, results.Sample{T: 2}), Auto},
		"no-sample": {"no samples", caption, with(), Auto},
		"none":      {"nothing", "", nil, Auto},
		"many":      {"many variants", caption, many, Auto},
		"failed":    {"some failed", caption, failed, Auto},
	}
}
