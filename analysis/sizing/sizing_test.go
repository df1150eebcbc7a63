package sizing

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"alloclab/results"
)

const mib = 1 << 20

// made is a run over a backlog, of variants whose peak is overhead x live + 5 MiB.
func made(sizes []float64, overheads map[string]float64, noise float64) (results.Run, []results.Trial) {
	random := rand.New(rand.NewPCG(7, 8))
	var run results.Run
	var trials []results.Trial
	for _, label := range []string{"a", "b"} {
		if _, ok := overheads[label]; ok {
			run.Variants = append(run.Variants, results.Variant{Label: label, Allocator: label})
		}
	}
	for i, size := range sizes {
		name := "w/backlog=" + string(rune('0'+i))
		run.Cells = append(run.Cells, results.Cell{Name: name, Workload: "w", Params: []results.Param{
			{Name: "threads", Kind: "count", Value: 8.0}, {Name: "backlog", Kind: "bytes", Value: size * mib}}})
		for _, v := range run.Variants {
			for range 5 {
				live := size * mib
				trials = append(trials, results.Trial{Cell: name, Variant: v.Label, Pass: results.PassTime, Status: results.StatusOK,
					Marks: []results.Mark{{Name: results.MarkHold, Asked: int64(live)}, {Name: results.MarkFreed, T: 1}, {Name: results.MarkIdle, T: 9}},
					Metrics: map[string]float64{
						results.MetricRSSPeak: (overheads[v.Label]*live + 5*mib) * (1 + noise*random.NormFloat64()),
						results.MetricRSSIdle: .25*live + 5*mib, results.MetricRSSPurged: 5 * mib,
					}})
			}
		}
	}
	return run, trials
}

func TestAtFindsAKnownSlope(t *testing.T) {
	run, trials := made([]float64{64, 128, 512}, map[string]float64{"a": 1.3, "b": 1.1}, 0.01)
	// A fourth trial that does not count, and one of another pass, change nothing.
	bad := trials[0]
	bad.Status = results.StatusOOM
	bad.Metrics = map[string]float64{results.MetricRSSPeak: 1}
	other := bad
	other.Status, other.Pass = results.StatusOK, results.PassLatency
	all, err := At(run, append(trials, bad, other), 40<<30)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	s := all[0]
	if s.Axis != "backlog" || s.Title != "w  8 threads" || len(s.Measured) != 3 || s.Beyond != 80 || len(s.Estimates) != 2 || s.Estimates[0].Variant.Label != "b" {
		t.Fatalf("%+v", s)
	}
	for i, overhead := range []float64{1.1, 1.3} {
		e, want := s.Estimates[i], overhead*(40<<30)+5*mib
		if math.Abs(e.Peak.Value/want-1) > .02 || e.Peak.Low > want || e.Peak.High < want || math.Abs(e.PerByte/overhead-1) > .02 || e.Worst > .05 || e.Peak.N != 15 {
			t.Errorf("%+v, want %g", e, want)
		}
		if e.Idle == nil || math.Abs(e.Idle.Value/(.25*(40<<30)+5*mib)-1) > 1e-6 {
			t.Errorf("idle %+v", e.Idle)
		}
	}
	if all, err = At(run, trials, 200*mib); err != nil || all[0].Beyond != 1 {
		t.Errorf("within what was measured: %+v, %v", all, err)
	}
	run.Variants[0].Clock = results.Clock{Seconds: 10, Watch: 20}
	if all, err = At(run, trials, 200*mib); err != nil || all[0].Estimates[1].Idle != nil || all[0].Estimates[0].Idle == nil ||
		!strings.Contains(all[0].Estimates[1].Short, "too short to tell") || all[0].Estimates[0].Short != "" {
		t.Errorf("a clock of 20 s was watched for 8: %+v, %v", all, err)
	}
}

func TestAtRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		sizes []float64
		found int
	}{
		"two sizes":          {[]float64{64, 128}, 2},
		"three almost alike": {[]float64{100, 104, 108}, 1},
		"one cell":           {[]float64{64}, 1},
	} {
		run, trials := made(test.sizes, map[string]float64{"a": 1}, 0)
		_, err := At(run, trials, 1<<30)
		var missing *NoAxisError
		if !errors.As(err, &missing) || missing.Found != test.found || missing.Parameter != "backlog" || !strings.Contains(err.Error(), "give backlog three values") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Cells that differ in two parameters at once are no axis.
	run, trials := made([]float64{64, 128, 256}, map[string]float64{"a": 1}, 0)
	for i := range run.Cells {
		run.Cells[i].Params[0].Value = float64(i)
	}
	if all, err := At(run, trials, 1<<30); err == nil {
		t.Errorf("%+v", all)
	}
}
