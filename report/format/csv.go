package format

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// csvRun writes a line for each median. Values are in the metric's own unit.
func csvRun(w io.Writer, r Run) error {
	rows := [][]string{{"cell", "variant", "metric", "unit", "better", "n", "median", "low", "high", "machine"}}
	all, _ := r.summaries()
	for _, s := range all {
		rows = append(rows, []string{cellText(s.Cell), cellText(s.Variant), s.Metric.Name, s.Metric.Unit, string(s.Metric.Better),
			strconv.Itoa(s.N), number(s.Median), number(s.Low), number(s.High), cellText(s.Machine)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// csvComparison writes a line for each metric compared. What is not known is empty.
func csvComparison(w io.Writer, c change.Comparison) error {
	rows := [][]string{{"cell", "variant", "metric", "unit", "better", "pass", "gated", "verdict", "base_n", "base_median", "base_low", "base_high",
		"new_n", "new_median", "new_low", "new_high", "ratio", "ratio_low", "ratio_high", "p", "p_adjusted", "min_effect", "detectable", "warnings"}}
	for _, ch := range c.Changes {
		row := []string{cellText(ch.Cell), cellText(ch.Variant), ch.Metric.Name, ch.Metric.Unit, string(ch.Metric.Better), ch.Pass,
			strconv.FormatBool(ch.Gated), string(ch.Verdict)}
		for _, side := range []change.Side{ch.Base, ch.New} {
			row = append(row, strconv.Itoa(side.N), known(side.Median), known(side.Low), known(side.High))
		}
		for _, v := range []float64{ch.Ratio, ch.Low, ch.High, ch.P, ch.Adjusted, ch.MinEffect, ch.Detectable} {
			row = append(row, known(v))
		}
		rows = append(rows, append(row, cellText(strings.Join(ch.Warnings, "; "))))
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// known is a value with all its digits, or nothing.
func known(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return number(v)
}

// cellText is a name that no spreadsheet takes for a formula, and no runner for a
// command where the text goes to a log: one that begins with =, +, -, @ or ::, also
// after blanks and in full width, gets an apostrophe before it.
func cellText(name string) string {
	name = results.Plain(name)
	if begin := strings.TrimLeft(name, " \ufffd\"'"); begin != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(begin)[0]) || strings.HasPrefix(begin, "::") {
		return "'" + name
	}
	return name
}
