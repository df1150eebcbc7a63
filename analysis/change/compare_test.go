package change

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

// made is a run of one cell and variant with the given figures, one a trial.
func made(name string, figures map[string][]float64) Set {
	s := Set{Name: name, Run: results.Run{
		Passes:   []string{results.PassTime, results.PassCounts},
		Variants: []results.Variant{{Label: "jemalloc", Allocator: "jemalloc"}},
		Cells:    []results.Cell{{Name: "work", Workload: "work", Params: []results.Param{{Name: "blocks", Value: 100.0}}}},
	}}
	for metric, values := range figures {
		m, _ := results.ByName(metric)
		for i, v := range values {
			s.Trials = append(s.Trials, results.Trial{
				Cell: "work", Variant: "jemalloc", Round: i + 1, Pass: m.Pass(), Status: results.StatusOK, Metrics: map[string]float64{metric: v},
			})
		}
	}
	return s
}

func noisy(seed uint64, n int, center, cv float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	s := make([]float64, n)
	for i := range s {
		s[i] = center * math.Exp(cv*r.NormFloat64())
	}
	return s
}

// one compares a single metric.
func one(t *testing.T, metric string, base, new []float64) Change {
	t.Helper()
	c, err := Compare(made("base", map[string][]float64{metric: base}), made("new", map[string][]float64{metric: new}), Rules{Metrics: []string{metric}})
	if err != nil || len(c.Changes) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	return c.Changes[0]
}

// Of a program the operations are not counted: that decides nothing, and is said once, with what to take instead.
func TestProgramHasNoOperations(t *testing.T) {
	program := func(name string, seed uint64) Set {
		s := made(name, map[string][]float64{"rss_mean": noisy(seed, 10, 1<<27, 0.002), "rss_idle": noisy(seed+1, 10, 1<<27, 0.002)})
		s.Run.Cells[0].Program = &results.Program{Command: []string{"work"}}
		return s
	}
	c, err := Compare(program("base", 1), program("new", 3), Rules{})
	if err != nil || len(c.Changes) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, change := range c.Changes {
		if change.Verdict != Unchanged {
			t.Errorf("%s: %s %q", change.Metric.Name, change.Verdict, change.Warnings)
		}
	}
	if notes := strings.Join(c.Warnings, "\n"); strings.Count(notes, "ops_per_cpu_s") != 1 || !strings.Contains(notes, "choose cpu_s") {
		t.Errorf("%q", c.Warnings)
	}
}

func TestVerdict(t *testing.T) {
	const mib = 1 << 20
	flat := func(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }
	for _, c := range []struct {
		name, metric string
		base, new    []float64
		want         Verdict
	}{
		{"more memory", "rss_idle", noisy(1, 10, 100*mib, 0.005), noisy(2, 10, 105*mib, 0.005), Regressed},
		{"less memory", "rss_idle", noisy(1, 10, 105*mib, 0.005), noisy(2, 10, 100*mib, 0.005), Improved},
		{"more speed", "ops_per_cpu_s", noisy(1, 10, 1e6, 0.005), noisy(2, 10, 1.05e6, 0.005), Improved},
		{"less speed", "ops_per_cpu_s", noisy(1, 10, 1.05e6, 0.005), noisy(2, 10, 1e6, 0.005), Regressed},
		{"the same", "rss_idle", noisy(1, 10, 100*mib, 0.005), noisy(2, 10, 100*mib, 0.005), Unchanged},
		{"certain and small", "rss_idle", flat(100*mib, 10), flat(101*mib, 10), Unchanged},
		{"large for its size, below the floor", "rss_idle", flat(2*mib, 10), flat(2*mib+200<<10, 10), Unchanged},
		{"large for its size, above the floor", "rss_idle", flat(2*mib, 10), flat(2*mib+300<<10, 10), Regressed},
		{"all tied", "rss_idle", flat(100*mib, 10), flat(100*mib, 10), Unchanged},
		{"noise", "rss_idle", noisy(1, 10, 100*mib, 0.1), noisy(2, 10, 100*mib, 0.1), Inconclusive},
		{"a change too small for the noise", "rss_idle", noisy(1, 10, 100*mib, 0.05), noisy(2, 10, 103*mib, 0.05), Inconclusive},
		{"too few, however far", "rss_idle", flat(100*mib, 4), flat(200*mib, 4), Inconclusive},
		{"too few, all the same", "rss_idle", flat(100*mib, 4), flat(100*mib, 4), Inconclusive},
		{"four against many, all the same", "rss_idle", flat(100*mib, 4), flat(100*mib, 60), Inconclusive},
		{"one", "rss_idle", flat(100*mib, 1), flat(100*mib, 1), Inconclusive},
		{"none", "rss_idle", flat(100*mib, 10), nil, Inconclusive},
		{"zero", "rss_idle", flat(0, 10), flat(0, 10), Inconclusive},
		{"from zero", "rss_idle", flat(0, 10), flat(100*mib, 10), Inconclusive},
		{"negative", "rss_idle", flat(-1, 10), flat(-1, 10), Inconclusive},
		{"NaN", "rss_idle", flat(100*mib, 10), append(flat(100*mib, 9), math.NaN()), Inconclusive},
		{"infinite", "rss_idle", flat(100*mib, 10), append(flat(100*mib, 9), math.Inf(1)), Inconclusive},
		{"one more instruction of 100", "instructions_per_op", flat(100, 1), flat(101, 1), Regressed},
		{"one fewer", "instructions_per_op", flat(101, 1), flat(100, 1), Improved},
		{"within half a per cent", "instructions_per_op", flat(1000, 1), flat(1004, 1), Unchanged},
		{"does not repeat", "instructions_per_op", []float64{1000, 1100}, flat(1000, 2), Inconclusive},
		{"a call where there was none", "memory_calls_per_op", flat(0, 1), flat(0.01, 1), Regressed},
		{"no calls on either side", "memory_calls_per_op", flat(0, 1), flat(0, 1), Unchanged},
	} {
		x := one(t, c.metric, c.base, c.new)
		if x.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %+v", c.name, x.Verdict, c.want, x)
		}
	}
	if x := one(t, "rss_idle", flat(100*mib, 3), flat(100*mib, 3)); x.Rounds != 5 || !math.IsNaN(x.Detectable) || !math.IsNaN(x.Low) {
		t.Errorf("three trials: %d rounds, detectable %g, interval from %g", x.Rounds, x.Detectable, x.Low)
	}
}

// TestVerdictSymmetry: swapped sides flip the verdict, another unit changes nothing, and
// nor does time run backwards: of two runs it counts which trials follow each other.
func TestVerdictSymmetry(t *testing.T) {
	flip := map[Verdict]Verdict{Improved: Regressed, Regressed: Improved, Unchanged: Unchanged, Inconclusive: Inconclusive}
	seen := map[Verdict]int{}
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 10))
		n, m := 5+r.IntN(12), 5+r.IntN(12)
		center, cv, factor := 1e6*math.Exp(6*r.Float64()), 0.03*r.Float64(), math.Exp(0.16*(r.Float64()-0.5))
		base, new := noisy(2*seed, n, center, cv), noisy(2*seed+1, m, center*factor, cv)
		for i := range base {
			base[i] = 4096 * math.Round(base[i]/4096) // pages: ties
		}
		for _, metric := range []string{"rss_mean", "ops_per_s"} {
			there, back := one(t, metric, base, new), one(t, metric, new, base)
			seen[there.Verdict]++
			if back.Verdict != flip[there.Verdict] || math.Abs(there.P-back.P) > 1e-12 || math.Abs(there.Ratio*back.Ratio-1) > 1e-9 ||
				math.Abs(there.Low*back.High-1) > 1e-9 || math.Abs(there.Detectable-back.Detectable) > 1e-9 {
				t.Fatalf("seed %d %s: %+v\nand back %+v", seed, metric, there, back)
			}
		}
		there := one(t, "ops_per_s", base, new) // no floor: a pure ratio
		scale := func(values []float64) []float64 {
			scaled := slices.Clone(values)
			for i := range scaled {
				scaled[i] /= 1 << 20
			}
			slices.Reverse(scaled)
			return scaled
		}
		again := one(t, "ops_per_s", scale(base), scale(new))
		if again.Verdict != there.Verdict || math.Abs(again.P-there.P) > 1e-9 || math.Abs(again.Low-there.Low) > 1e-9 {
			t.Fatalf("seed %d, scaled and reversed: %+v\nwas %+v", seed, again, there)
		}
	}
	for _, v := range []Verdict{Improved, Regressed, Unchanged, Inconclusive} {
		if seen[v] < 5 {
			t.Errorf("%s was seen %d times of %v: the test shows little", v, seen[v], seen)
		}
	}
}

// TestTwoRuns: what is plain between two variants of one run may be the machine's between
// two runs. That has no verdict, and says what would give one.
func TestTwoRuns(t *testing.T) {
	base := []float64{100, 101, 102, 103, 102, 101, 100, 99, 98, 99}
	new := slices.Clone(base)
	for i := range new {
		new[i] *= 0.955
	}
	const metric = "ops_per_cpu_s"
	one := made("run", map[string][]float64{metric: base})
	for _, trial := range made("", map[string][]float64{metric: new}).Trials {
		trial.Variant = "beside"
		one.Trials = append(one.Trials, trial)
	}
	one.Run.Variants = append(one.Run.Variants, results.Variant{Label: "beside"})
	rules := Rules{Metrics: []string{metric}, Level: 0.01 / 3}
	within, err := ByVariant(one, "jemalloc", rules)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Compare(made("base", map[string][]float64{metric: base}), made("new", map[string][]float64{metric: new}), rules)
	if err != nil {
		t.Fatal(err)
	}
	a, b := within.Changes[0], two.Changes[0]
	if a.Verdict != Regressed || len(a.Warnings) > 0 {
		t.Errorf("one run: %+v", a)
	}
	if text := strings.Join(b.Warnings, "\n"); b.Verdict != Inconclusive || !strings.Contains(text, "rounds a run, or alloclab ab, would tell") {
		t.Errorf("two runs: %+v", b)
	}
	if !(b.P > a.P) || b.Detectable < 1.5*a.Detectable || a.Ratio != b.Ratio || a.Low != b.Low {
		t.Errorf("one run: %+v\ntwo: %+v", a, b)
	}
}

// TestAccounts: below a metric that moved, and only there, the ledger says of what.
func TestAccounts(t *testing.T) {
	with := func(name string, seed uint64, pinned int64) Set {
		s := made(name, map[string][]float64{"rss_idle": noisy(seed, 10, float64(20<<20+pinned), 0.002)})
		for i := range s.Trials {
			s.Trials[i].Marks = []results.Mark{{Name: results.MarkIdle, Ledger: &results.Ledger{Live: 8 << 20, Pinned: pinned + int64(i)<<10, Empty: 5 << 20}}}
		}
		return s
	}
	c, err := Compare(with("base", 1, 4<<20), with("new", 2, 6<<20), Rules{Metrics: []string{"rss_idle"}})
	if err != nil || c.Changes[0].Verdict != Regressed {
		t.Fatalf("%+v, %v", c, err)
	}
	moved := map[string]bool{}
	for _, a := range c.Changes[0].Accounts {
		moved[a.Name] = a.Moved
	}
	if len(moved) != 5 || !moved["idle.pinned"] || moved["idle.live"] || moved["idle.empty"] {
		t.Errorf("moved: %v", moved)
	}
	if c, err = Compare(with("base", 1, 4<<20), with("new", 2, 4<<20), Rules{Metrics: []string{"rss_idle"}}); err != nil || len(c.Changes[0].Accounts) > 0 {
		t.Errorf("accounts of what did not move: %+v, %v", c.Changes[0], err)
	}
}

func TestComparable(t *testing.T) {
	figures := map[string][]float64{"rss_idle": noisy(1, 10, 1<<27, 0.005), "ops_per_cpu_s": noisy(1, 10, 1e6, 0.005)}
	rules := Rules{Metrics: []string{"rss_idle", "ops_per_cpu_s"}}
	base := made("base", figures)
	base.Run.Fingerprint = results.Fingerprint{
		Memory: results.Fields{"thp": "madvise", "allocator jemalloc": "5.3.0 a"}, Time: results.Fields{"governor": "performance"},
		Counts: results.Fields{"binary jemalloc": "a"},
	}
	for _, c := range []struct {
		name     string
		change   func(*Set)
		compared []string // metrics
		refused  string
		differs  string
		warns    string
	}{
		{"nothing", func(*Set) {}, []string{"ops_per_cpu_s", "rss_idle"}, "", "", ""},
		{"governor", func(s *Set) { s.Run.Fingerprint.Time = results.Fields{"governor": "powersave"} }, []string{"rss_idle"}, "governor is performance in the base and powersave in the new", "", ""},
		{"memory is of time too", func(s *Set) {
			s.Run.Fingerprint.Memory = results.Fields{"thp": "always", "allocator jemalloc": "5.3.0 a"}
		}, nil, "thp is madvise in the base and always in the new", "", ""},
		{"a fact is missing", func(s *Set) { s.Run.Fingerprint.Time = nil }, []string{"rss_idle"}, "governor is performance in the base and not recorded in the new", "", ""},
		{"another build", func(s *Set) {
			s.Run.Fingerprint.Memory = results.Fields{"thp": "madvise", "allocator jemalloc": "5.3.1 b"}
		}, []string{"ops_per_cpu_s", "rss_idle"}, "", "jemalloc is another build of its allocator: 5.3.0 a, then 5.3.1 b", ""},
		{"another program", func(s *Set) { s.Run.Fingerprint.Counts = results.Fields{"binary jemalloc": "b"} }, []string{"ops_per_cpu_s", "rss_idle"}, "", "the measured programs are other builds: jemalloc", ""},
		{"knobs", func(s *Set) { s.Run.Variants[0].Knobs = map[string]any{"narenas": 2.0} }, []string{"ops_per_cpu_s", "rss_idle"}, "", "then jemalloc with [narenas:2]", ""},
		{"a parameter", func(s *Set) { s.Run.Cells[0].Params = []results.Param{{Name: "blocks", Value: 105.0}} }, nil, "parameter blocks is 100 in the base and 105 in the new", "", ""},
		{"a new parameter at its default", func(s *Set) {
			s.Run.Cells[0].Params = append(slices.Clone(s.Run.Cells[0].Params), results.Param{Name: "order", Value: "fifo", Default: true})
		}, []string{"ops_per_cpu_s", "rss_idle"}, "", "", ""},
		{"a new parameter, set", func(s *Set) {
			s.Run.Cells[0].Params = append(slices.Clone(s.Run.Cells[0].Params), results.Param{Name: "order", Value: "lifo"})
		}, nil, "parameter order is not recorded in the base and lifo in the new", "", ""},
		{"another cell", func(s *Set) { s.Run.Cells[0].Name = "rest" }, nil, "", "", "work is in base only"},
		{"another variant", func(s *Set) { s.Run.Variants[0].Label = "tcmalloc" }, nil, "", "", "variant jemalloc is in base only"},
		{"two machines in one run", func(s *Set) {
			for i := range s.Trials {
				s.Trials[i].Machine.Time = []string{"x", "y"}[i%2]
			}
		}, []string{"rss_idle"}, "are of several machines or builds, which differ in what time depends on", "", ""},
	} {
		new := made("new", figures)
		new.Run.Fingerprint = base.Run.Fingerprint
		c.change(&new)
		got, err := Compare(base, new, rules)
		if err != nil {
			t.Fatal(err)
		}
		var compared, refused []string
		for _, x := range got.Changes {
			compared = append(compared, x.Metric.Name)
		}
		for _, r := range got.Refused {
			if refused = append(refused, r.Text); !r.Gated && r.Scope != results.ScopeCounts {
				t.Errorf("%s: a refusal of the family does not say so: %+v", c.name, r)
			}
		}
		slices.Sort(compared)
		if !slices.Equal(compared, c.compared) || got.Compared() != (len(c.compared) > 0) {
			t.Errorf("%s: compared %v, want %v", c.name, compared, c.compared)
		}
		for _, holds := range []struct {
			what, want string
			list       []string
		}{{"refused", c.refused, refused}, {"differs", c.differs, got.Differs}, {"warnings", c.warns, got.Warnings}} {
			if text := strings.Join(holds.list, "\n"); holds.want == "" && text != "" || !strings.Contains(text, holds.want) {
				t.Errorf("%s: %s %q, want %q", c.name, holds.what, text, holds.want)
			}
		}
	}
	new := made("new", figures)
	if got, err := Compare(base, new, Rules{Ignore: []string{"thp", "governor"}}); err != nil || len(got.Refused) > 0 {
		t.Errorf("ignored fields: %+v, %v", got.Refused, err)
	}
	for _, bad := range []Rules{{Metrics: []string{}}, {Metrics: []string{"rss_men"}}, {Metrics: []string{"arenas"}}} {
		if _, err := Compare(base, new, bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// TestByVariant: variants of one run, an exact count that differs, and a variant that failed.
func TestByVariant(t *testing.T) {
	s := made("run", map[string][]float64{"rss_idle": noisy(1, 10, 1<<27, 0.005), "arenas": {3, 3, 3}})
	s.Run.Variants = append(s.Run.Variants, results.Variant{Label: "tuned"}, results.Variant{Label: "broken"})
	for _, t := range slices.Clone(s.Trials) {
		tuned, broken := t, t
		tuned.Variant, broken.Variant, broken.Status = "tuned", "broken", results.StatusSignal
		tuned.Metrics = map[string]float64{}
		for name, v := range t.Metrics {
			tuned.Metrics[name] = v * 1.2
		}
		s.Trials = append(s.Trials, tuned, broken)
	}
	c, err := ByVariant(s, "jemalloc", Rules{Metrics: []string{"rss_idle"}})
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]Verdict{}
	for _, x := range c.Changes {
		if x.Gated {
			verdicts[x.Variant] = x.Verdict
		}
	}
	if verdicts["tuned"] != Regressed || verdicts["broken"] != Inconclusive || c.Family != 1 || c.Failed != 13 {
		t.Errorf("%v, family %d, failed %d", verdicts, c.Family, c.Failed)
	}
	if text := strings.Join(c.Warnings, "\n"); !strings.Contains(text, "work tuned: arenas is 3.00 on one side and 3.60 on the other: the work itself has changed") {
		t.Errorf("warnings %q", text)
	}
	if _, err := ByVariant(s, "nobody", Rules{}); err == nil {
		t.Error("a base that is not there was accepted")
	}
}

func TestRoundsFor(t *testing.T) {
	cells := func(m results.Metric) int {
		return map[string]int{results.PassTime: 2, results.PassCounts: 1}[m.Pass()]
	}
	for _, c := range []struct {
		metrics        []string
		rounds, family int
	}{
		{nil, 8, 24}, {[]string{"rss_idle"}, 7, 8}, {[]string{"instructions_per_op"}, 1, 0}, {[]string{"rss_idle", "instructions_per_op"}, 7, 8},
	} {
		rounds, family, err := RoundsFor(Rules{Metrics: c.metrics}, cells, 4)
		if err != nil || rounds != c.rounds || family != c.family {
			t.Errorf("%v: %d rounds for %d tests, want %d for %d, %v", c.metrics, rounds, family, c.rounds, c.family, err)
		}
	}
}

// TestCountThatDoesNotRepeat: what came out otherwise when the same trial counted
// the same work again proves no change, however large the difference.
func TestCountThatDoesNotRepeat(t *testing.T) {
	const metric = results.MetricInstructions
	for again, want := range map[float64]Verdict{110.05: Regressed, 118: Inconclusive} {
		base, new := made("base", map[string][]float64{metric: {100}}), made("new", map[string][]float64{metric: {110}})
		base.Trials[0].Again = map[string]float64{metric: 100}
		new.Trials[0].Again = map[string]float64{metric: again}
		c, err := Compare(base, new, Rules{Metrics: []string{metric}})
		if err != nil || c.Changes[0].Verdict != want {
			t.Errorf("counted again as %g: %+v, %v", again, c.Changes, err)
		}
		if warned := len(c.Changes[0].Warnings) > 0; warned != (want == Inconclusive) {
			t.Errorf("counted again as %g: warnings %q", again, c.Changes[0].Warnings)
		}
	}
}
