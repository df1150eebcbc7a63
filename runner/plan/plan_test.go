package plan

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/configs"
	"alloclab/results"
)

func kinds(_, parameter string) string {
	return map[string]string{"backlog": "bytes", "idle": "duration", "threads": "count"}[parameter]
}

func TestCells(t *testing.T) {
	e := &configs.Experiment{Workloads: []configs.Workload{
		{Name: "iobuf", Runtime: "c", CPUs: []int{1, 2}, Params: []configs.Axis{
			{Name: "threads", Values: []any{int64(2), int64(8)}, Given: true},
			{Name: "backlog", Values: []any{int64(512 << 20)}, Given: true},
			{Name: "idle", Values: []any{30.0}},
		}},
		{Name: "threads4k", Runtime: "c", Params: []configs.Axis{{Name: "threads", Values: []any{int64(2)}}}},
		{Name: "threads4k", Runtime: "go", Params: []configs.Axis{{Name: "threads", Values: []any{int64(2)}}}},
		{Name: "same", Runtime: "c"},
		{Name: "same", Runtime: "c"},
	}}
	var names []string
	cells := Cells(e, kinds)
	for _, c := range cells {
		names = append(names, c.Name)
	}
	want := []string{
		"iobuf/threads=2,cpus=1", "iobuf/threads=8,cpus=1", "iobuf/threads=2,cpus=2", "iobuf/threads=8,cpus=2",
		"threads4k/runtime=c", "threads4k/runtime=go", "same", "same#2",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Fatal(d)
	}
	wantParams := []results.Param{
		{Name: "threads", Kind: "count", Value: int64(8)},
		{Name: "backlog", Kind: "bytes", Value: int64(512 << 20)},
		{Name: "idle", Kind: "duration", Value: 30.0, Default: true},
	}
	if d := cmp.Diff(wantParams, cells[3].Params); d != "" {
		t.Error(d)
	}
	if !cells[3].Silent || silent([]results.Param{{Name: "trickle", Value: int64(5)}}) || !silent([]results.Param{{Name: "trickle", Value: 0.0}}) {
		t.Error("a cell is silent unless something trickles")
	}
}

func TestOrder(t *testing.T) {
	cells := []results.Cell{{Name: "a"}, {Name: "b"}}
	variants := []string{"p", "j", "t"}
	trials := Order(cells, variants, 10, []string{"time", "latency"}, 7)
	if len(trials) != 2*3*10*2 {
		t.Fatalf("%d trials", len(trials))
	}
	seen := map[string]bool{}
	orders := map[string]bool{}
	order := ""
	for i, tr := range trials {
		if tr.Trial != i+1 {
			t.Errorf("trial %d stands at %d", tr.Trial, i)
		}
		key := fmt.Sprint(tr.Cell, tr.Variant, tr.Round, tr.Pass)
		if seen[key] {
			t.Errorf("%s comes twice", key)
		}
		seen[key] = true
		order += tr.Variant
		if i%3 == 2 {
			if tr.Cell != trials[i-1].Cell || tr.Cell != trials[i-2].Cell {
				t.Errorf("a cell's round is torn at trial %d", tr.Trial)
			}
			orders[order] = true
			order = ""
		}
	}
	if len(orders) < 4 {
		t.Errorf("only %d of 6 orders in 40 rounds: %v", len(orders), orders)
	}
	if d := cmp.Diff(trials, Order(cells, variants, 10, []string{"time", "latency"}, 7)); d != "" {
		t.Error("the same seed gives another order:", d)
	}
	if cmp.Equal(trials, Order(cells, variants, 10, []string{"time", "latency"}, 8)) {
		t.Error("another seed gives the same order")
	}
}

func TestHash(t *testing.T) {
	a, err := Hash(map[string]int{"x": 1, "y": 2}, "z")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Hash(map[string]int{"y": 2, "x": 1}, "z")
	c, _ := Hash(map[string]int{"y": 2, "x": 3}, "z")
	if a != b || a == c || len(a) != 12 {
		t.Error(a, b, c)
	}
	if _, err := Hash(func() {}); err == nil {
		t.Error("a function was hashed")
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		p    results.Param
		want string
	}{
		{results.Param{Kind: "bytes", Value: int64(512 << 20)}, "512MiB"},
		{results.Param{Kind: "bytes", Value: int64(4097)}, "4097"},
		{results.Param{Kind: "bytes", Value: int64(0)}, "0"},
		{results.Param{Kind: "count", Value: int64(1 << 20)}, "1048576"},
		{results.Param{Kind: "duration", Value: 0.5}, "0.5s"},
		{results.Param{Kind: "fraction", Value: 0.25}, "0.25"},
		{results.Param{Kind: "bool", Value: true}, "true"},
		{results.Param{Kind: "choice", Value: "fifo"}, "fifo"},
	} {
		if got := Text(c.p); got != c.want {
			t.Errorf("%+v is %q, want %q", c.p, got, c.want)
		}
	}
}
