package runner

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// The same code as a workload, linked with the allocator, and as a program,
// with the allocator preloaded, takes the same memory within 2 %: what differs
// between two looks at one thing is the lab's own doing. Where an allocator's own scatter from
// trial to trial is larger (jemalloc under iobuf: 8 %), the two must lie within it.
func TestProgramAgreesWithWorkload(t *testing.T) {
	victim(t)
	const rounds = 3
	for _, c := range []struct {
		workload  string
		allocator string
		params    map[string]any
	}{
		{"iobuf", "ptmalloc", map[string]any{"threads": 3, "idle": 0, "backlog": 64 << 20}},
		{"iobuf", "jemalloc", map[string]any{"threads": 3, "idle": 0, "backlog": 64 << 20}},
		{"iobuf", "tcmalloc", map[string]any{"threads": 3, "idle": 0, "backlog": 64 << 20}},
		{"threads4k", "jemalloc", map[string]any{"threads": 2, "blocks": 8000, "operations": 1, "idle": 0}},
	} {
		command := []string{buildPlain(t, c.workload)}
		for name, value := range c.params {
			command = append(command, fmt.Sprintf("%s=%v", name, value))
		}
		var linked, preloaded []float64
		for range rounds {
			r := measure(context.Background(), t, setup{Variant: configs.Variant{Allocator: c.allocator}, workload: c.workload, params: c.params})
			wantOK(t, r)
			linked = append(linked, r.Metrics[results.MetricRSSPeak])
			p := runProgram(t, ran{allocator: c.allocator, Program: results.Program{Command: command}})
			if p.Status != results.StatusOK {
				t.Fatalf("%s %q", p.Status, p.Warnings)
			}
			preloaded = append(preloaded, p.Metrics[results.MetricRSSPeak])
		}
		slices.Sort(linked)
		slices.Sort(preloaded)
		a, b := linked[rounds/2], preloaded[rounds/2]
		t.Logf("%s %s: peak %.1f MB linked, %.1f MB preloaded: %+.1f %%", c.workload, c.allocator, a/1e6, b/1e6, 100*(b/a-1))
		overlap := linked[0] <= preloaded[rounds-1] && preloaded[0] <= linked[rounds-1]
		if apart := b < 0.98*a || b > 1.02*a; apart && !overlap {
			t.Errorf("%s %s: peaks %v linked and %v preloaded differ", c.workload, c.allocator, linked, preloaded)
		}
	}
}

// buildPlain builds a workload as an ordinary program.
func buildPlain(t testing.TB, workload string) string {
	t.Helper()
	path := filepath.Join(binaries(t, "ptmalloc").Dir, "plain-"+workload)
	sources, _ := filepath.Glob("../workloads/" + workload + "*.c")
	args := append([]string{"-std=gnu11", "-O2", "-pthread", "-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-realloc", "-fno-builtin-free",
		"-I../workloads", "-o", path, "../workloads/plain/main.c", "../workloads/kit/parameters.c", "../workloads/kit/memory.c", "../workloads/kit/workers.c"}, sources...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
