package results

import (
	"math"
	"testing"
)

// TestFragmentation: a series in which all five ratios differ, by hand. The
// floor is 2 MiB and the lab's own 1 MiB.
func TestFragmentation(t *testing.T) {
	const mib = 1 << 20
	trial := &Trial{Marks: []Mark{
		{Name: MarkBaseline, RSS: 3 * mib, Ledger: &Ledger{Lab: mib, Other: 2 * mib}},
		{Name: MarkIdle, T: 10, RSS: 63 * mib, Asked: 5 * mib},
	}}
	at := func(t float64, used, live int64) Sample {
		return Sample{T: t, RSS: (used + 3) * mib, Live: live * mib}
	}
	samples := []Sample{
		at(0, 0, 0),      // below the cut: nothing is live
		at(1, 120, 100),  // 1.2 for 3 s, most live
		at(4, 150, 50),   // 3 for 2 s, most used
		at(6, 60, 10),    // 6 for 4 s
		at(10, 60, 5),    // stands for no time
		at(11, 1000, 99), // after idle
	}
	r := trial.Fragmentation(samples)
	want := []float64{(3*1.2 + 2*3 + 4*6) / 9, 1.2, 3, 1.5, 12}
	for i, got := range r.All() {
		if !got.Known || math.Abs(got.Value-want[i]) > 1e-9 {
			t.Errorf("ratio %d is %+v, want %v", i, got, want[i])
		}
	}
	if got := r.Disagreement(); math.Abs(got-10) > 1e-9 {
		t.Errorf("disagreement %v, want 10", got)
	}
	if got := LiveCut(samples); got != mib {
		t.Errorf("cut at %d, want a hundredth of 100 MiB", got)
	}
	if got := LiveCut(nil); got != 256<<10 {
		t.Errorf("cut of nothing is %d", got)
	}
}

func TestFragmentationOfNothing(t *testing.T) {
	for name, samples := range map[string][]Sample{
		"none": nil, "no live": {{T: 0, RSS: 5, Live: Absent}, {T: 1, RSS: 5, Live: Absent}}, "zero": {{RSS: 5}, {T: 1, RSS: 9}},
	} {
		r := (&Trial{Marks: []Mark{{Name: MarkIdle, T: 5, RSS: 5}}}).Fragmentation(samples)
		for i, ratio := range r.All() {
			if ratio.Known {
				t.Errorf("%s: ratio %d is %v", name, i, ratio.Value)
			}
		}
		if r.Disagreement() != 1 {
			t.Errorf("%s: they disagree", name)
		}
	}
	// All had been freed when most was used: that ratio alone has no value.
	r := (&Trial{}).Fragmentation([]Sample{{T: 0, RSS: 8 << 20, Live: 4 << 20}, {T: 1, RSS: 9 << 20}})
	if r.AtMostUsed.Known || !r.Peaks.Known || r.Peaks.Value != 2.25 {
		t.Errorf("%+v", r)
	}
}
