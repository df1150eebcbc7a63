package plots

import (
	"strings"
	"testing"

	"alloclab/results"
)

// program is a trial of a program whose blocks nobody knows: 10 MiB resident for 4 s, and at marks
// the allocator says that 1 to 3 MiB are allocated.
func program(allocator string, polled ...results.Said) CellSeries {
	trial := &results.Trial{Trial: 1, Status: results.StatusOK, Metrics: map[string]float64{results.MetricRSSMean: 10 * mib}}
	for i, name := range []string{results.MarkBaseline, results.MarkFreed, results.MarkIdle, results.MarkPurged} {
		n := int64(i+1) * mib
		trial.Marks = append(trial.Marks, results.Mark{Name: name, T: min(4, float64(2*i)), RSS: 10 * mib, Resident: &results.Resident{Heap: 10 * mib},
			Processes: []results.ProcessMemory{{Pid: 1, RSS: 10 * mib}}, AllocatorStats: &results.AllocatorStats{Allocated: &n}})
	}
	t := Trace{Trial: trial, Said: polled}
	for i := range 400 {
		t.Samples = append(t.Samples, results.Sample{T: float64(i) / 100, RSS: 10 * mib, Live: results.Absent})
	}
	return CellSeries{Variant: results.Variant{Label: allocator, Allocator: allocator}, Traces: []Trace{t}}
}

func said(t float64, allocated int64) results.Said {
	return results.Said{T: t, Allocated: allocated, Obtained: 5 * mib}
}

func TestClaim(t *testing.T) {
	jemalloc := program("jemalloc", said(1, 7*mib), said(3, 6*mib), said(4.5, mib)).Traces[0]
	c := jemalloc.Claim(jemalloc.end())
	if !c.Asked || len(c.Rows) != 5 { // three marks, not the one after the purge, and not what came after idle
		t.Fatalf("%+v", c)
	}
	for i, want := range []float64{1, 7, 2, 6, 3} {
		if got := c.dots()[i]; got.y != want*mib || got.t != float64(i) {
			t.Errorf("point %d is %+v, want %v MiB at %d s", i, got, want, i)
		}
	}
	ptmalloc := program("ptmalloc", said(1, results.Absent)).Traces[0]
	if c := ptmalloc.Claim(4); c.Asked || len(c.Rows) != 3 {
		t.Errorf("asked at marks only: %+v", c)
	}
	jemalloc.Trial.Marks[1].Processes = append(jemalloc.Trial.Marks[1].Processes, results.ProcessMemory{Pid: 2})
	if c := jemalloc.Claim(4); len(c.Rows) != 0 {
		t.Errorf("of a family one process alone was asked: %+v", c)
	}
	ptmalloc.Samples[7].Live = mib
	if c := ptmalloc.Claim(4); len(c.Rows) != 0 {
		t.Errorf("a claim beside what is known: %+v", c)
	}
}

func TestClaimIsDrawn(t *testing.T) {
	ask, marks := program("jemalloc", said(1, 7*mib), said(3, 6*mib)), program("ptmalloc")
	for _, layout := range []Layout{Together, Panels} {
		text := svg(t, RSSFigure{Title: "redis", Series: []CellSeries{ask, marks}, Layout: layout})
		for _, want := range []string{"3 MiB allocated", "Dotted: allocated, by the allocator", "asked at marks only", "stroke-dasharray:1,2"} {
			if !strings.Contains(strings.ReplaceAll(text, "stroke-dasharray:1.25,2.5", "stroke-dasharray:1,2"), want) {
				t.Errorf("layout %d: %q is missing", layout, want)
			}
		}
		if strings.Contains(text, "Grey") {
			t.Error("live bytes are named where nobody knows them")
		}
	}
	if text := svg(t, RSSFigure{Title: "redis", Series: []CellSeries{marks}}); strings.Contains(text, "Dotted") || !strings.Contains(text, "Discs: allocated") {
		t.Error("what was asked at marks only is called dotted")
	}
	if text := svg(t, RSSFigure{Title: "x", Series: drained()}); strings.Contains(text, "allocated") {
		t.Error("a workload's figure tells of claims")
	}
}
