package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/results"
)

// Verdict says in words, variant by variant, what was kept at idle in the cell
// in which most was, why, and what to set. Explain and the page say more, of every cell.
func Verdict(w io.Writer, run results.Run, trials []results.Trial, o cause.Options) error {
	var chosen *Answer
	most := int64(-1)
	for _, a := range Answers(run, trials, o) {
		if kept := keptAtIdle(a.Cell.Name, trials); kept > most && len(a.Findings) > 0 {
			chosen, most = &a, kept
		}
	}
	if chosen == nil {
		return nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\nIn words, of %s:\n", chosen.Title)
	for _, f := range chosen.Findings {
		out.WriteString(wrap("- "+f.Head+set(f), width, "  "))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// keptAtIdle is the most that any trial of a cell held beyond what was live.
func keptAtIdle(cell string, trials []results.Trial) int64 {
	most := int64(-1)
	for i := range trials {
		t := &trials[i]
		if m := t.Mark(results.MarkIdle); t.Cell == cell && t.Counts() && m != nil && m.Ledger != nil {
			most = max(most, m.Ledger.Heap()-m.Ledger.Live)
		}
	}
	return most
}

// set is what to set, as it follows the head.
func set(f analysis.Finding) string {
	for _, p := range f.Parts {
		if p.Topic == "set" {
			return " Set: " + p.Text
		}
	}
	return ""
}

// width of a line in columns of the terminal.
const width = 116

// wrap breaks text into lines of at most width columns, all but the first
// indented. A percentage is one word, and so is a size with its unit.
func wrap(text string, width int, indent string) string { return wrapAfter("", text, width, indent) }

// wrapAfter is wrap with something in front of the first line.
func wrapAfter(lead, text string, width int, indent string) string {
	const bound = "\x00" // stands for a blank that must not break
	var out strings.Builder
	out.WriteString(lead)
	used := uniseg.StringWidth(lead)
	for i, word := range strings.Fields(unit.ReplaceAllString(text, "$1"+bound+"$2")) {
		word = strings.ReplaceAll(word, bound, " ")
		n := uniseg.StringWidth(word)
		switch {
		case i == 0:
		case used+1+n > width:
			out.WriteString("\n" + indent)
			used = len(indent)
		default:
			out.WriteString(" ")
			used++
		}
		out.WriteString(word)
		used += n
	}
	return out.String() + "\n"
}

// unit is a figure and what it counts.
var unit = regexp.MustCompile(`([0-9]) (%|B\b|[KMGT]iB\b|(?:ns|µs|ms|s|min|h)\b)`)
