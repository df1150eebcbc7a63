package cause

import (
	"strings"
	"testing"

	"alloclab/results"
)

// programRun is one trial of a program in pass census, which keeps what it freed; what is given back at the purge is its choice.
func programRun(watched bool, ready int, returned int64) (results.Run, []results.Trial) {
	const mib = 1 << 20
	mark := func(name string, at float64, live, empty int64, claims results.Claims) results.Mark {
		l := &results.Ledger{Lab: 5 * mib, Other: 10 * mib, Live: live, Empty: empty, LiveIsUsable: true}
		return results.Mark{Name: name, T: at, RSS: l.Total(), Ledger: l, Claims: claims, Blocks: 10, Asked: live, Usable: live}
	}
	kept := results.Claims{results.ClaimBins: 40 * mib, results.ClaimUnexplained: 0}
	marks := []results.Mark{mark(results.MarkBaseline, 0, mib, 0, nil), mark(results.MarkFreed, 1, 2*mib, 40*mib, kept)}
	if watched {
		marks = append(marks, mark(results.MarkIdle, 2, 2*mib, 40*mib, kept))
	}
	purged := mark(results.MarkPurged, 3, 2*mib, 40*mib-returned, nil)
	purged.PurgeSeconds = 0.01
	marks = append(marks, purged)
	run := results.Run{
		Passes: []string{results.PassTime, results.PassCensus}, Variants: []results.Variant{{Label: "glibc", Allocator: "ptmalloc"}},
		Cells: []results.Cell{{Name: "server", Workload: "server", Program: &results.Program{Command: []string{"server"}, ReadyPort: ready}}},
	}
	return run, []results.Trial{
		{Trial: 1, Cell: "server", Variant: "glibc", Pass: results.PassTime, Status: results.StatusOK, Metrics: map[string]float64{results.MetricRSSIdle: 52 * mib}},
		{Trial: 2, Cell: "server", Variant: "glibc", Pass: results.PassCensus, Status: results.StatusOK, Marks: marks, Metrics: map[string]float64{},
			Proof: results.Proof{Dialect: "ptmalloc"}},
	}
}

// TestProgram: of a program its census pass tells, also where it was not watched after its work; what the purge returned
// is in the marks of that pass; and nobody says that its pointers are lost.
func TestProgram(t *testing.T) {
	for _, watched := range []bool{true, false} {
		run, trials := programRun(watched, 80, 39<<20)
		cells := Findings(run, trials, Options{})
		if len(cells) != 1 || cells[0].Pass != results.PassCensus || len(cells[0].Findings) != 1 {
			t.Fatalf("watched %v: %+v", watched, cells)
		}
		f := cells[0].Findings[0]
		if f.Word != string(Retention) || f.Remedy == nil || !strings.HasPrefix(f.Remedy.Text, "change the program to call malloc_trim(0)") {
			t.Errorf("watched %v: %s, %+v", watched, f.Word, f.Remedy)
		}
		for _, want := range []string{"keeps 52 MiB; 11 MiB were there when it was ready, and 1.0 MiB more are in use since", "malloc_trim(0) returned 39 MiB in 10 ms", "40 MiB lie below the highest block in use"} {
			if !strings.Contains(f.Text, want) {
				t.Errorf("watched %v: %q is not in %s", watched, want, f.Text)
			}
		}
		for _, never := range []string{"leak", "dropped", "pointer"} {
			if strings.Contains(f.Text, never) {
				t.Errorf("watched %v: %q in %s", watched, never, f.Text)
			}
		}
	}
	run, trials := programRun(true, 0, 0)
	f := Findings(run, trials, Options{})[0].Findings[0]
	if !strings.Contains(f.Text, "were there when it started") || !strings.Contains(f.Text, "malloc_trim(0) returned nothing") || f.Remedy != nil {
		t.Errorf("%s, %+v", f.Text, f.Remedy)
	}
}
