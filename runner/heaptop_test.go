package runner

import (
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestHeaptop: the story of a heap's top, as the lab records it: what the
// dynamic thresholds do, and that a purge ends it.
func TestHeaptop(t *testing.T) {
	for _, c := range []struct {
		name, allocator string
		knobs           map[string]any
		kept            int64 // of the second 30 MiB, after its free
	}{
		{"default", "ptmalloc", nil, 30 << 20},
		{"fixed", "ptmalloc", map[string]any{"mmap_threshold": int64(128 << 10), "trim_threshold": int64(128 << 10)}, 0},
		{"jemalloc", "jemalloc", nil, 0},
		{"tcmalloc", "tcmalloc", nil, 30 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := measure(t.Context(), t, setup{
				Variant:  configs.Variant{Allocator: c.allocator, Label: c.name, Knobs: c.knobs},
				workload: "heaptop", params: map[string]any{"idle": 0.02},
			})
			wantOK(t, r)
			steps := r.Steps()
			if len(steps) != 14 || !steps[13].Purged {
				t.Fatalf("%d steps: %+v", len(steps), steps)
			}
			growth := func(i int) int64 { return *steps[i].RSS - *steps[0].RSS }
			const tables = 512 << 10 // of jemalloc's and tcmalloc's own
			for i, want := range map[int]int64{3: 250 << 10, 8: 30 << 20, 9: c.kept, 10: 30 << 20, 11: c.kept, 13: 0} {
				if c.name == "default" && i == 9 {
					want = 0 // the first went back
				}
				if got := growth(i); got < want-4096 || got > want+tables {
					t.Errorf("after %q, step %d, RSS had grown by %d KiB, want about %d", steps[i].Words(), i, got>>10, want>>10)
				}
			}
			if hasTop := steps[0].Top != nil; hasTop != (c.allocator == "ptmalloc") {
				t.Errorf("it tells a top: %v", hasTop)
			}
			if hasBreak := steps[3].Break != nil; hasBreak == (c.allocator == "jemalloc") {
				t.Errorf("it has a break: %v", hasBreak)
			}
			// RSS by the ledger, at the marks beside the steps.
			hold, freed := r.Mark(results.MarkHold), r.Mark(results.MarkFreed)
			if fell, want := hold.RSS-freed.RSS, growth(10)-growth(11); fell < want-tables || fell > want+tables {
				t.Errorf("from hold to freed RSS fell by %d KiB, by the steps by %d", fell>>10, want>>10)
			}
		})
	}
}
