package runner

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// TestLooks: in the middle of a phase all threads park and the lab takes a
// ledger, as often as the workload asks; nothing of it is in the work's time.
func TestLooks(t *testing.T) {
	for _, allocator := range []string{"ptmalloc", "mimalloc"} { // mimalloc's threads visit their heaps while they are parked
		r := measure(t.Context(), t, setup{
			Variant: configs.Variant{Allocator: allocator}, workload: "threads4k",
			params: map[string]any{"threads": int64(3), "blocks": int64(64), "duration": 0.3, "looks": int64(5), "idle": 0.01},
		})
		wantOK(t, r)
		if err := validated(r); err != nil {
			t.Errorf("%s: %v", allocator, err)
		}
		if len(r.Looks) != 5 {
			t.Fatalf("%s: %d looks of 5", allocator, len(r.Looks))
		}
		last := 0.0
		for i, m := range r.Looks {
			if m.Name != results.MarkLook || m.Ledger == nil || m.Ledger.Total() != m.RSS || m.Racy {
				t.Errorf("%s: look %d: %+v", allocator, i, m)
			}
			if want := int64(3*64+1) * 4096; m.Asked != want { // each worker's, and the main thread's one
				t.Errorf("%s: look %d lists %d bytes of %d", allocator, i, m.Asked, want)
			}
			if m.AllocatorStats == nil || m.T <= last {
				t.Errorf("%s: look %d at %v s after %v s has statistics %v", allocator, i, m.T, last, m.AllocatorStats)
			}
			last = m.T
		}
		// Each of the six parts lasts as long as it would without looks.
		if wall := r.Metrics[results.MetricWall]; wall < 0.3 || last < 0.25 {
			t.Errorf("%s: wall %v s, last look at %v s", allocator, wall, last)
		}
		if hold := r.Mark(results.MarkHold); hold.T < last {
			t.Errorf("%s: hold at %v s, the last look at %v s", allocator, hold.T, last)
		}
	}
}

// TestLooksKeepFixedWork: parts of fixed work add up to it, also where they do
// not divide it; a plain program takes the same parameter and never looks.
func TestLooksKeepFixedWork(t *testing.T) {
	program := filepath.Join(t.TempDir(), "plain")
	args := []string{"-std=gnu11", "-O1", "-fno-builtin-malloc", "-fno-builtin-free", "-pthread", "-I../workloads", "-o", program, "../workloads/threads4k.c", "../workloads/plain/main.c"}
	for _, file := range []string{"parameters", "memory", "workers"} {
		args = append(args, "../workloads/kit/"+file+".c")
	}
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, looks := range []string{"0", "7", "64"} {
		out, err := exec.Command(program, "threads=2", "blocks=16", "operations=10007", "looks="+looks, "idle=0").Output()
		if err != nil || !strings.Contains(string(out), `"operations":20014,`) {
			t.Errorf("looks=%s: %v: %s", looks, err, out)
		}
	}
}

// validated is Validate for a trial that was made without a run.
func validated(r results.Trial) error {
	r.V, r.Run, r.Cell, r.Workload, r.Variant, r.Allocator, r.Pass = results.Version, "r", "c", "w", "v", "a", results.PassTime
	return r.Validate()
}
