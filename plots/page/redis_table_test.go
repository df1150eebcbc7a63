package page

import (
	"strings"
	"testing"

	"alloclab/plots/internal/synthetic"
)

// The ratios are there of programs, with a dash where an allocator does not give the figures, and of programs only.
func TestRedisTable(t *testing.T) {
	_, text := programs(t)
	for _, want := range []string{"Ratios by Redis", "allocator_frag_ratio ≥ 7.4", "<td class=\"n\">×2.00</td>", "<td class=\"n\">–</td>"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if _, text = made(t, synthetic.Options{Threads: []int{2}, Rounds: 1, Samples: 50}, nil); strings.Contains(text, "Ratios by Redis") {
		t.Error("a workload, whose live bytes are known, has them too")
	}
}
