package plan

import (
	"testing"

	"alloclab/results"
)

// Counts repeat: one round of them is planned, whatever the others take.
func TestOrderTakesOneRoundOfCounts(t *testing.T) {
	got := map[string]int{}
	for _, p := range Order([]results.Cell{{Name: "a"}, {Name: "b"}}, []string{"x", "y", "z"}, 10, []string{"time", "counts", "syscalls"}, 1) {
		got[p.Pass]++
		if p.Pass == results.PassCounts && p.Round != 1 {
			t.Errorf("%+v", p)
		}
	}
	if got["time"] != 60 || got["syscalls"] != 60 || got["counts"] != 6 {
		t.Errorf("%v", got)
	}
}
