package plots

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"alloclab/results"
)

// stepped is a variant that allocates 30 KiB, then 30 MiB.
func stepped(label string, status results.Status, hasBreak bool) CellSeries {
	figures := map[string]float64{}
	for i, rss := range []float64{100 << 10, 130 << 10, 31 << 20, 130 << 10, 90 << 10} {
		step := fmt.Sprintf("step_%02d_", i)
		figures[step+"rss_anon_bytes"] = rss
		if hasBreak {
			figures[step+"break_bytes"], figures[step+"top_bytes"] = 132<<10, 100<<10
		}
	}
	figures["step_01_malloc_bytes"], figures["step_02_malloc_bytes"], figures["step_03_free_bytes"], figures["step_04_purged"] = 30<<10, 30<<20, 30<<20, 1
	return CellSeries{
		Variant: results.Variant{Label: label, Allocator: label},
		Traces:  []Trace{{Trial: &results.Trial{Status: status, Pass: results.PassTime, Figures: figures}}},
	}
}

func TestStepsFigure(t *testing.T) {
	if Steps("t", "", []CellSeries{{Variant: results.Variant{Label: "none"}}, stepped("failed", results.StatusExit, true)}) != nil {
		t.Error("a figure without steps")
	}
	for _, c := range []struct {
		name   string
		series []CellSeries
		words  []string
		lacks  string
	}{
		{"two", []CellSeries{stepped("ptmalloc", results.StatusOK, true), stepped("jemalloc", results.StatusOK, false)},
			[]string{">start<", ">malloc 30 KiB<", ">malloc 30 MiB<", ">free 30 MiB<", ">purge<", ">ptmalloc<", ">jemalloc<", "another scale", ">30 MiB<", "Filled"}, ""},
		{"no-break", []CellSeries{stepped("jemalloc", results.StatusOK, false)}, []string{">jemalloc<"}, "Filled"},
		{"many", []CellSeries{stepped("a", results.StatusOK, true), stepped("b", results.StatusOK, true), stepped("c", results.StatusOK, true),
			stepped("d", results.StatusOK, true), stepped("e", results.StatusOK, true)}, []string{">a<", ">e<"}, ""},
	} {
		f := Steps(c.name, "", c.series)
		var out bytes.Buffer
		if err := f.WriteSVG(&out); err != nil {
			t.Fatal(err)
		}
		for _, w := range c.words {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s lacks %q", c.name, w)
			}
		}
		if c.lacks != "" && strings.Contains(out.String(), c.lacks) || strings.Contains(out.String(), "NaN") {
			t.Errorf("%s says %q, or NaN", c.name, c.lacks)
		}
		if *keep != "" {
			if _, err := f.Write(*keep, "steps-"+c.name); err != nil {
				t.Error(err)
			}
		}
	}
}
