package runner

import (
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestMetaserver: RSS alone does not say why it is high, and the ledger does.
func TestMetaserver(t *testing.T) {
	const memory = 24 << 20
	for _, c := range []struct {
		behaviour           string
		live, pinned, empty float64 // at least, of what the heap holds after the day
	}{
		{"grow", 0.85, 0, 0},
		{"retain", 0.2, 0, 0.4},
		{"fragment", 0.2, 0.5, 0},
	} {
		r := measure(t.Context(), t, setup{
			Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "metaserver",
			params: map[string]any{"behaviour": c.behaviour, "memory": int64(memory), "bursts": int64(4), "duration": 0.2, "idle": 0.02, "looks": int64(3)},
		})
		wantOK(t, r)
		if len(r.Looks) != 3 {
			t.Errorf("%s: %d looks, want one after each burst but the last", c.behaviour, len(r.Looks))
		}
		freed := r.Mark(results.MarkFreed)
		if freed == nil || freed.Ledger == nil {
			t.Fatalf("%s: no ledger", c.behaviour)
		}
		l, heap := freed.Ledger, float64(freed.Ledger.Heap())
		if heap < 0.9*memory {
			t.Errorf("%s: the heap holds %.0f MiB: all behaviours should hold the same", c.behaviour, heap/(1<<20))
		}
		for name, share := range map[string][2]float64{"live": {float64(l.Live), c.live}, "pinned": {float64(l.Pinned), c.pinned}, "empty": {float64(l.Empty), c.empty}} {
			if share[0] < share[1]*heap {
				t.Errorf("%s: %s is %.0f %% of the heap, want at least %.0f %%", c.behaviour, name, 100*share[0]/heap, 100*share[1])
			}
		}
	}
}

// TestMetaserverLooks: fewer looks than bursts are spread over them, the last
// of them after the last burst but one.
func TestMetaserverLooks(t *testing.T) {
	r := measure(t.Context(), t, setup{Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "metaserver",
		params: map[string]any{"memory": int64(1 << 20), "bursts": int64(7), "duration": 0.1, "idle": 0.0, "looks": int64(2)}})
	wantOK(t, r)
	if len(r.Looks) != 2 || r.Looks[1].Asked <= r.Looks[0].Asked {
		t.Errorf("%d looks: %+v", len(r.Looks), r.Looks)
	}
}
