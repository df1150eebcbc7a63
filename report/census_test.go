package report

import (
	"strings"
	"testing"

	"alloclab/results"
)

func TestCensus(t *testing.T) {
	mark := func(name string, live, empty int64) results.Mark {
		l := results.Ledger{Lab: 1 << 20, Other: 2 << 20, Live: live, Pinned: 1 << 20, Empty: empty, Unmanaged: 4 << 20, LiveIsUsable: true}
		return results.Mark{
			Name: name, RSS: l.Total(), Ledger: &l, Usable: live, Blocks: 3,
			Classes: []results.SizeClass{{Usable: live / 2, Blocks: 1, Bytes: live / 2}, {Usable: live / 8, Blocks: 2, Bytes: live / 4}},
			Kinds:   []results.BlockKind{{Usable: live / 2, First: "68656c6c6f1b5b33", Blocks: 1, Bytes: live / 2}},
		}
	}
	run := results.Run{Variants: []results.Variant{{Label: "a", Allocator: "a"}, {Label: "b", Allocator: "b"}}, Cells: []results.Cell{{Name: "p", Workload: "p"}}}
	trial := func(variant, pass string, round int, status results.Status) results.Trial {
		return results.Trial{Cell: "p", Workload: "p", Variant: variant, Pass: pass, Round: round, Status: status,
			Marks: []results.Mark{mark(results.MarkBaseline, 8, 0), mark(results.MarkFreed, 64<<20, 100<<20)}}
	}
	trials := []results.Trial{
		trial("a", results.PassTime, 1, results.StatusOK), trial("b", results.PassCensus, 1, results.StatusTimeout),
		trial("a", results.PassCensus, 1, results.StatusOK),
	}
	var out strings.Builder
	if err := Census(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"p · census pass", "a         freed      171 MiB   64 MiB", "32 MiB      50 %", "all others", "25 %", "68656c6c6f1b5b33", "hello.[3", "! b: its census ended with timeout"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\nb ") {
		t.Errorf("a trial that failed is shown:\n%s", out.String())
	}
	out.Reset()
	if err := Census(&out, run, trials[:2]); err != nil || out.Len() != 0 {
		t.Errorf("without a census it says %q, %v", out.String(), err)
	}
}
