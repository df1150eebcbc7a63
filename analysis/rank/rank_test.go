package rank

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

const mib = 1 << 20

// shape is what one variant shows: memory in MiB, and speed, with a noise of
// its rounds.
type shape struct {
	label     string
	allocator string
	tuned     bool
	idle      float64
	speed     float64
	p99       float64
	rounds    int
	clock     results.Clock
	starved   bool
}

func made(noise float64, shapes ...shape) (results.Run, []results.Trial) {
	random := rand.New(rand.NewPCG(1, 2))
	run := results.Run{Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	var trials []results.Trial
	for _, s := range shapes {
		v := results.Variant{Label: s.label, Allocator: s.allocator, Knobs: map[string]any{}, Clock: s.clock}
		if s.tuned {
			v.Knobs["knob"] = 1.0
		}
		run.Variants = append(run.Variants, v)
		for round := range s.rounds {
			about := func(v float64) float64 { return v * (1 + noise*random.NormFloat64()) }
			for _, pass := range []string{results.PassTime, results.PassLatency} {
				t := results.Trial{Cell: "c", Variant: s.label, Allocator: s.allocator, Round: round + 1, Pass: pass, Status: results.StatusOK,
					Marks: []results.Mark{{Name: results.MarkFreed, T: 1}, {Name: results.MarkIdle, T: 3}}}
				idle := about(s.idle * mib)
				t.Metrics = map[string]float64{
					results.MetricRSSIdle: idle, results.MetricRSSMean: 1.5 * idle, results.MetricRSSPurged: idle / 2,
					results.MetricOpsPerCPUS: about(s.speed), results.MetricMallocP99: about(s.p99),
				}
				if pass == results.PassLatency { // of another process: must enter nothing but the latency
					t.Metrics[results.MetricRSSIdle], t.Metrics[results.MetricOpsPerCPUS] = 1, 1e12
				} else {
					t.Metrics[results.MetricMallocP99] = 1
				}
				if s.starved {
					t.CPU = results.CPU{Obtained: 1, Wanted: 2}
				}
				trials = append(trials, t)
			}
		}
	}
	return run, trials
}

func labels(r Ranking) (all []string) {
	for _, c := range r.Candidates {
		all = append(all, c.Variant.Label)
	}
	return all
}

func only(t *testing.T, run results.Run, trials []results.Trial) Ranking {
	t.Helper()
	all := Rank(run, trials)
	if len(all) != 1 {
		t.Fatalf("%d rankings", len(all))
	}
	return all[0]
}

// The figures of a case that was worked out on paper.
func TestRank(t *testing.T) {
	run, trials := made(0,
		shape{label: "one arena", tuned: true, idle: 99, speed: 62, p99: 2e-6, rounds: 5},
		shape{label: "plain", idle: 100, speed: 100, p99: 1e-6, rounds: 5},
		shape{label: "trim", tuned: true, idle: 6, speed: 98, p99: 1e-6, rounds: 5},
		shape{label: "other", idle: 18, speed: 180, p99: .5e-6, rounds: 5},
		shape{label: "fast only", tuned: true, idle: 100, speed: 300, p99: 1e-6, rounds: 5},
		shape{label: "worse", tuned: true, idle: 120, speed: 90, p99: 1e-6, rounds: 5},
	)
	r := only(t, run, trials)
	if want := []string{"other", "trim", "fast only", "plain", "worse", "one arena"}; !slices.Equal(labels(r), want) || r.Base.Label != "plain" || r.Range {
		t.Fatalf("%v against %s, range %v", labels(r), r.Base.Label, r.Range)
	}
	for i, want := range []struct {
		saved, score float64
		front        bool
		says         string
	}{
		{82, .82 + .8, true, "other held 18 MiB at idle, 82 MiB less than plain (−82 %), at +80 % operations per CPU second (+80 %), p99 of malloc −50 % (−50 %)."},
		{94, .94, true, "trim held 6.0 MiB at idle, 94 MiB less than plain (−94 %), at about as many operations per CPU second (−2 %)."},
		{0, 2, true, "fast only held 100 MiB at idle, which this run cannot tell from plain (0 %), at +200 % operations per CPU second (+200 %)."},
		{0, 0, false, "plain, as it is, held 100 MiB at idle."},
		{-20, -.2 - .1, false, "worse held 120 MiB at idle, 20 MiB more than plain (+20 %), and cost 10 % of the operations per CPU second (−10 %)."},
		{1, .0 - .38, false, "one arena held 99 MiB at idle, about as much as plain (−1 %), and cost 38 % of the operations per CPU second (−38 %), p99 of malloc +100 % (+100 %)."},
	} {
		c := r.Candidates[i]
		if math.Abs(c.Saved.Value-want.saved*mib) > 1 || c.Front != want.front {
			t.Errorf("%s: saved %g MiB, front %v", c.Variant.Label, c.Saved.Value/mib, c.Front)
		}
		if math.Abs(c.Score-want.score) > 1e-9 {
			t.Errorf("%s: score %g, want %g", c.Variant.Label, c.Score, want.score)
		}
		if got := r.Sentence(c); got != want.says {
			t.Errorf("got  %s\nwant %s", got, want.says)
		}
	}
	if worth, rest := r.Worth(); len(worth) != 2 || len(rest) != 3 {
		t.Errorf("%d are worth their price, %d not", len(worth), len(rest))
	}
	f := r.Findings()
	if len(f) != 6 || f[0].Remedy == nil || f[0].Remedy.Setting != "other" || f[3].Remedy != nil || f[3].Word != "as it is" || len(f[0].Figures) != 4 {
		t.Errorf("%+v", f)
	}
}

// What holds of every ranking, of many made up.
func TestRankProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		var shapes []shape
		for i := range 2 + random.IntN(8) {
			shapes = append(shapes, shape{
				label: fmt.Sprint("v", i), allocator: fmt.Sprint("a", i%3), tuned: random.IntN(3) > 0, idle: 1 + 200*random.Float64(),
				speed: 1 + 100*random.Float64(), p99: 1e-6, rounds: 1 + random.IntN(7), starved: random.IntN(10) == 0,
			})
		}
		run, trials := made(0.02, shapes...)
		all := Rank(run, trials)
		if len(all) == 0 {
			continue // the base was starved throughout
		}
		r := all[0]
		if len(r.Candidates) != len(shapes) {
			t.Fatalf("%d candidates of %d variants", len(r.Candidates), len(shapes))
		}
		bases, fronts := 0, 0
		for i, c := range r.Candidates {
			if c.Base {
				bases++
				if c.Score != 0 || c.Variant.Label != r.Base.Label {
					t.Errorf("base %+v", c)
				}
			}
			if c.Front {
				fronts++
			}
			for _, other := range r.Candidates {
				idle, otherIdle := c.Values[results.MetricRSSIdle].Value, other.Values[results.MetricRSSIdle].Value
				speed, otherSpeed := c.Values[results.MetricOpsPerCPUS].Value, other.Values[results.MetricOpsPerCPUS].Value
				if c.Front && !math.IsNaN(other.Score) && otherIdle < idle && otherSpeed > speed {
					t.Errorf("%s is on the front, and %s holds less and is faster", c.Variant.Label, other.Variant.Label)
				}
			}
			if i > 0 && c.class() == r.Candidates[i-1].class() && c.Score > r.Candidates[i-1].Score {
				t.Errorf("%g comes behind %g", c.Score, r.Candidates[i-1].Score)
			}
			if f := c.Against[results.MetricRSSIdle]; f.Low > f.Value || f.High < f.Value {
				t.Errorf("%+v is not within its interval", f)
			}
			if idle := c.Values[results.MetricRSSIdle]; idle.N > 0 && idle.Value < mib/2 {
				t.Errorf("a figure of another pass: %+v", idle)
			}
		}
		if bases != 1 || fronts == 0 {
			t.Errorf("%d bases, %d on the front", bases, fronts)
		}
		// What the allocators are called changes nothing.
		before := labels(r)
		for i := range run.Variants {
			run.Variants[i].Allocator = ""
		}
		for i := range trials {
			trials[i].Allocator = ""
		}
		if after := labels(only(t, run, trials)); !slices.Equal(before, after) {
			t.Errorf("blank names: %v became %v", before, after)
		}
	}
}

// A difference that noise explains ranks as none, and a clock that did not run
// is no verdict on memory.
func TestRankIsNotFooled(t *testing.T) {
	run, trials := made(0.05,
		shape{label: "plain", idle: 100, speed: 100, p99: 1e-6, rounds: 7},
		shape{label: "same", tuned: true, idle: 100, speed: 100, p99: 1e-6, rounds: 7},
		shape{label: "slow clock", tuned: true, idle: 100, speed: 150, p99: 1e-6, rounds: 7, clock: results.Clock{Seconds: 10, Watch: 20}},
		shape{label: "falling", tuned: true, idle: 30, speed: 100, p99: 1e-6, rounds: 7, clock: results.Clock{Seconds: 10, Watch: 20}},
		shape{label: "starved", tuned: true, idle: 1, speed: 300, p99: 1e-6, rounds: 7, starved: true},
	)
	r := only(t, run, trials)
	for _, c := range r.Candidates {
		switch c.Variant.Label {
		case "same":
			if c.Score != 0 || !strings.Contains(r.Sentence(c), "cannot tell from plain") && !strings.Contains(r.Sentence(c), "about as much") {
				t.Errorf("%g, %s", c.Score, r.Sentence(c))
			}
		case "slow clock":
			if !math.IsNaN(c.Score) || c.Front || !strings.Contains(r.Sentence(c), "clock 10 s, watched 2 s: too short to tell") {
				t.Errorf("%g, %s", c.Score, r.Sentence(c))
			}
		case "falling": // what is saved is saved, and more may follow
			if !(c.Score > .6) || !strings.Contains(r.Sentence(c), "so far (clock 10 s, watched 2 s: too short to tell)") {
				t.Errorf("%g, %s", c.Score, r.Sentence(c))
			}
		case "starved":
			if len(c.Values) != 0 || r.Sentence(c) != "" || len(c.Notes) != 2 {
				t.Errorf("%+v", c)
			}
		}
	}
	// Salvaged, its memory is told and its speed is not.
	r = only(t, run, results.Salvage(trials))
	last := r.Candidates[len(r.Candidates)-1]
	for _, c := range r.Candidates {
		if c.Variant.Label == "starved" {
			last = c
		}
	}
	if last.Variant.Label != "starved" || last.Values[results.MetricRSSIdle].N != 7 || !math.IsNaN(last.Score) || !strings.Contains(r.Sentence(last), "what it costs was not measured") {
		t.Errorf("%+v", last)
	}
	if worth, rest := r.Worth(); len(worth) != 1 || len(rest) != 3 || r.Unpriced() {
		t.Errorf("worth %v, rest %v, unpriced %v", worth, rest, r.Unpriced())
	}
	// Where the processors were taken throughout, memory alone decides, and that is said.
	run, trials = made(0.01,
		shape{label: "plain", allocator: "a", idle: 100, speed: 100, rounds: 5, starved: true}, shape{label: "half", allocator: "b", tuned: true, idle: 50, speed: 1, rounds: 5, starved: true},
		shape{label: "third", allocator: "b", tuned: true, idle: 33, speed: 1, rounds: 5, starved: true}, shape{label: "fifth", allocator: "b", tuned: true, idle: 20, speed: 1, rounds: 5, starved: true},
		shape{label: "own", allocator: "a", tuned: true, idle: 60, speed: 1, rounds: 5, starved: true}, shape{label: "more", allocator: "a", tuned: true, idle: 130, speed: 1, rounds: 5, starved: true},
	)
	r = only(t, run, results.Salvage(trials))
	worth, rest := r.Worth()
	var names []string
	for _, c := range worth {
		names = append(names, c.Variant.Label)
	}
	if !r.Unpriced() || !slices.Equal(names, []string{"fifth", "third", "half", "own"}) || len(rest) != 1 {
		t.Errorf("unpriced %v, worth %v, rest %d", r.Unpriced(), names, len(rest))
	}
	run, trials = made(0.01, shape{label: "plain", idle: 100, speed: 100, rounds: 3}, shape{label: "few", tuned: true, idle: 50, speed: 100, rounds: 3})
	if r := only(t, run, trials); !r.Range {
		t.Error("three rounds give a range, and it is not said")
	}
}
