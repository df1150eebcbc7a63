package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
)

// tracedRun is a run of passes syscalls and counts: two variants, of which one failed to be counted.
func tracedRun() (results.Run, []results.Trial) {
	run := results.Run{
		Experiment: results.Experiment{Name: "x"}, Rounds: 2, Passes: []string{"syscalls", "counts"},
		Variants: []results.Variant{{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"}, {Label: "pages", Allocator: "pages"}},
		Cells:    []results.Cell{{Name: "threads4k", Workload: "threads4k", Silent: true}},
	}
	calls := func(hold, freed []results.SyscallCount) *results.Syscalls {
		return &results.Syscalls{Tracer: "strace 6.1", Operations: 1000, Phases: []results.SyscallPhase{
			{Phase: results.PhaseStart, Calls: []results.SyscallCount{{Call: "mmap", How: "PROT_READ file", Count: 19, Bytes: 5}}},
			{Phase: results.MarkHold, End: 1, Calls: hold}, {Phase: results.MarkFreed, End: 2, Calls: freed}, {Phase: results.PhaseEnd, End: 2},
		}}
	}
	trial := func(variant, pass string, round int, status results.Status, s *results.Syscalls) results.Trial {
		t := results.Trial{Cell: "threads4k", Variant: variant, Allocator: variant, Pass: pass, Round: round, Status: status, Syscalls: s, Metrics: map[string]float64{}}
		if pass == results.PassCounts && s != nil {
			t.Instructions = &results.Instructions{Tracer: "valgrind-3.19.0 callgrind", Operations: 1000}
			t.Metrics[results.MetricInstructions], t.Metrics[results.MetricMemoryCalls] = 912.4563, 0.005
			t.Again = map[string]float64{results.MetricInstructions: 912.5, results.MetricMemoryCalls: 0.0123}
		}
		return t
	}
	mine := calls([]results.SyscallCount{{Call: "brk", How: "grow", Count: 3, Bytes: 3 << 20}, {Call: "mmap", How: "PROT_NONE", Count: 2, Errors: 1, Bytes: 64 << 20}}, nil)
	return run, []results.Trial{
		trial("ptmalloc", results.PassSyscalls, 2, results.StatusOK, calls([]results.SyscallCount{{Call: "brk", How: "grow", Count: 99, Bytes: 1}}, nil)),
		trial("ptmalloc", results.PassSyscalls, 1, results.StatusOK, mine),
		trial("pages", results.PassSyscalls, 1, results.StatusOK, calls(nil, nil)),
		trial("ptmalloc", results.PassCounts, 1, results.StatusOK, mine),
		trial("pages", results.PassCounts, 1, results.StatusExit, nil),
	}
}

// golden compares with a file, which -update writes anew.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +now; -update if it is right):\n%s", name, diff)
	}
}

func TestSyscallsTable(t *testing.T) {
	run, trials := tracedRun()
	var out strings.Builder
	if err := Syscalls(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	golden(t, "syscalls", out.String())
}

func TestCountsTable(t *testing.T) {
	run, trials := tracedRun()
	var out strings.Builder
	if err := Counts(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	golden(t, "counts", out.String())
}

// Figures of one pass never enter another's table.
func TestPassesAreNotMixed(t *testing.T) {
	run, trials := tracedRun()
	var out strings.Builder
	if err := Table(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "Failed: 1.\n" {
		t.Errorf("traced trials are in the table of the time pass:\n%s", got)
	}
	for i := range trials {
		trials[i].Pass = results.PassTime
	}
	out.Reset()
	if Syscalls(&out, run, trials) != nil || Counts(&out, run, trials) != nil || out.Len() > 0 {
		t.Errorf("trials of the time pass are in tables of others:\n%s", out.String())
	}
}
