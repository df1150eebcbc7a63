package results

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSteps(t *testing.T) {
	at := func(v int64) *int64 { return &v }
	trial := Trial{Cell: "c", Variant: "v", Round: 2, Pass: PassTime, Status: StatusOK, Figures: map[string]float64{
		"step_00_break_bytes": 135168, "step_00_top_bytes": 134224, "step_00_rss_anon_bytes": 4096,
		"step_01_malloc_bytes": 30720, "step_01_at_bytes": 960, "step_01_rss_anon_bytes": 40960,
		"step_02_free_bytes": 30720, "step_03_idle_s": 0.5003, "step_04_purged": 1,
		"step_06_rss_anon_bytes": 1, // no step 5: what follows is none
		"step_1_rss_anon_bytes":  1, "step_xx_rss_anon_bytes": 1, "step_": 1, "step_+1_rss_anon_bytes": 1, "requests": 7,
	}}
	want := []Step{
		{Break: at(135168), Top: at(134224), RSS: at(4096)},
		{Malloc: 30720, At: at(960), RSS: at(40960)},
		{Free: 30720}, {Idle: 0.5003}, {Purged: true},
	}
	got := trial.Steps()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for i, words := range []string{"start", "malloc 30 KiB", "free 30 KiB", "idle 500 ms", "purge"} {
		if got[i].Words() != words {
			t.Errorf("step %d: %q, want %q", i, got[i].Words(), words)
		}
	}
	if (&Trial{Figures: map[string]float64{"requests": 7}}).Steps() != nil {
		t.Error("a workload without steps has some")
	}
	earlier, failed := trial, trial
	earlier.Round, failed.Round, failed.Status = 1, 0, StatusExit
	if s := Stepped([]Trial{trial, failed, earlier}, "c", "v"); s == nil || s.Round != 1 {
		t.Errorf("%+v", s)
	}
	if s := Stepped([]Trial{trial}, "c", "other"); s != nil {
		t.Errorf("%+v", s)
	}
}

// FuzzSteps: whatever a workload calls its figures, steps are read or left out.
func FuzzSteps(f *testing.F) {
	f.Add("step_00_rss_anon_bytes", 1.0, "step_01_malloc_bytes", 30720.0)
	f.Add("step_", 1e300, "step_01", -1.0)
	f.Add("step_00_idle_s", 0.0, "step_00_", 1.0)
	f.Fuzz(func(t *testing.T, a string, x float64, b string, y float64) {
		for _, s := range (&Trial{Figures: map[string]float64{a: x, b: y}}).Steps() {
			if s.Words() == "" {
				t.Errorf("%q %q: a step without words", a, b)
			}
		}
	})
}
