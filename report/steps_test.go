package report

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
)

// heap is a run of two allocators: one that keeps the second of two large
// blocks below the break, and one that has no break and no purge.
func heap() (results.Run, []results.Trial) {
	run := results.Run{
		Variants: []results.Variant{{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"}, {Label: "other", Allocator: "other"}, {Label: "failed", Allocator: "x"}},
		Cells:    []results.Cell{{Name: "heaptop", Workload: "heaptop"}, {Name: "iobuf", Workload: "iobuf"}},
	}
	trial := func(variant string, status results.Status, figures map[string]float64) results.Trial {
		return results.Trial{Cell: "heaptop", Workload: "heaptop", Variant: variant, Round: 1, Pass: results.PassTime, Status: status, Figures: figures}
	}
	const kib = 1024
	return run, []results.Trial{
		trial("ptmalloc", results.StatusOK, map[string]float64{
			"step_00_break_bytes": 132 * kib, "step_00_top_bytes": 131 * kib, "step_00_rss_anon_bytes": 100 * kib,
			"step_01_malloc_bytes": 30 * kib, "step_01_at_bytes": 960, "step_01_break_bytes": 132 * kib, "step_01_top_bytes": 101 * kib, "step_01_rss_anon_bytes": 128 * kib,
			"step_02_free_bytes": 30 * kib, "step_02_at_bytes": 960, "step_02_break_bytes": 132 * kib, "step_02_top_bytes": 131 * kib, "step_02_rss_anon_bytes": 128 * kib,
			"step_03_malloc_bytes": 10 * kib, "step_03_at_bytes": 960, "step_03_break_bytes": 132 * kib, "step_03_top_bytes": 121 * kib, "step_03_rss_anon_bytes": 128 * kib,
			"step_04_malloc_bytes": 3 * mib, "step_04_break_bytes": 132 * kib, "step_04_top_bytes": 121 * kib, "step_04_rss_anon_bytes": 3200 * kib,
			"step_05_free_bytes": 3 * mib, "step_05_break_bytes": 132 * kib, "step_05_top_bytes": 121 * kib, "step_05_rss_anon_bytes": 128 * kib,
			"step_06_malloc_bytes": 3 * mib, "step_06_at_bytes": 11216, "step_06_break_bytes": 3204 * kib, "step_06_top_bytes": 129 * kib, "step_06_rss_anon_bytes": 3200 * kib,
			"step_07_free_bytes": 3 * mib, "step_07_at_bytes": 11216, "step_07_break_bytes": 3204 * kib, "step_07_top_bytes": 3201 * kib, "step_07_rss_anon_bytes": 3200 * kib,
			"step_08_idle_s": 0.5001, "step_08_break_bytes": 3204 * kib, "step_08_top_bytes": 3201 * kib, "step_08_rss_anon_bytes": 3200 * kib,
			"step_09_purged": 1, "step_09_break_bytes": 12 * kib, "step_09_top_bytes": 1 * kib, "step_09_rss_anon_bytes": 96 * kib,
		}),
		trial("other", results.StatusOK, map[string]float64{
			"step_00_rss_anon_bytes": 100 * kib,
			"step_01_malloc_bytes":   30 * kib, "step_01_rss_anon_bytes": 132 * kib,
			"step_02_free_bytes": 30 * kib, "step_02_rss_anon_bytes": 132 * kib,
			"step_03_malloc_bytes": 10 * kib, "step_03_rss_anon_bytes": 132 * kib,
			"step_04_malloc_bytes": 3 * mib, "step_04_rss_anon_bytes": 3204 * kib,
			"step_05_free_bytes": 3 * mib, "step_05_rss_anon_bytes": 2204 * kib,
			"step_06_malloc_bytes": 3 * mib, "step_06_rss_anon_bytes": 3204 * kib,
			"step_07_free_bytes": 3 * mib, "step_07_rss_anon_bytes": 132 * kib,
			"step_08_idle_s": 0.5001, "step_08_rss_anon_bytes": 132 * kib,
		}),
		trial("failed", results.StatusExit, map[string]float64{"step_00_rss_anon_bytes": 1}),
	}
}

func TestSteps(t *testing.T) {
	run, trials := heap()
	var out strings.Builder
	if err := Steps(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	golden := "testdata/steps.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Error(d)
	}
	out.Reset()
	if err := Steps(&out, run, nil); err != nil || out.String() != "" {
		t.Errorf("without steps it prints %q, %v", out.String(), err)
	}
}

// TestStepsNarrow: variants that do not fit beside each other stand below.
func TestStepsNarrow(t *testing.T) {
	run, trials := heap()
	var labels []string
	for i := range 6 {
		v := results.Variant{Label: strings.Repeat("v", 20) + string(rune('a'+i)), Allocator: "ptmalloc"}
		run.Variants = append(run.Variants, v)
		copied := trials[0]
		copied.Variant = v.Label
		trials = append(trials, copied)
		labels = append(labels, v.Label)
	}
	var out strings.Builder
	if err := Steps(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if len([]rune(line)) > stepsWidth+1 {
			t.Errorf("%d columns: %q", len([]rune(line)), line)
		}
	}
	for _, l := range labels {
		if strings.Count(out.String(), l) != 2 {
			t.Errorf("%s stands %d times, want in a head and in words", l, strings.Count(out.String(), l))
		}
	}
}
