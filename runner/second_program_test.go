package runner

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestSecondProgram checks the storage server's curve against a program that
// shares no code with kit or census: the same burst in a few lines, which
// reads its own RSS. What iobuf holds beyond it are references, pool and
// caches: a few per cent.
func TestSecondProgram(t *testing.T) {
	const backlog = 96 << 20
	burst := filepath.Join(t.TempDir(), "burst")
	out, err := exec.Command("cc", "-std=gnu11", "-O1", "-fno-builtin-malloc", "-fno-builtin-free", "-pthread", "-o", burst, "../workloads/reference/burst.c").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for allocator, preload := range map[string]string{"ptmalloc": "", "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc.so.4"} {
		cmd := exec.Command(burst, fmt.Sprint(backlog))
		cmd.Env = []string{"LD_PRELOAD=" + preload}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var before, full, drained, trimmed float64
		if _, err := fmt.Sscan(string(out), &before, &full, &drained, &trimmed); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		r := measure(t.Context(), t, setup{
			Variant: configs.Variant{Allocator: allocator}, workload: "iobuf", params: map[string]any{"backlog": int64(backlog), "idle": 0.05},
		})
		wantOK(t, r)
		for mark, second := range map[string]float64{results.MarkHold: full - before, results.MarkFreed: drained - before} {
			if got := growth(r, mark) / 1024; got < 0.98*second || got > 1.08*second {
				t.Errorf("%s at %s: %.0f KiB above baseline, the second program says %.0f", allocator, mark, got, second)
			}
		}
		if allocator == "ptmalloc" { // the others ignore malloc_trim
			if got := growth(r, results.MarkPurged) / 1024; got > 0.05*full || trimmed-before > 0.05*full {
				t.Errorf("after malloc_trim %.0f KiB are left, the second program says %.0f; both should be few of %.0f", got, trimmed-before, full)
			}
		}
	}
}
