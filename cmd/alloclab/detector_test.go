package main

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"alloclab/analysis/change"
	"alloclab/results"
)

// The detector's test: sessions of made-up trials, written as run directories and
// compared by the command's own function with the default family. The short form
// is in every test run; the long one gives the rates of docs/comparing.md.

// noise is what trials of one session look like, as factors of the true value: those
// of the base and those of the new, n each. A session is one sitting: both sides
// come from one stretch of time, interleaved, unless the shape says otherwise.
type noise func(r *rand.Rand, n int) (base, new []float64)

func independent(draw func(*rand.Rand) float64) noise {
	return func(r *rand.Rand, n int) (base, new []float64) {
		for range n {
			base, new = append(base, draw(r)), append(new, draw(r))
		}
		return base, new
	}
}

func lognormal(cv float64) noise {
	return independent(func(r *rand.Rand) float64 { return math.Exp(cv * r.NormFloat64()) })
}

// interleaved deals a series of 2n out to the sides, each round in random order.
func interleaved(series func(r *rand.Rand, n int) []float64) noise {
	return func(r *rand.Rand, n int) (base, new []float64) {
		s := series(r, 2*n)
		for i := 0; i < len(s); i += 2 {
			first := r.IntN(2)
			base, new = append(base, s[i+first]), append(new, s[i+1-first])
		}
		return base, new
	}
}

// apart takes the sides from two series: two runs, one after the other.
func apart(series func(r *rand.Rand, n int) []float64) noise {
	return func(r *rand.Rand, n int) (base, new []float64) { return series(r, n), series(r, n) }
}

// autoregressive is noise of which half is still there at the next trial.
func autoregressive(cv float64) func(*rand.Rand, int) []float64 {
	return func(r *rand.Rand, n int) (s []float64) {
		x := r.NormFloat64()
		for range n {
			s = append(s, math.Exp(cv*x))
			x = 0.5*x + math.Sqrt(1-0.25)*r.NormFloat64()
		}
		return s
	}
}

// drifting wanders by up to 4 % over the session and takes steps of 2 %.
func drifting(r *rand.Rand, n int) (s []float64) {
	phase, turns, step := 2*math.Pi*r.Float64(), 0.5+r.Float64(), 0.0
	for i := range n {
		if r.Float64() < 0.05 {
			step = 0.02 * float64(r.IntN(3)-1)
		}
		s = append(s, math.Exp(0.04*math.Sin(phase+turns*2*math.Pi*float64(i)/float64(n))+step+0.01*r.NormFloat64()))
	}
	return s
}

// nullShapes are the noises under which nothing changed.
var nullShapes = []struct {
	name   string
	draw   noise
	atMost float64 // false alarms, as a share of comparisons
}{
	{"lognormal, cv 1 %", lognormal(0.01), 0.01},
	{"lognormal, cv 3 %", lognormal(0.03), 0.01},
	{"lognormal, cv 10 %", lognormal(0.10), 0.01},
	{"autoregressive 0.5, cv 1 %, interleaved", interleaved(autoregressive(0.01)), 0.01},
	{"autoregressive 0.5, cv 3 %, interleaved", interleaved(autoregressive(0.03)), 0.01},
	// What two runs cannot tell from a change, and one sitting can: shown, and
	// held only to what was seen.
	{"autoregressive 0.5, cv 1 %, two sittings", apart(autoregressive(0.01)), 0.05},
	{"autoregressive 0.5, cv 3 %, two sittings", apart(autoregressive(0.03)), 0.25},
	{"bimodal, one in ten 20 % higher", independent(func(r *rand.Rand) float64 {
		if r.Float64() < 0.1 {
			return 1.2 * math.Exp(0.01*r.NormFloat64())
		}
		return math.Exp(0.01 * r.NormFloat64())
	}), 0.01},
	{"heavy tail (Student's t, 2 degrees)", independent(func(r *rand.Rand) float64 { return math.Exp(0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64())) }), 0.01},
	{"4 KiB steps, three values", independent(func(r *rand.Rand) float64 { return 1 + 0.02*math.Round(0.6*r.NormFloat64()) }), 0.01},
	{"all tied", independent(func(*rand.Rand) float64 { return 1 }), 0.01},
	{"drift of 4 % with steps, interleaved", interleaved(drifting), 0.01},
}

// sitting is one session: the figures of both sides, by metric and trial.
type sitting struct{ base, new map[string][]float64 }

// sit makes up a session in which metrics of the new side are multiplied by factors.
func sit(r *rand.Rand, draw noise, n int, factors map[string]float64) sitting {
	s := sitting{map[string][]float64{}, map[string][]float64{}}
	for _, name := range change.Family() {
		base, new := draw(r, n)
		for i := range base {
			base[i] *= truth[name]
			new[i] *= truth[name]
			if f, ok := factors[name]; ok {
				new[i] *= f
			}
		}
		s.base[name], s.new[name] = base, new
	}
	return s
}

// verdicts compares the first n trials of both sides, through files.
func (s sitting) verdicts(t *testing.T, dir string, n int, rules change.Rules) map[string]change.Verdict {
	t.Helper()
	base, new := filepath.Join(dir, "base"), filepath.Join(dir, "new")
	for dir, figures := range map[string]map[string][]float64{base: s.base, new: s.new} {
		if err := (madeUp{figures: figures, trials: n}).write(dir); err != nil {
			t.Fatal(err)
		}
	}
	c, err := compareRuns(base, new, rules)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]change.Verdict{}
	for _, x := range c.Changes {
		if x.Gated {
			found[x.Metric.Name] = x.Verdict
		}
	}
	if len(found) != len(change.Family()) {
		t.Fatalf("verdicts %v: %+v", found, c)
	}
	return found
}

// escalated adds rounds while any verdict is open, as ab does.
func (s sitting) escalated(t *testing.T, dir string) (found map[string]change.Verdict, rounds int) {
	t.Helper()
	for _, l := range looks {
		rounds = l.rounds
		found = s.verdicts(t, dir, l.rounds, change.Rules{Level: l.level})
		if !slices.Contains(slices.Collect(maps.Values(found)), change.Inconclusive) {
			break
		}
	}
	return found, rounds
}

// tally counts comparisons with a false alarm, and verdicts.
type tally struct{ comparisons, alarms, verdicts, inconclusive int }

func (y *tally) add(found map[string]change.Verdict) {
	alarm := false
	for _, v := range found {
		y.verdicts++
		if v == change.Inconclusive {
			y.inconclusive++
		}
		alarm = alarm || v == change.Improved || v == change.Regressed
	}
	if y.comparisons++; alarm {
		y.alarms++
	}
}

func (y tally) String() string {
	return fmt.Sprintf("%.2f %% of %d comparisons alarm, %.0f %% of verdicts are inconclusive",
		100*float64(y.alarms)/float64(y.comparisons), y.comparisons, 100*float64(y.inconclusive)/float64(y.verdicts))
}

// mostOf is the count that n draws of probability p exceed once in a thousand times.
func mostOf(n int, p float64) int {
	below, term := 0.0, math.Pow(1-p, float64(n))
	for k := 0; ; k++ {
		if below += term; below >= 0.999 {
			return k
		}
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
	}
}

func TestDetectorFalseAlarms(t *testing.T) { falseAlarms(t, 40) }
func TestDetectorPower(t *testing.T)       { power(t, 30) }

// TestSoakDetector is the long form.
func TestSoakDetector(t *testing.T) {
	if os.Getenv("ALLOCLAB_SOAK") == "" {
		t.Skip("takes minutes; set ALLOCLAB_SOAK=1 (make soak)")
	}
	t.Run("false alarms", func(t *testing.T) { falseAlarms(t, 2000) })
	t.Run("power", func(t *testing.T) { power(t, 1500) })
}

// falseAlarms holds what is called changed, where nothing did, below 1 in 100
// comparisons of the whole family.
func falseAlarms(t *testing.T, n int) {
	for i, shape := range nullShapes {
		t.Run(shape.name, func(t *testing.T) {
			t.Parallel()
			r, dir := rand.New(rand.NewPCG(uint64(i), 100)), t.TempDir()
			ten, thirty := tally{}, tally{}
			for range n {
				s := sit(r, shape.draw, 30, nil)
				ten.add(s.verdicts(t, dir, 10, change.Rules{}))
				found, _ := s.escalated(t, dir)
				thirty.add(found)
			}
			t.Logf("%s: 10 rounds: %s; up to 30: %s", shape.name, ten, thirty)
			if most := mostOf(n, shape.atMost); ten.alarms > most || thirty.alarms > most {
				t.Errorf("more than %g of all", shape.atMost)
			}
		})
	}
}

// power holds what is found of a change that is there.
func power(t *testing.T, n int) {
	for i, c := range []struct {
		cv, factor float64
		escalate   bool
		atLeast    float64 // of the sessions: regressed
		atMost     float64
	}{
		{0.01, 1.05, false, 0.95, 1},
		{0.03, 1.05, true, 0.90, 1},
		{0.01, 1.10, false, 0.99, 1},
		{0.03, 1.10, true, 0.99, 1},
		// A change below the time metrics' threshold is rarely called one, but above
		// memory's it is.
		{0.01, 1.02, false, 0, 0.05},
		{0.03, 1.02, true, 0, 0.20},
	} {
		t.Run(fmt.Sprintf("%+.0f %% at cv %.0f %%", 100*(c.factor-1), 100*c.cv), func(t *testing.T) {
			t.Parallel()
			r, dir := rand.New(rand.NewPCG(uint64(i), 200)), t.TempDir()
			found, rounds := map[change.Verdict]int{}, 0
			for range n {
				// Fewer operations, or slower: 1/factor of the speed.
				s := sit(r, lognormal(c.cv), 30, map[string]float64{results.MetricOpsPerCPUS: 1 / c.factor})
				var v map[string]change.Verdict
				took := 10
				if c.escalate {
					v, took = s.escalated(t, dir)
				} else {
					v = s.verdicts(t, dir, took, change.Rules{})
				}
				found[v[results.MetricOpsPerCPUS]]++
				rounds += took
			}
			t.Logf("%+.0f %% at cv %.0f %%: %d sessions, %.1f rounds each: %v", 100*(c.factor-1), 100*c.cv, n, float64(rounds)/float64(n), found)
			regressed := float64(found[change.Regressed]) / float64(n)
			slack := 3.1 * math.Sqrt(max(c.atLeast*(1-c.atLeast), c.atMost*(1-c.atMost))/float64(n)) // one in a thousand
			if regressed < c.atLeast-slack || regressed > c.atMost+slack || found[change.Improved] > 0 {
				t.Errorf("regressed in %.1f %%, want %.0f to %.0f %%, and never improved: %v", 100*regressed, 100*c.atLeast, 100*c.atMost, found)
			}
		})
	}
}
