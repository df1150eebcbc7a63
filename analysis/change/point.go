package change

import (
	"fmt"
	"slices"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// Summary is one metric of one cell and variant over the trials of a run that
// count.
type Summary struct {
	Cell, Variant string
	Metric        results.Metric
	N             int
	Median        float64
	Low, High     float64 // 95 % interval of the median; the range where there are fewer than 6 trials
	Machine       string  // the fingerprint's hash in the metric's scope
}

// Summaries are the medians of a run, in the order of its cells, of its
// variants and of the registry. Trials that failed or were starved enter none. What
// was measured on several machines has no median; that is a warning.
func Summaries(run results.Run, trials []results.Trial) (all []Summary, warnings []string) {
	type place struct{ cell, variant, pass string }
	counts := map[place][]*results.Trial{}
	for i := range trials {
		if t := &trials[i]; t.Counts() {
			p := place{t.Cell, t.Variant, t.Pass}
			counts[p] = append(counts[p], t)
		}
	}
	for _, cell := range run.Cells {
		for _, variant := range run.Variants {
			for _, m := range results.Metrics() {
				var values []float64
				var machines []string
				for _, t := range counts[place{cell.Name, variant.Label, m.Pass()}] {
					if v, ok := t.Metrics[m.Name]; ok {
						values = append(values, v)
						if hash := t.Machine.Hash(m.Scope); !slices.Contains(machines, hash) {
							machines = append(machines, hash)
						}
					}
				}
				switch {
				case len(values) == 0:
				case len(machines) > 1:
					warnings = append(warnings, fmt.Sprintf("%s of %s in %s was measured on %d machines that differ in %s: it has no median",
						m.Name, results.Plain(variant.Label), results.Plain(cell.Name), len(machines), m.Scope))
				default:
					s, err := stat.MedianOf(values)
					if err != nil {
						warnings = append(warnings, err.Error())
						continue
					}
					all = append(all, Summary{Cell: cell.Name, Variant: variant.Label, Metric: m, N: s.N, Machine: machines[0], Median: s.Value, Low: s.Low, High: s.High})
				}
			}
		}
	}
	return all, warnings
}

// Points are a run's summaries as the points of a history.
func Points(summaries []Summary, run, commit, time, url string) []results.Point {
	var all []results.Point
	for _, s := range summaries {
		all = append(all, results.Point{V: results.HistoryVersion, Cell: s.Cell, Variant: s.Variant, Metric: s.Metric.Name,
			Median: s.Median, Low: s.Low, High: s.High, N: s.N, Machine: s.Machine, Commit: commit, Time: time, URL: url, Run: run})
	}
	return all
}
