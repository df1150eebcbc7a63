package report

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"alloclab/analysis/rank"
	"alloclab/analysis/sizing"
	"alloclab/results"
)

// tried is the published case with what was tried against it.
func tried() (results.Run, []results.Trial) {
	run, trials := curve()
	run.Variants[2].Knobs = map[string]any{"background_thread": true, "dirty_decay_ms": 1000.0}
	for i, extra := range []struct {
		variant results.Variant
		shape   shape
	}{
		{results.Variant{Label: "ptmalloc malloc_trim every 10 s", Allocator: "ptmalloc", Knobs: map[string]any{results.KnobPurgeEvery: 10.0}},
			shape{534, 532, 21, 21, 8.1, .2, 12, .7, nil, []float64{.59, .6, .6, .61, .59}, 30}},
		{results.Variant{Label: "ptmalloc arena_max=1", Allocator: "ptmalloc", Knobs: map[string]any{"arena_max": 1.0}},
			shape{534, 532, 529, 21, 8.1, .2, 36, 483, nil, []float64{.38, .37, .39, .38, .38}, 30}},
	} {
		run.Variants = append(run.Variants, extra.variant)
		added := extra.shape.trials("iobuf", extra.variant.Label, extra.variant.Allocator)
		for j := range added {
			added[j].Metrics[results.MetricWall] = 12 + float64(i)
			if i == 0 {
				added[j].Figures = map[string]float64{"purges": 4, "purge_longest_s": .0382}
			}
		}
		trials = append(trials, added...)
	}
	for i := range trials {
		trials[i].Metrics[results.MetricRSSMean] = (trials[i].Metrics[results.MetricRSSPeak] + 2*trials[i].Metrics[results.MetricRSSIdle]) / 3
	}
	for i := range trials { // a latency pass, of other processes
		slow := trials[i]
		slow.Pass = results.PassLatency
		slow.Metrics = map[string]float64{results.MetricMallocP99: 1e-6 * float64(1+i/5)}
		trials = append(trials, slow)
	}
	return run, trials
}

func TestRemedies(t *testing.T) {
	paste := map[string]Paste{
		"ptmalloc malloc_trim every 10 s": {Lines: [][2]string{{"call", "malloc_trim(0);"}}},
		"jemalloc background, decay 1 s":  {Lines: [][2]string{{"shell", "env A=b PROGRAM"}, {"systemd", `Environment="A=b"`}, {"", `Environment="C=d"`}, {"Dockerfile", `ENV A="b"`}}},
		"tcmalloc":                        {Missing: "No lines to paste: the library was not found."},
	}
	for name, change := range map[string]func([]results.Trial){
		"remedies": func([]results.Trial) {},
		"remedies-starved": func(trials []results.Trial) {
			for i := range trials {
				trials[i].CPU = results.CPU{Obtained: 1, Wanted: 2}
			}
		},
		"remedies-none": func(trials []results.Trial) { // all others are slower, and hold as much
			for i := range trials {
				if trials[i].Variant != "ptmalloc" && trials[i].Pass == results.PassTime {
					trials[i].Metrics[results.MetricOpsPerCPUS] = 1e5
					trials[i].Metrics[results.MetricRSSIdle] = 531 << 20
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			run, trials := tried()
			change(trials)
			rankings := rank.Rank(run, results.Salvage(trials))
			if len(rankings) != 1 {
				t.Fatalf("%d rankings", len(rankings))
			}
			var out strings.Builder
			if err := Remedies(&out, run, rankings[0], paste); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.String())
			for line := range strings.Lines(out.String()) {
				if n := uniseg.StringWidth(line); n > 140 {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

func TestSizing(t *testing.T) {
	run := results.Run{Rounds: 3, Fingerprint: fingerprint(), Variants: []results.Variant{
		{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"}, {Label: "jemalloc", Allocator: "jemalloc", Version: "5.3.0", Clock: decay10}, {Label: "bent", Allocator: "x"},
	}}
	var trials []results.Trial
	for i, live := range []float64{64 * mib, 128 * mib, 512 * mib} {
		name := []string{"a", "b", "c"}[i]
		run.Cells = append(run.Cells, results.Cell{Name: name, Workload: "iobuf", Silent: true, Params: []results.Param{{Name: "backlog", Kind: "bytes", Value: live}, {Name: "threads", Kind: "count", Value: 8.0}}})
		for _, v := range run.Variants {
			for round := range 3 {
				peak := live*(1.1+.01*float64(round)) + 5*mib
				if v.Label == "bent" && i == 1 {
					peak *= 1.5
				}
				trials = append(trials, results.Trial{Cell: name, Variant: v.Label, Pass: results.PassTime, Status: results.StatusOK,
					Metrics: map[string]float64{results.MetricRSSPeak: peak, results.MetricRSSIdle: peak / 2, results.MetricRSSPurged: 4 * mib},
					Marks:   []results.Mark{{Name: results.MarkHold, Asked: int64(live)}, {Name: results.MarkFreed, T: 1}, {Name: results.MarkIdle, T: 3}}})
			}
		}
	}
	var out strings.Builder
	for _, live := range []float64{40 << 30, 256 * mib, 1 * mib} {
		all, err := sizing.At(run, trials, live)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d, %v", len(all), err)
		}
		if err := Sizing(&out, run, all[0]); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	golden(t, "sizing", out.String())
}

// What is provisioned must suffice: it is never rounded down.
func TestProvision(t *testing.T) {
	for v, want := range map[float64]string{41.13: "41.2", 42: "42.0", 0.1234: "0.12", 9.991: "10.0", 1234: "1240", -1: absent} {
		if got := provision(v); got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}

// TestWhoANoteIsAbout: a note about most variants names the few that it is not about.
func TestWhoANoteIsAbout(t *testing.T) {
	var r rank.Ranking
	for _, label := range []string{"a", "b", "c", "d", "e"} {
		r.Candidates = append(r.Candidates, rank.Candidate{Variant: results.Variant{Label: label}})
	}
	for want, named := range map[string][]string{
		"a": {"a"}, "a, c": {"a", "c"}, "all but b, e": {"a", "c", "d"}, "all": {"a", "b", "c", "d", "e"},
	} {
		if got := who(named, r); got != want {
			t.Errorf("%v: %q, want %q", named, got, want)
		}
	}
	r.Candidates = r.Candidates[:1]
	if got := who([]string{"a"}, r); got != "a" {
		t.Errorf("of one: %q", got)
	}
}
