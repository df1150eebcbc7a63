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
// of the base and those of the new, n each. Both sides come from one stretch of
// time, interleaved, or from two.
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

// nullShapes are the noises under which nothing changed, and how the trials of both
// sides may be put together under them: what drifts over minutes is for one sitting.
var nullShapes = []struct {
	name     string
	draw     noise
	one, two bool // one run with two variants; two runs
}{
	{"lognormal, cv 1 %", lognormal(0.01), true, true},
	{"lognormal, cv 3 %", lognormal(0.03), true, true},
	{"lognormal, cv 10 %", lognormal(0.10), true, true},
	{"autoregressive 0.5, cv 1 %, interleaved", interleaved(autoregressive(0.01)), true, false},
	{"autoregressive 0.5, cv 3 %, interleaved", interleaved(autoregressive(0.03)), true, false},
	{"autoregressive 0.5, cv 1 %", apart(autoregressive(0.01)), false, true},
	{"autoregressive 0.5, cv 3 %", apart(autoregressive(0.03)), false, true},
	{"bimodal, one in ten 20 % higher", independent(func(r *rand.Rand) float64 {
		if r.Float64() < 0.1 {
			return 1.2 * math.Exp(0.01*r.NormFloat64())
		}
		return math.Exp(0.01 * r.NormFloat64())
	}), true, true},
	{"heavy tail (Student's t, 2 degrees)", independent(func(r *rand.Rand) float64 { return math.Exp(0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64())) }), true, true},
	{"4 KiB steps, three values", independent(func(r *rand.Rand) float64 { return 1 + 0.02*math.Round(0.6*r.NormFloat64()) }), true, true},
	{"4 KiB steps, autoregressive 0.5", apart(func(r *rand.Rand, n int) []float64 {
		s := autoregressive(1)(r, n)
		for i := range s {
			s[i] = 1 + 0.02*math.Round(0.6*math.Log(s[i]))
		}
		return s
	}), false, true},
	{"all tied", independent(func(*rand.Rand) float64 { return 1 }), true, true},
	{"drift of 4 % with steps, interleaved", interleaved(drifting), true, false},
}

// falseAlarmRate is what no shape may exceed, as a share of comparisons.
const falseAlarmRate = 0.01

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

// verdicts compares the first n trials of both sides, through files: of two runs,
// or of two variants of one.
func (s sitting) verdicts(t *testing.T, dir string, two bool, n int, rules change.Rules) map[string]change.Verdict {
	t.Helper()
	base, new := filepath.Join(dir, "base"), filepath.Join(dir, "new")
	runs := map[string]madeUp{base: {figures: s.base, beside: s.new, trials: n}}
	if two {
		runs = map[string]madeUp{base: {figures: s.base, trials: n}, new: {figures: s.new, trials: n}}
	}
	for dir, run := range runs {
		if err := run.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	var c change.Comparison
	var err error
	if two {
		c, err = compareRuns(base, new, rules)
	} else {
		c, err = compareVariants(base, "ptmalloc", rules)
	}
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
func (s sitting) escalated(t *testing.T, dir string, two bool) (found map[string]change.Verdict, rounds int) {
	t.Helper()
	for _, l := range looks {
		rounds = l.rounds
		found = s.verdicts(t, dir, two, l.rounds, change.Rules{Level: l.level})
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

func TestDetectorFalseAlarms(t *testing.T) { falseAlarms(t, 20) }
func TestDetectorPower(t *testing.T)       { power(t, 16) }

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
		for _, two := range []bool{false, true} {
			if two && !shape.two || !two && !shape.one {
				continue
			}
			t.Run(shape.name+", "+runs(two), func(t *testing.T) {
				t.Parallel()
				r, dir := rand.New(rand.NewPCG(uint64(i), 100)), t.TempDir()
				ten, thirty := tally{}, tally{}
				for range n {
					s := sit(r, shape.draw, 30, nil)
					ten.add(s.verdicts(t, dir, two, 10, change.Rules{}))
					found, _ := s.escalated(t, dir, two)
					thirty.add(found)
				}
				t.Logf("%s, %s: 10 rounds: %s; up to 30: %s", shape.name, runs(two), ten, thirty)
				if most := mostOf(n, falseAlarmRate); ten.alarms > most || thirty.alarms > most {
					t.Errorf("more than %g of all", falseAlarmRate)
				}
			})
		}
	}
}

func runs(two bool) string {
	if two {
		return "two runs"
	}
	return "one run"
}

// power holds what is found of a change that is there.
func power(t *testing.T, n int) {
	for i, c := range []struct {
		cv, factor float64
		two        bool
		rounds     int     // 0: added up to 30
		atLeast    float64 // of the sessions: regressed
		atMost     float64
	}{
		{0.01, 1.05, false, 10, 0.95, 1},
		{0.01, 1.05, true, 10, 0.95, 1},
		{0.03, 1.05, false, 0, 0.90, 1},
		{0.03, 1.05, true, 0, 0.90, 1},
		{0.03, 1.05, true, 30, 0.90, 1},
		{0.01, 1.10, false, 10, 0.99, 1},
		{0.01, 1.10, true, 10, 0.99, 1},
		{0.03, 1.10, false, 0, 0.99, 1},
		{0.03, 1.10, true, 0, 0.99, 1},
		// What two short runs lack where trials scatter by 3 %.
		{0.03, 1.05, true, 20, 0.40, 1},
		{0.03, 1.10, true, 10, 0.50, 1},
		{0.03, 1.10, true, 20, 0.99, 1},
		// A change below the time metrics' threshold is rarely called one, but above
		// memory's it is.
		{0.01, 1.02, false, 10, 0, 0.05},
		{0.01, 1.02, true, 10, 0, 0.05},
		{0.03, 1.02, false, 0, 0, 0.20},
		{0.03, 1.02, true, 0, 0, 0.20},
	} {
		of := fmt.Sprintf("%d rounds", c.rounds)
		if c.rounds == 0 {
			of = "up to 30 rounds"
		}
		name := fmt.Sprintf("%+.0f %% at cv %.0f %%, %s of %s", 100*(c.factor-1), 100*c.cv, runs(c.two), of)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, dir := rand.New(rand.NewPCG(uint64(i), 200)), t.TempDir()
			found, rounds := map[change.Verdict]int{}, 0
			for range n {
				// Fewer operations, or slower: 1/factor of the speed.
				s := sit(r, lognormal(c.cv), 30, map[string]float64{results.MetricOpsPerCPUS: 1 / c.factor})
				var v map[string]change.Verdict
				took := c.rounds
				if took == 0 {
					v, took = s.escalated(t, dir, c.two)
				} else {
					v = s.verdicts(t, dir, c.two, took, change.Rules{})
				}
				found[v[results.MetricOpsPerCPUS]]++
				rounds += took
			}
			t.Logf("%s: %d sessions, %.1f rounds each: %v", name, n, float64(rounds)/float64(n), found)
			regressed := float64(found[change.Regressed]) / float64(n)
			slack := 3.1 * math.Sqrt(max(c.atLeast*(1-c.atLeast), c.atMost*(1-c.atMost))/float64(n)) // one in a thousand
			if regressed < c.atLeast-slack || regressed > c.atMost+slack || found[change.Improved] > 0 {
				t.Errorf("regressed in %.1f %%, want %.0f to %.0f %%, and never improved: %v", 100*regressed, 100*c.atLeast, 100*c.atMost, found)
			}
		})
	}
}
