package runner

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestSecondProgram checks what the storage server's curve says against a
// program that shares no code with kit or census: the same burst in a few
// lines, which reads its own RSS. It is given the bytes that the workload held at its peak. It has
// no traffic that passes through beside the burst, whose freed pages jemalloc keeps dirty in the arena of
// every thread: there the two agree to a fifth only.
func TestSecondProgram(t *testing.T) {
	const backlog = 96 << 20
	burst := filepath.Join(t.TempDir(), "burst")
	out, err := exec.Command("cc", "-std=gnu11", "-O1", "-fno-builtin-malloc", "-fno-builtin-free", "-pthread", "-o", burst, "../workloads/reference/burst.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for allocator, preload := range map[string]string{"ptmalloc": "", "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc.so.4"} {
		r := measure(t.Context(), t, setup{
			Variant: configs.Variant{Allocator: allocator}, workload: "iobuf", params: map[string]any{"backlog": int64(backlog), "idle": 0.05},
		})
		wantOK(t, r)
		cmd := exec.Command(burst, fmt.Sprint(r.Mark(results.MarkHold).Asked))
		cmd.Env = []string{"LD_PRELOAD=" + preload}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var before, full, drained, trimmed float64 // KiB
		if _, err := fmt.Sscan(string(out), &before, &full, &drained, &trimmed); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		tolerance := map[string]float64{"ptmalloc": 0.05, "tcmalloc": 0.05, "jemalloc": 0.2}[allocator]
		if got, want := growth(r, results.MarkFreed)/1024, drained-before; math.Abs(got-want) > tolerance*want {
			t.Errorf("%s: %.0f KiB are kept after the drain, the second program says %.0f", allocator, got, want)
		}
		stays, secondStays := growth(r, results.MarkFreed)/growth(r, results.MarkHold), (drained-before)/(full-before)
		if math.Abs(stays-secondStays) > 0.1 {
			t.Errorf("%s: %.3f of the burst stays after the drain, the second program says %.3f", allocator, stays, secondStays)
		}
		if allocator == "ptmalloc" { // the others ignore malloc_trim
			trim, secondTrim := growth(r, results.MarkPurged)/growth(r, results.MarkHold), (trimmed-before)/(full-before)
			if math.Abs(trim-secondTrim) > 0.05 {
				t.Errorf("%.3f of the burst stays after malloc_trim, the second program says %.3f", trim, secondTrim)
			}
		}
	}
}
