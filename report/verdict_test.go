package report

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"alloclab/analysis/cause"
	"alloclab/results"
)

func TestVerdict(t *testing.T) {
	trial := func(cell, variant string, empty int64) results.Trial {
		l := results.Ledger{Other: 1 << 20, Live: 8 << 20, Empty: empty}
		return results.Trial{
			Cell: cell, Workload: cell, Variant: variant, Allocator: variant, Pass: results.PassTime, Status: results.StatusOK,
			Metrics: map[string]float64{results.MetricRSSIdle: float64(l.Total())},
			Marks:   []results.Mark{{Name: results.MarkIdle, RSS: l.Total(), Asked: l.Live, Ledger: &l}},
		}
	}
	run := results.Run{
		Variants: []results.Variant{{Label: "a", Allocator: "a"}, {Label: "b", Allocator: "b"}},
		Cells:    []results.Cell{{Name: "small", Workload: "small"}, {Name: "large", Workload: "large"}},
	}
	trials := []results.Trial{trial("small", "a", 1<<20), trial("large", "a", 500<<20), trial("large", "b", 0), trial("small", "b", 2<<20)}
	var out strings.Builder
	if err := Verdict(&out, run, trials, cause.Options{}); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if !strings.Contains(got, "of large") || strings.Contains(got, "of small") {
		t.Errorf("the verdict is not of the cell in which most is kept:\n%s", got)
	}
	if !strings.Contains(got, "- a keeps 509 MiB; 8.0 MiB are in use. Cause: retention, not fragmentation.") || !strings.Contains(got, `Set: take "b", which held 9.0 MiB.`) {
		t.Errorf("it does not say what a holds:\n%s", got)
	}
	for line := range strings.Lines(got) {
		if n := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); n > 116 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
	out.Reset()
	if err := Verdict(&out, run, nil, cause.Options{}); err != nil || out.Len() != 0 {
		t.Errorf("without trials it says %q, %v", out.String(), err)
	}
}
