package runner

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// growth is how much resident memory, the lab's own left out, a mark has above
// baseline.
func growth(r results.Trial, mark string) float64 {
	return float64(r.Mark(mark).RSS - r.Mark(results.MarkBaseline).RSS)
}

// TestCalibration hands 128 MiB of 8 KiB blocks from one thread to another and
// keeps every K-th. What goes back when the allocator is told to give back is
// arithmetic on paper: ptmalloc's chunk of 8208 bytes meets three pages, jemalloc's slab of one
// block has two, tcmalloc's span of two blocks has four. What is left when no
// block is kept are the allocator's own tables: they are measured, and taken off.
func TestCalibration(t *testing.T) {
	const blocks, size = 16384, 8192
	pages := map[string]float64{"ptmalloc": 3, "jemalloc": 2, "tcmalloc": 4}
	for allocator, perBlock := range pages {
		tables := 0.0
		for _, keep := range []int64{0, 64, 16, 4} {
			t.Run(fmt.Sprintf("%s/%d", allocator, keep), func(t *testing.T) {
				r := measure(t.Context(), t, setup{
					Variant: configs.Variant{Allocator: allocator}, workload: "handover",
					params: map[string]any{"keep": keep, "blocks": int64(blocks), "size": int64(size), "idle": 0.05},
				})
				wantOK(t, r)
				onPaper(t, "freed", growth(r, results.MarkFreed), blocks*size)
				left := growth(r, results.MarkExited)
				if keep == 0 {
					if tables = left; left > 3<<20 {
						t.Errorf("with no block kept, %.1f MiB are left", left/(1<<20))
					}
					return
				}
				onPaper(t, "exited", left-tables, float64(blocks/keep)*perBlock*4096)
				if m := r.Mark(results.MarkFreed); m.Asked != blocks/keep*size {
					t.Errorf("%d bytes are held, want %d", m.Asked, blocks/keep*size)
				}
			})
		}
	}
}

// onPaper allows 5 %.
func onPaper(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.05*want {
		t.Errorf("%s: %.2f MiB above baseline, paper says %.2f", what, got/(1<<20), want/(1<<20))
	}
}

// TestSecondLargeBlockStays: freeing a mapped block raises the threshold, so
// that the second one of the same size comes from the heap and stays there.
func TestSecondLargeBlockStays(t *testing.T) {
	for belief, want := range map[string]float64{"once": 0, "twice": 30 << 20} {
		r := measure(t.Context(), t, setup{Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "beliefs", params: map[string]any{"belief": belief}})
		wantOK(t, r)
		if got := growth(r, results.MarkHold); math.Abs(got-want) > 0.05*want+200<<10 {
			t.Errorf("%s: RSS grew by %.0f KiB, want %.0f", belief, got/1024, want/1024)
		}
		if got := growth(r, results.MarkPurged); math.Abs(got) > 200<<10 {
			t.Errorf("%s: after malloc_trim(0) RSS is %.0f KiB above baseline", belief, got/1024)
		}
	}
}

// TestWritableSizeIsNoResidency: a thread's heap of 30 MiB is freed and given
// back, and its rw-p mapping is as large as before.
func TestWritableSizeIsNoResidency(t *testing.T) {
	size := map[string]int64{}
	r := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "beliefs", params: map[string]any{"belief": "rw_size"},
		stopped: func(pid int, mark string) { size[mark] = largestWritable(t, pid) },
	})
	wantOK(t, r)
	if got := growth(r, results.MarkFreed); got > 512<<10 {
		t.Errorf("RSS is %.0f KiB above baseline after all was freed", got/1024)
	}
	if size[results.MarkHold] < 30<<20 || size[results.MarkFreed] != size[results.MarkHold] {
		t.Errorf("the largest rw-p mapping has %d KiB at hold and %d at freed; it should keep its size", size[results.MarkHold]>>10, size[results.MarkFreed]>>10)
	}
}

// largestWritable is the largest private anonymous rw-p mapping, read here and
// not by the lab's own reader.
func largestWritable(t *testing.T, pid int) (largest int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var start, end, offset, inode int64
		var perms, device string
		n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d", &start, &end, &perms, &offset, &device, &inode)
		if n == 6 && perms == "rw-p" && inode == 0 {
			largest = max(largest, end-start)
		}
	}
	return largest
}
