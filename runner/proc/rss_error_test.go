package proc

import (
	"os"
	"runtime"
	"testing"
)

func TestRSSErrorBound(t *testing.T) {
	page := pageSize
	for _, c := range []struct {
		release        string
		cores, threads int
		pages          int64
	}{
		{"6.18.44-fc", 2, 8, 0},
		{"6.16.0", 250, 1, 0},
		{"6.16-rc1", 2, 1, 0},
		{"7.0", 2, 1, 0},
		{"10.1.2", 2, 1, 0},
		{"6.15.9", 2, 100, 2 * 32 * 3},
		{"6.2.0-39-generic", 4, 1, 4 * 32 * 3},
		{"6.12.48+deb13-amd64", 64, 1, 64 * 128 * 3},
		{"6.1.0-13-amd64", 64, 8, 64 * 8 * 3},
		{"5.10.0", 2, 1, 64 * 3},
		{"4.19.0", 0, -1, 64 * 3},
		{"unheard of", 2, 8, 64 * 8 * 3},
		{"", 64, 8, 64 * 128 * 3},
	} {
		if got := RSSErrorBound(c.release, c.cores, c.threads); got != c.pages*page {
			t.Errorf("%s, %d cores, %d threads: %d pages, want %d", c.release, c.cores, c.threads, got/page, c.pages)
		}
	}
}

// TestStatmEqualsRollup checks this very kernel: statm of the running test
// process is within the bound of smaps_rollup. A reading between two equal
// ones of statm had no change beside it.
func TestStatmEqualsRollup(t *testing.T) {
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	threads, err := p.Threads()
	if err != nil {
		t.Fatal(err)
	}
	bound := liveBound(t, len(threads))
	memory := make([]byte, 16<<20)
	for i := range memory {
		memory[i] = 1
	}
	defer runtime.KeepAlive(memory)
	compared := 0
	for range 200 {
		before, err1 := p.Statm()
		rollup, err2 := p.SmapsRollup()
		after, err3 := p.Statm()
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		if before.Resident != after.Resident {
			continue
		}
		compared++
		if d := abs(before.Resident - rollup.Rss); d > bound {
			t.Fatalf("statm %d, smaps_rollup %d: %d apart, bound %d", before.Resident, rollup.Rss, d, bound)
		}
	}
	if compared == 0 {
		t.Skip("RSS never stood still")
	}
	t.Logf("%d comparisons, bound %d bytes", compared, bound)
}

func FuzzRelease(f *testing.F) {
	f.Add("6.1.0-13-amd64", 2, 8)
	f.Fuzz(func(t *testing.T, release string, cores, threads int) {
		if cores > 1<<16 || threads > 1<<22 {
			return
		}
		if n := RSSErrorBound(release, cores, threads); n < 0 {
			t.Errorf("%q: %d", release, n)
		}
	})
}
