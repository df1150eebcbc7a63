package runner

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/results"
)

// BenchmarkAgent: what the agents cost a pair of malloc and free, in ns of CPU
// time: without one, in pass time, which interposes nothing, and in pass census. The three
// are interleaved; the least of all rounds is what the machine's other work did not add to.
func BenchmarkAgent(b *testing.B) {
	buildCensus(b)
	path := filepath.Join(binaries(b, "ptmalloc").Dir, "pairs")
	if out, err := exec.Command("cc", "-O2", "-fno-builtin", "-o", path, "testdata/pairs.c").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	const rounds = 5
	kinds := []string{"without", "time", "census"}
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc"} {
		least := map[string]float64{}
		for range rounds {
			for _, kind := range kinds {
				r := ran{allocator: allocator, agentless: kind == "without", Program: results.Program{Command: []string{path}}}
				if kind == "census" {
					r.pass = results.PassCensus
				}
				t := runProgram(b, r)
				var ns float64
				if _, err := fmt.Sscanf(t.Exit.Stderr, "%f ns", &ns); err != nil || t.Status != results.StatusOK {
					b.Fatalf("%s %s: %s %q", allocator, kind, t.Status, t.Exit.Stderr)
				}
				if was, known := least[kind]; !known || ns < was {
					least[kind] = ns
				}
			}
		}
		for _, kind := range kinds {
			b.ReportMetric(least[kind], allocator+"-"+kind+"-ns/pair")
		}
		// It interposes nothing, but it is a second thread: glibc's malloc takes its locks then.
		if cost := least["time"] - least["without"]; cost > 0.1*least["without"]+0.5 {
			b.Errorf("%s: the agent of pass time costs %.1f ns a pair", allocator, cost)
		}
	}
	b.ReportMetric(0, "ns/op")
}
