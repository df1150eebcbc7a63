package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"alloclab/analysis/rank"
	"alloclab/results"
)

// Paste is how a variant is had outside the lab: named lines to be pasted, or
// why there are none.
type Paste struct {
	Lines   [][2]string // what it is for, and the line
	Missing string
}

// Remedies prints a ranking: one row a variant, what must not be overlooked, in
// words what each did, and what to set for those that no other beats. paste gives the
// lines of a variant by its label.
func Remedies(w io.Writer, run results.Run, r rank.Ranking, paste map[string]Paste) error {
	var out strings.Builder
	fmt.Fprintf(&out, "remedies: %s · %s\n", results.Plain(r.Cell.Title()), heading(run))
	kind := "95 % interval"
	if r.Range {
		kind += fmt.Sprintf("; of fewer than %d trials the range", rank.FewestRounds)
	}
	fmt.Fprintf(&out, "RSS in MiB, medians; beside each figure its difference from %s in per cent [%s]\n", r.Base.Name(), kind)
	out.WriteString(ranks(r))
	for _, n := range rankNotes(r) {
		out.WriteString(wrap("! "+who(n.Variants, r)+": "+n.Text, 116, "  "))
	}
	out.WriteString(rankLegend(r))
	worth, rest := r.Worth()
	switch {
	case r.Unpriced() && len(worth) > 0:
		out.WriteString("\nWhat each costs is not known. By memory alone, the best first:\n")
	case r.Unpriced():
		out.WriteString("\nNone of these holds less, and what each costs is not known.\n")
	case len(worth) > 0:
		out.WriteString("\nWorth its price, the best first:\n")
	default:
		fmt.Fprintf(&out, "\nNone of these is worth its price here: stay with %s.\n", r.Base.Name())
	}
	for i, c := range worth {
		out.WriteString(wrap(fmt.Sprintf("%d. %s", i+1, r.Sentence(c)), 116, "   "))
		out.WriteString(pasted(paste[c.Variant.Label]))
	}
	if len(rest) > 0 {
		out.WriteString("\nTried as well:\n")
		for _, c := range rest {
			out.WriteString(wrap("- "+r.Sentence(c), 116, "  "))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// who names those of a ranking whom a note is about; where it is most of them, the others.
func who(named []string, r rank.Ranking) string {
	if len(named) < 2 || 2*len(named) <= len(r.Candidates) {
		return strings.Join(named, ", ")
	}
	var others []string
	for _, c := range r.Candidates {
		if !slices.Contains(named, c.Variant.Name()) {
			others = append(others, c.Variant.Name())
		}
	}
	if len(others) == 0 {
		return "all"
	}
	return "all but " + strings.Join(others, ", ")
}

// rankNotes are what must not be overlooked; who has the same is named together.
func rankNotes(r rank.Ranking) []Note {
	var all []Note
	place := map[string]int{}
	for _, c := range r.Candidates {
		for _, text := range append([]string{c.Short}, c.Notes...) {
			i, known := place[text]
			if text == "" {
				continue
			}
			if !known {
				i = len(all)
				place[text] = i
				all = append(all, Note{Text: results.Plain(text)})
			}
			all[i].Variants = append(all[i].Variants, c.Variant.Name())
		}
	}
	return all
}

// ranks is the table.
func ranks(r rank.Ranking) string {
	scale := rateScaleOf(r)
	var columns []string
	head := []string{"", "variant"}
	for _, column := range [][2]string{
		{results.MetricRSSIdle, "idle"}, {results.MetricRSSMean, "mean"}, {results.MetricOpsPerCPUS, scale.unit}, {results.MetricMallocP99, "p99 malloc"},
	} {
		if slices.ContainsFunc(r.Candidates, func(c rank.Candidate) bool { _, has := c.Values[column[0]]; return has }) {
			columns, head = append(columns, column[0]), append(head, column[1], "")
		}
	}
	table := [][]string{head}
	for _, c := range r.Candidates {
		mark := ""
		if c.Front {
			mark = "*"
		}
		row := []string{mark, shorten(c.Variant.Name(), 40)}
		for _, name := range columns {
			row = append(row, valueOf(c, name, scale), againstOf(c, name))
		}
		table = append(table, row)
	}
	return alignPairs(table)
}

func valueOf(c rank.Candidate, name string, rate scale) string {
	f, ok := c.Values[name]
	if !ok {
		return absent
	}
	switch f.Unit {
	case "B":
		text := scale{"MiB", 1 << 20}.show(figure{f.Value, true})
		if name == results.MetricRSSIdle && c.Short != "" {
			text += " !"
		}
		return text
	case "s":
		return latency(figure{f.Value, true})
	default:
		return results.Number(f.Value / rate.size)
	}
}

func againstOf(c rank.Candidate, name string) string {
	f, ok := c.Against[name]
	switch {
	case c.Base:
		return ""
	case !ok:
		return absent
	}
	return rank.Percent(f.Value) + " [" + rank.Percent(f.Low) + ", " + rank.Percent(f.High) + "]"
}

func rateScaleOf(r rank.Ranking) scale {
	rows := make([]row, 0, len(r.Candidates))
	for _, c := range r.Candidates {
		if f, ok := c.Values[results.MetricOpsPerCPUS]; ok {
			t := results.Trial{Metrics: map[string]float64{results.MetricOpsPerCPUS: f.Value}}
			rows = append(rows, row{counts: []*results.Trial{&t}})
		}
	}
	return rateScale(rows)
}

func rankLegend(r rank.Ranking) string {
	for _, c := range r.Candidates {
		if c.Front {
			return wrap("* none of the others holds less at idle and is as fast, or is faster and holds as little. The order: who "+
				"saves memory, by the share of it that is saved, at idle and on average over time, less the share of operations per CPU second that is lost, as far as either is more than noise; then the others.", 116, "  ")
		}
	}
	return ""
}

// pasted are the lines that put a program on a variant.
func pasted(p Paste) string {
	if p.Missing != "" {
		return "     " + wrap(p.Missing, 110, "     ")
	}
	width := 0
	for _, line := range p.Lines {
		width = max(width, len(line[0]))
	}
	var out strings.Builder
	for _, line := range p.Lines {
		fmt.Fprintf(&out, "     %-*s  %s\n", width, line[0], line[1])
	}
	return out.String()
}
