package format

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"alloclab/analysis/change"
	"alloclab/results"
)

// block is a piece of Markdown that is written whole or not at all.
type block string

// headline are the metrics of a run's table; the rest are in its files.
var headline = []string{results.MetricOpsPerCPUS, results.MetricRSSPeak, results.MetricRSSMean, results.MetricRSSIdle, results.MetricRSSPurged, results.MetricMallocP99, results.MetricInstructions, results.MetricMemoryCalls}

func markdownRun(w io.Writer, r Run) error { return writeBlocks(w, runBlocks(r), 0) }

func markdownComparison(w io.Writer, c change.Comparison) error {
	return writeBlocks(w, comparisonBlocks(c), 0)
}

// runBlocks are a table for each cell, and what was lost.
func runBlocks(r Run) []block {
	all, warnings := r.summaries()
	all = plainSummaries(all)
	blocks := []block{block("## alloclab: " + code(nameOr(results.Plain(r.Experiment.Name), r.Run.Run)) + "\n\n")}
	var lost, reasons []string
	starved := map[string][]string{}
	for _, g := range groups(r) {
		if len(g.Failed) > 0 {
			lost = append(lost, fmt.Sprintf("- **failed** %s %s, pass %s: %s\n", code(g.Cell), code(g.Variant), code(g.Pass), plainMarkdown(g.failure())))
		} else if why := g.nothing(); why != "" {
			if _, known := starved[why]; !known {
				reasons = append(reasons, why)
			}
			starved[why] = append(starved[why], code(g.Cell)+" "+code(g.Variant)+" ("+code(g.Pass)+")")
		}
	}
	for _, why := range reasons {
		which := starved[why]
		if n := len(which); n > 4 {
			which = append(which[:3:3], fmt.Sprintf("and %d more", n-3))
		}
		lost = append(lost, "- **starved** "+strings.Join(which, ", ")+": "+why+"\n")
	}
	for _, line := range lost {
		blocks = append(blocks, block(line))
	}
	if len(lost) > 0 {
		blocks = append(blocks, "\n")
	}
	byCell, order := map[string][]change.Summary{}, []string{}
	for _, s := range all {
		if byCell[s.Cell] == nil {
			order = append(order, s.Cell)
		}
		byCell[s.Cell] = append(byCell[s.Cell], s)
	}
	for _, cell := range order {
		blocks = append(blocks, cellTable(cell, byCell[cell])...)
	}
	if len(order) == 0 {
		blocks = append(blocks, "No trial counts: there is no figure.\n\n")
	} else {
		blocks = append(blocks, "Medians of the trials that count, ± the further end of their 95 % interval.\n\n")
	}
	for _, text := range warnings {
		blocks = append(blocks, block("- warning: "+plainMarkdown(text)+"\n"))
	}
	return blocks
}

// cellTable has a row for each variant.
func cellTable(cell string, all []change.Summary) []block {
	var columns []results.Metric
	figures, rows := map[[2]string]change.Summary{}, []string{}
	for _, s := range all {
		key := [2]string{s.Variant, s.Metric.Name}
		figures[key] = s
		if len(rows) == 0 || rows[len(rows)-1] != s.Variant {
			rows = append(rows, s.Variant)
		}
	}
	for _, name := range headline {
		m, _ := results.ByName(name)
		for _, s := range all {
			if s.Metric.Name == name {
				columns = append(columns, m)
				break
			}
		}
	}
	head := "### " + code(cell) + "\n\n| variant |"
	rule := "\n| --- |"
	for _, m := range columns {
		head += " " + m.Name + " |"
		rule += " ---: |"
	}
	blocks := []block{block(head + rule + "\n")}
	for _, variant := range rows {
		row := "| " + code(variant) + " |"
		for _, m := range columns {
			text := "–"
			if s, ok := figures[[2]string{variant, m.Name}]; ok {
				text = value(m, s.Median)
				if half := max(s.High-s.Median, s.Median-s.Low); s.N > 1 && s.Median > 0 {
					text += fmt.Sprintf(" ± %.1f %%", 100*half/s.Median)
				}
			}
			row += " " + text + " |"
		}
		blocks = append(blocks, block(row+"\n"))
	}
	return append(blocks, "\n")
}

// comparisonBlocks are the verdict, what moved and what decides, and the rest
// folded away.
func comparisonBlocks(c change.Comparison) []block {
	c = plainComparison(c)
	words, _ := tally(c)
	blocks := []block{block("## alloclab: " + code(c.New) + " against " + code(c.Base) + "\n\n**" + strings.ToUpper(words[:1]) + words[1:] + ".**\n\n")}
	if c.Unstable != "" {
		blocks = append(blocks, block("**Unstable, so nothing is proved:** "+plainMarkdown(c.Unstable)+"\n\n"))
	}
	for _, text := range c.Warnings {
		blocks = append(blocks, block("- warning: "+plainMarkdown(text)+"\n"))
	}
	if c.Failed > 0 {
		blocks = append(blocks, block("- **"+failedWords(c)+"**\n"))
	}
	for _, r := range c.Refused {
		blocks = append(blocks, block("- **not comparable:** "+plainMarkdown(refusalWords(r))+"\n"))
	}
	for _, text := range c.Differs {
		blocks = append(blocks, block("- compared: "+plainMarkdown(text)+"\n"))
	}
	if len(c.Warnings)+len(c.Refused)+len(c.Differs)+c.Failed > 0 {
		blocks = append(blocks, "\n")
	}
	var first, rest []change.Change
	for _, ch := range c.Changes {
		if ch.Gated || ch.Verdict == change.Regressed || ch.Verdict == change.Improved {
			first = append(first, ch)
		} else {
			rest = append(rest, ch)
		}
	}
	blocks = append(blocks, changeTable(first)...)
	if len(rest) > 0 {
		blocks = append(blocks, block(fmt.Sprintf("<details><summary>%s, none proved to have moved</summary>\n\n", count(len(rest), "more metric"))))
		blocks = append(blocks, changeTable(rest)...)
		blocks = append(blocks, "</details>\n\n")
	}
	return blocks
}

var verdictSigns = map[change.Verdict]string{change.Regressed: "❌ ", change.Improved: "✅ ", change.Inconclusive: "❔ "}

func changeTable(all []change.Change) []block {
	if len(all) == 0 {
		return nil
	}
	blocks := []block{"| verdict | cell | variant | metric | base | new | change | 95 % interval | p |\n| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: |\n"}
	for _, ch := range all {
		p := known(ch.Adjusted)
		if p != "" {
			p = fmt.Sprintf("%.2g", ch.Adjusted)
		}
		decides := ""
		if ch.Verdict == "" {
			decides = "only shown"
		} else if !ch.Gated {
			decides = " (only shown)"
		}
		interval := percent(ch.Low) + " to " + percent(ch.High)
		if percent(ch.Low) == "–" {
			interval = "–"
		}
		blocks = append(blocks, block(fmt.Sprintf("| %s%s%s | %s | %s | %s | %s | %s | %s | %s | %s |\n", verdictSigns[ch.Verdict], ch.Verdict, decides,
			code(ch.Cell), code(ch.Variant), ch.Metric.Name, value(ch.Metric, ch.Base.Median), value(ch.Metric, ch.New.Median), percent(ch.Ratio), interval, p)))
	}
	blocks = append(blocks, "\n")
	noted := false
	for _, ch := range all {
		for _, text := range ch.Warnings {
			noted = true
			blocks = append(blocks, block(fmt.Sprintf("- %s %s %s: %s\n", code(ch.Cell), code(ch.Variant), ch.Metric.Name, plainMarkdown(text))))
		}
	}
	if noted {
		blocks = append(blocks, "\n")
	}
	return blocks
}

// writeBlocks writes all blocks, or as many as a limit of bytes allows and a
// word about the rest.
func writeBlocks(w io.Writer, blocks []block, limit int64) error {
	var out strings.Builder
	if limit > 0 && limit < 2*int64(len(cutNotice)) {
		return nil // what is there already fills it: one byte more and nothing is shown
	}
	for i, b := range blocks {
		if limit > 0 && int64(out.Len()+len(b)) > limit-int64(len(cutNotice))-20 {
			fmt.Fprintf(&out, "%s (%d left out)\n", cutNotice, len(blocks)-i)
			break
		}
		out.WriteString(string(b))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

const cutNotice = "\n\n**Cut here: GitHub shows no more than 1024 KiB of a step. All of it is in the run's files: keep them as an artifact.**"

// code shows a name as code: nothing in it is a link, a mention, a tag or
// emphasis there. What code spans of tables cannot hold becomes a character
// reference in a code element.
func code(name string) string {
	safe := name != "" && !strings.HasPrefix(name, " ") && !strings.HasSuffix(name, " ")
	for _, r := range name {
		safe = safe && r != '`' && r != '|' && r != '\\' && r != '<'
	}
	if safe {
		return "`" + name + "`"
	}
	return "<code>" + references(name) + "</code>"
}

// plainMarkdown is text outside code: every character that Markdown or HTML
// could take for more than itself is a reference.
func plainMarkdown(text string) string { return references(results.Plain(text)) }

func references(text string) string {
	var out strings.Builder
	runes := []rune(text)
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		switch {
		case r == '@', r == ':' && i+1 < len(runes) && runes[i+1] == '/', r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"):
			// A reference alone is still read as a mention of somebody, or as an address.
			fmt.Fprintf(&out, "&#%d;<!-- -->", r)
		case strings.ContainsRune("\\`*[]<>#|~&$", r),
			r == '_' && !(word(i-1) && word(i+1)),                                                                                   // within a word it is no emphasis
			r == ':' && i+1 < len(runes) && runes[i+1] == '/', r == '.' && i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www"): // addresses
			fmt.Fprintf(&out, "&#%d;", r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
