package runner

import (
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"alloclab/results"
)

// TestNoisyNeighbour keeps all processors busy: the trial must be known as
// starved, be repeated, and count for nothing.
func TestNoisyNeighbour(t *testing.T) {
	o := load(t, binaries(t, "ptmalloc"), `
rounds = 1
[[variant]]
allocator = "ptmalloc"
[[workload]]
name = "threads4k"
duration = "300ms"
idle = "10ms"
`)
	neighbours := 2 * runtime.NumCPU()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(neighbours + 4)) // the lab itself still gets its turns
	var stop atomic.Bool
	defer stop.Store(true)
	for range neighbours {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(o.Dir, results.TrialsFile)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for r := results.NewReader(f, path); r.Scan(); n++ {
		if tr := r.Trial(); !tr.Starved() || tr.Counts() {
			t.Errorf("attempt %d got %.2f of %.2f s of processor time and counts", n+1, tr.CPU.Obtained, tr.CPU.Wanted)
		}
	}
	if n != attempts {
		t.Errorf("%d attempts are recorded, want %d", n, attempts)
	}
}
