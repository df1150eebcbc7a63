package synthetic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"alloclab/results"
)

// History makes the points of so many commits: two cells, three variants, four
// metrics. jemalloc's memory at idle steps up by 8 % six commits before the end in
// the first cell, tcmalloc's has an outlier at the end, ptmalloc's speed falls and
// returns, and the second cell moves to another machine half-way.
func History(commits int) []results.Point {
	var points []results.Point
	start := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	for i, cell := range []string{"iobuf/threads=8", "threads4k"} {
		for j, variant := range []string{"ptmalloc", "jemalloc background, decay 1 s", "tcmalloc"} {
			for k, metric := range []string{results.MetricRSSIdle, results.MetricRSSMean, results.MetricOpsPerCPUS, results.MetricMallocP99} {
				random := rand.New(rand.NewPCG(uint64(i), uint64(10*j+k)))
				noise := []float64{.004, .003, .012, .03}[k]
				level := []float64{float64(500-180*j) * mib, float64(420-100*j) * mib, 1e6 * (1 + .3*float64(j)), 1e-6 / float64(1+j)}[k]
				for n := range commits {
					v := level * (1 + noise*random.NormFloat64())
					machine := "5c0ffee51a7e"
					if i == 1 && n >= commits/2 {
						machine, v = "decaf0000001", v*1.3
					}
					switch {
					case i == 0 && j == 1 && k < 2 && n >= commits-6:
						v *= 1.08
					case i == 0 && j == 2 && k == 0 && n == commits-1:
						v *= 1.2
					case i == 0 && j == 0 && k == 2 && n >= commits/2 && n < commits/2+14:
						v *= .8
					}
					commit := fmt.Sprintf("%08x%032x", uint32(n)*2654435761, n)
					points = append(points, results.Point{V: 1, Cell: cell, Variant: variant, Metric: metric, Median: v, Low: v * (1 - noise), High: v * (1 + noise), N: 10,
						Machine: machine, Commit: commit, Time: start.Add(time.Duration(n) * 31 * time.Hour).Format(time.RFC3339),
						URL: "https://example.org/lab/commit/" + commit, Run: fmt.Sprintf("run-%d", n)})
				}
			}
		}
	}
	return points
}
