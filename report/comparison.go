package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"alloclab/analysis/cause"
	"alloclab/analysis/change"
	"alloclab/results"
)

var comparisonHead = []string{"cell", "variant", "metric", "base", "new", "ratio", "95 % interval", "p", "verdict", "would see"}

// Comparison prints what changed: a row for each metric of the family, and of all
// metrics where the caller asks for them, then what must not be overlooked.
func Comparison(w io.Writer, c change.Comparison, all bool) error {
	var out strings.Builder
	fmt.Fprintf(&out, "base %s\nnew  %s\n", results.Plain(c.Base), results.Plain(c.New))
	for _, text := range c.Differs {
		fmt.Fprintf(&out, "compared: %s\n", text)
	}
	table := [][]string{comparisonHead}
	var below []note
	cell, variant := "", ""
	for i := range c.Changes {
		x := &c.Changes[i]
		if !x.Gated && !all {
			continue
		}
		row := comparisonRow(x)
		if x.Cell == cell {
			row[0] = ""
			if x.Variant == variant {
				row[1] = ""
			}
		}
		cell, variant = x.Cell, x.Variant
		table = append(table, row)
		for _, text := range notesOn(x) {
			below = addNote(below, results.Plain(x.Cell)+" "+results.Plain(x.Variant), x.Metric.Name, text)
		}
	}
	if len(table) > 1 {
		out.WriteString("\n" + align(table, comparisonWords, func(int) int { return 2 }))
	}
	out.WriteString("\n")
	for _, n := range below {
		out.WriteString(wrap("! "+n.of+" "+strings.Join(n.metrics, ", ")+": "+n.text, 116, "  "))
	}
	for _, r := range c.Refused {
		out.WriteString(wrap("! "+refusal(r), 116, "  "))
	}
	for _, text := range c.Warnings {
		out.WriteString(wrap("! "+results.Plain(text), 116, "  "))
	}
	if c.Failed > 0 {
		fmt.Fprintf(&out, "! %d trials failed and enter nothing\n", c.Failed)
	}
	if c.Unstable != "" {
		out.WriteString(wrap("! unstable: "+c.Unstable, 116, "  "))
	}
	out.WriteString(Outcome(c) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// Outcome is a comparison in one line.
func Outcome(c change.Comparison) string {
	if !c.Compared() {
		return "Nothing was compared."
	}
	var parts []string
	for _, v := range []change.Verdict{change.Regressed, change.Improved, change.Unchanged, change.Inconclusive} {
		if n := c.Count(v); n > 0 || v == change.Regressed {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := "Verdicts: " + strings.Join(parts, ", ") + "."
	if c.Family > 0 {
		text += fmt.Sprintf(" Tests: %d, p after Holm, level %.2g.", c.Family, c.Level)
	}
	return text
}

func comparisonRow(x *change.Change) []string {
	row := []string{results.Plain(x.Cell), results.Plain(x.Variant), x.Metric.Name,
		quantity(x.Base.Median, x.Metric.Unit), quantity(x.New.Median, x.Metric.Unit),
		ratio(x.Ratio), absent, pvalue(x.Adjusted), string(x.Verdict), absent}
	if !math.IsNaN(x.Low) && !x.Metric.Repeats() {
		row[6] = ratio(x.Low) + "–" + ratio(x.High)
	}
	switch {
	case !x.Gated:
		row[8] = "(shown)"
	case !math.IsNaN(x.Detectable):
		row[9] = percent(x.Detectable)
	}
	return row
}

// note is what must not be overlooked of one or more metrics of a variant.
type note struct {
	of      string
	metrics []string
	text    string
}

// addNote adds a note, to the one that says the same of another metric where there is one.
func addNote(notes []note, of, metric, text string) []note {
	for i, n := range notes {
		if n.of == of && n.text == text {
			notes[i].metrics = append(n.metrics, metric)
			return notes
		}
	}
	return append(notes, note{of, []string{metric}, text})
}

// notesOn are a row's warnings, and what the change is made of.
func notesOn(x *change.Change) []string {
	var notes, made []string
	for _, text := range x.Warnings {
		notes = append(notes, results.Plain(text))
	}
	for _, a := range x.Accounts {
		if a.Moved {
			made = append(made, fmt.Sprintf("%s %s → %s", a.Name, cause.Size(a.Base.Median), cause.Size(a.New.Median)))
		}
	}
	if len(made) > 0 {
		notes = append(notes, "in the ledger: "+strings.Join(made, ", "))
	}
	return notes
}

func refusal(r change.Refusal) string {
	what := "not comparable"
	if r.Scope != "" {
		what += fmt.Sprintf(" in the scope %s", r.Scope)
	}
	if r.Cell != "" {
		what = results.Plain(r.Cell) + ": " + what
	}
	return what + ": " + results.Plain(r.Text)
}

// quantity prints a figure in its unit.
func quantity(v float64, unit string) string {
	if math.IsNaN(v) {
		return absent
	}
	switch unit {
	case "B":
		return results.Bytes(v)
	case "s":
		return results.Seconds(v)
	case "1/s":
		switch {
		case v >= 1e6:
			return results.Number(v/1e6) + " M/s"
		case v >= 1e3:
			return results.Number(v/1e3) + " k/s"
		}
		return results.Number(v) + " /s"
	}
	if v < 10 {
		return strconv.FormatFloat(v, 'g', 3, 64) // calls per operation are small
	}
	return results.Number(v)
}

// ratio prints three decimals, which is as fine as a minimum effect of half a
// per cent asks for; large ones have as many digits.
func ratio(v float64) string {
	switch {
	case math.IsNaN(v):
		return absent
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v < 0.01:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func pvalue(p float64) string {
	switch {
	case math.IsNaN(p):
		return absent
	case p < 0.0001:
		return "<0.0001"
	case p < 0.01:
		return strconv.FormatFloat(p, 'f', 4, 64)
	}
	return strconv.FormatFloat(p, 'f', 2, 64)
}

func percent(v float64) string {
	if v > 10 {
		return "×" + results.Number(1+v)
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
}

// comparisonWords says which columns hold words or what is read from its left: cell, variant, metric, interval and verdict.
func comparisonWords(column int) bool {
	return column <= 2 || column == 6 || column == 8
}
