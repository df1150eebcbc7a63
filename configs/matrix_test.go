package configs

import (
	"fmt"
	"strings"
	"testing"
)

// list writes a TOML list of the numbers from first to last.
func list(first, last int) string {
	var b strings.Builder
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return "[" + b.String() + "]"
}

func TestMatrixLimit(t *testing.T) {
	for _, c := range []struct {
		rounds, threads, blocks, variants int
		ok                                bool
	}{
		{1, 400, 250, 1, true}, {1, 400, 251, 1, false}, {5, 200, 100, 1, true}, {5, 200, 50, 3, false},
		{1000, 10, 10, 1, true}, {1000, 10, 10, 2, false}, {1000, 4000, 4000, 1, false},
	} {
		source := fmt.Sprintf("rounds = %d\n[[workload]]\nname = \"threads4k\"\nthreads = %s\nblocks = %s\n",
			c.rounds, list(1, c.threads), list(1, c.blocks))
		for i := range c.variants {
			source += fmt.Sprintf("[[variant]]\nallocator = \"ptmalloc\"\nlabel = \"v%d\"\n", i)
		}
		_, err := Parse("m.toml", []byte(source), testCatalog)
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "m.toml:2:3: workload makes the matrix too large") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Saturation: no product of lengths wraps, however many axes there are.
func TestCellsDoNotWrap(t *testing.T) {
	w := Workload{CPUs: make([]int, 1<<16)}
	for range 64 {
		w.Params = append(w.Params, Axis{Values: make([]any, 1<<16)})
	}
	if got := w.cells(); got != maxTrials+1 {
		t.Errorf("2^1040 cells counted as %d", got)
	}
}

func TestSameCellTwice(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true}, {"threads = 2", "", true}, {"threads = 3", "", false},
		{"threads = [1, 2]", "threads = [3, 2]", true}, {"threads = [1, 2]", "threads = [3, 4]", false},
		{"threads = [1, 2]\nblocks = 1", "threads = 1\nblocks = [1, 2]", true}, {"threads = [1, 2]\nblocks = 1", "threads = 1\nblocks = [2, 3]", false},
		{"duration = \"1s\"", "duration = \"1000ms\"", true}, {"runtime = \"go\"", "", false}, {"cpus = 1", "", false},
		{"cpus = 1", "cpus = [2, 1]", true}, {"cpus = 1", "cpus = 2", false},
	} {
		source := "[[variant]]\nallocator = \"ptmalloc\"\n"
		for _, body := range []string{c.a, c.b} {
			source += "[[workload]]\nname = \"threads4k\"\n" + body + "\n"
		}
		_, err := Parse("m.toml", []byte(source), testCatalog)
		if (err != nil) != c.same || err != nil && !strings.Contains(err.Error(), "asks for a cell that the workload of line 3") {
			t.Errorf("%q and %q: %v", c.a, c.b, err)
		}
	}
}
