package runner

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
	"alloclab/runner/plan"
)

func TestMeasured(t *testing.T) {
	got := measured([]results.Trial{
		{Trial: 1, Status: results.StatusOK}, {Trial: 2, Status: results.StatusInterrupted},
		{Trial: 3, Status: results.StatusSignal}, {Trial: 4, Status: results.StatusSkipped},
	})
	if d := cmp.Diff(map[int]bool{1: true, 3: true}, got); d != "" {
		t.Error(d)
	}
}

func TestDropHalfRounds(t *testing.T) {
	order := []plan.Trial{
		{Trial: 1, Cell: "a", Round: 1, Pass: "time"}, {Trial: 2, Cell: "a", Round: 1, Pass: "time"},
		{Trial: 3, Cell: "b", Round: 1, Pass: "time"}, {Trial: 4, Cell: "b", Round: 1, Pass: "time"},
		{Trial: 5, Cell: "a", Round: 2, Pass: "time"}, {Trial: 6, Cell: "a", Round: 2, Pass: "time"},
		{Trial: 7, Cell: "a", Round: 1, Pass: "latency"}, {Trial: 8, Cell: "a", Round: 1, Pass: "latency"},
	}
	done := map[int]bool{1: true, 2: true, 3: true, 6: true}
	if n := dropHalfRounds(order, done); n != 2 {
		t.Errorf("%d trials dropped, want 2", n)
	}
	if got := slices.Sorted(maps.Keys(done)); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("left are %v, want the whole round 1 and 2", got)
	}
}
