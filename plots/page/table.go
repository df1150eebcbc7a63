package page

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"alloclab/plots"
	"alloclab/results"
)

// table is a table of figures: its first columns, as many as Words says, hold
// names.
type table struct {
	Title, Note string
	Words       int
	Head        []string
	Rows        [][]string
}

const absent = "–"

// metricTable has a row for each metric and a column for each variant.
func metricTable(cell plots.Cell) table {
	t := table{Title: "All metrics", Words: 1, Head: []string{"metric"},
		Note: "Median of the trials that count; in brackets the lowest and the highest, where they differ."}
	for _, s := range cell.Series {
		t.Head = append(t.Head, s.Variant.Name())
	}
	for _, m := range results.Metrics() {
		if m.Pass() != results.PassTime {
			continue
		}
		row, found := []string{strings.ReplaceAll(m.Name, "_", " ")}, false
		for _, s := range cell.Series {
			text := absent
			if median, low, high, ok := s.Range(m.Name); ok {
				found = true
				text = show(m.Unit, median)
				if a, b := show(m.Unit, low), show(m.Unit, high); a != b {
					text += " (" + a + " to " + b + ")"
				}
			}
			row = append(row, text)
		}
		if found {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// countsTable is of the pass counts.
func countsTable(cell plots.Cell) table {
	t := table{Title: "Counts", Words: 1, Head: []string{"variant", "instructions per operation", "memory calls per operation"},
		Note: "Of the pass counts: fixed work from baseline to freed, one round. Instructions outside the kernel, by callgrind, the workload's own included; " +
			"system calls for memory, by strace. They do not show page faults, cache misses, or threads that wait for each other."}
	for _, s := range cell.Series {
		for _, trial := range s.Counts {
			row := []string{s.Variant.Name()}
			for _, name := range []string{results.MetricInstructions, results.MetricMemoryCalls} {
				text := absent
				if v, ok := trial.Metrics[name]; ok && trial.Counts() {
					text = strconv.FormatFloat(v, 'g', 4, 64)
					if v >= 1000 {
						text = grouped(v)
					}
				}
				row = append(row, text)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// show prints a value in its unit.
func show(unit string, v float64) string {
	switch unit {
	case "B":
		return results.Bytes(v)
	case "s":
		return results.Seconds(v)
	case "1/s":
		return grouped(v) + " /s"
	default:
		return grouped(v)
	}
}

// grouped prints a count with its thousands apart.
func grouped(v float64) string {
	if v != math.Trunc(v) && math.Abs(v) < 1000 {
		return results.Number(v)
	}
	text := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u2009" + text[i:]
	}
	return text
}

// ledgerTable has a row for each variant and mark, of the median trial: only
// figures of one and the same trial add up.
func ledgerTable(cell plots.Cell) table {
	t := table{Title: "Ledger", Words: 2, Head: []string{"variant", "mark", "RSS", "other", "live", "rounding", "pinned", "empty", "of empty, the allocator claims", "claims beyond RSS"},
		Note: "Of the trial in the middle of all rounds, the lab's own memory left out: other, live, rounding, pinned and empty add up to RSS."}
	for _, s := range cell.Series {
		trace, ok := s.Median()
		if !ok {
			continue
		}
		for _, m := range trace.Trial.Marks {
			l := m.Ledger
			if l == nil {
				continue
			}
			row := []string{s.Variant.Name(), m.Name, results.Bytes(float64(m.RSS - l.Lab))}
			if m.Racy {
				row[1] += " (racy)"
			}
			for _, bytes := range []int64{l.Other, l.Live, l.Rounding, l.Pinned, l.Empty} {
				row = append(row, results.Bytes(float64(bytes)))
			}
			beyond := absent
			if bytes, ok := m.Claims[results.ClaimBeyondRSS]; ok {
				beyond = results.Bytes(float64(bytes))
			}
			t.Rows = append(t.Rows, append(row, claims(m.Claims), beyond))
		}
	}
	return t
}

// claims are those that are not zero, the largest first.
func claims(all results.Claims) string {
	names := append([]string{results.ClaimUnexplained}, results.ClaimOrder...)
	slices.SortStableFunc(names, func(a, b string) int { return int(max(-1, min(1, all[b]-all[a]))) })
	var words []string
	for _, name := range names {
		if all[name] > 0 {
			words = append(words, strings.ReplaceAll(name, "_", " ")+" "+results.Bytes(float64(all[name])))
		}
	}
	if len(words) == 0 {
		return absent
	}
	return strings.Join(words, ", ")
}

// ratioTable has the four ratios of Johnstone and Wilson and the one at idle.
func ratioTable(cell plots.Cell) table {
	t := table{Title: "Fragmentation, by five definitions", Words: 1, Head: append(append([]string{"variant"}, plots.RatioNames...), "largest / smallest"),
		Note: "Memory used, which is RSS without the lab's own and without what was resident at baseline, over live bytes, in the median trial. " +
			"Mean over time hides a short spike; at most live ignores what comes later; at most used grows beyond bounds where little is live; " +
			"peak / peak is small although memory stays high after the peak; at idle is what a server looks like between two bursts. " +
			"Where they disagree, a single figure for fragmentation misleads."}
	for _, s := range cell.Series {
		trace, ok := s.Median()
		if !ok {
			continue
		}
		r := trace.Trial.Fragmentation(trace.Samples)
		row, known := []string{s.Variant.Name()}, false
		for _, ratio := range r.All() {
			row, known = append(row, plots.Factor(ratio)), known || ratio.Known
		}
		apart := plots.Factor(results.Ratio{Value: r.Disagreement(), Known: known})
		if r.Disagreement() >= plots.Disagree {
			apart += " !"
		}
		if known {
			t.Rows = append(t.Rows, append(row, apart))
		}
	}
	return t
}

// redisTable has the ratios by Redis' definitions, of a program, mark by mark.
func redisTable(cell plots.Cell) table {
	t := table{Title: "Ratios by Redis' definitions", Words: 2, Head: append([]string{"variant", "mark"}, results.RedisNames...),
		Note: "Of the trial in the middle: what Redis calls by these names in INFO memory, whatever the program. The fragmentation ratio is RSS over bytes in use, as the allocator counts them; " +
			"the allocator's own ratio is active pages over allocated bytes up to Redis 7.2, and from 7.4 on 1 and the free part of small blocks' slabs over allocated; then resident over active pages, and RSS over resident. " +
			"RSS is without the lab's own. A dash: the allocator does not give the figures."}
	if cell.Program == nil {
		return t
	}
	for _, s := range cell.Series {
		trace, ok := s.Median()
		if !ok {
			continue
		}
		for i := range trace.Trial.Marks {
			m := &trace.Trial.Marks[i]
			row, known := []string{s.Variant.Name(), m.Name}, false
			for _, r := range m.RedisRatios().All() {
				row, known = append(row, plots.Factor(r)), known || r.Known
			}
			if known {
				t.Rows = append(t.Rows, row)
			}
		}
	}
	return t
}

func latencyTable(cell plots.Cell) table {
	rows, timer := plots.LatencyRows(cell.Series)
	t := table{Title: "Latency", Words: 3, Head: append([]string{"operation", "sizes", "variant"}, plots.QuantileNames()...),
		Note: fmt.Sprintf("Of the latency pass: the share of calls in the heading took at most so long; medians of all rounds. Each value contains one reading of the clock, %s here.", results.Seconds(timer))}
	for _, r := range rows {
		row := []string{r.Operation, r.Class, r.Variant}
		for _, v := range r.Quantiles {
			row = append(row, results.Seconds(v))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
