package report

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/results"
)

// topics are the questions that a finding's parts answer, in a word for the margin.
var topics = map[string]string{"held": "Held", "why": "Why", "grows": "Grows", "tried": "Tried", "set": "Set"}

// Topic is the word for the margin.
func Topic(name string) string {
	if word, ok := topics[name]; ok {
		return word
	}
	return name
}

// Explain says cell by cell and variant by variant why memory is held and what
// to set; the cell that holds most beyond use comes first. It reports how many cells it told of.
func Explain(w io.Writer, run results.Run, trials []results.Trial, series Series) (cells int, err error) {
	found := cause.Findings(run, trials, series)
	sort.SliceStable(found, func(i, j int) bool { return mostHeld(found[i]) > mostHeld(found[j]) })
	var out strings.Builder
	words := map[string]bool{}
	for i, c := range found {
		if i > 0 {
			out.WriteString("\n")
		}
		title := results.Plain(c.Title())
		if run.Experiment.Name != "" {
			title = results.Plain(run.Experiment.Name) + ": " + title
		}
		out.WriteString(wrap(title+" · "+heading(run), width, "  "))
		for _, f := range c.Findings {
			words[f.Word] = true
			out.WriteString("\n" + explained(f))
		}
	}
	out.WriteString(legend(words))
	_, err = io.WriteString(w, out.String())
	return len(found), err
}

// margin is the column of topics.
const margin = 8

// explained is one finding: its head, and its parts set in from the topic.
func explained(f analysis.Finding) string {
	var out strings.Builder
	out.WriteString(wrap(f.Head, width, "  "))
	for _, p := range f.Parts {
		lead := "  " + Topic(p.Topic)
		lead += strings.Repeat(" ", margin-len(lead))
		out.WriteString(wrapAfter(lead, p.Text, width, strings.Repeat(" ", margin)))
	}
	return out.String()
}

// meanings say in plain words what a cause is.
var meanings = []struct{ word, text string }{
	{string(cause.Retention), "memory that the program has freed and the allocator keeps whole: one call, a setting or another allocator gives it back."},
	{string(cause.Fragmentation), "free memory between blocks in use, on the same pages or in the same unit: it goes back only when those blocks are freed or moved, or where another allocator lays them out otherwise."},
	{string(cause.ThreadCache), "freed blocks that each thread keeps for its own next request."},
	{string(cause.Metadata), "the allocator's own tables."},
	{string(cause.Rounding), "blocks that are larger than what was asked for."},
	{string(cause.Mixed), "no kind is half of what is held beyond use."},
	{string(cause.Growth), "the program holds more and more; no allocator can help."},
	{string(cause.Leak), "the program has lost the pointers to memory that it never freed; no allocator can help."},
	{string(cause.TooShort), "the allocator gives memory back after a time that the idle window did not reach."},
}

// legend explains the causes that were named.
func legend(named map[string]bool) string {
	var out strings.Builder
	for _, m := range meanings {
		if !named[m.word] {
			continue
		}
		if out.Len() == 0 {
			out.WriteString("\n")
		}
		out.WriteString(wrap(strings.ReplaceAll(m.word, "_", " ")+": "+m.text, width, "  "))
	}
	return out.String()
}

// mostHeld is the most that any variant of a cell holds beyond use.
func mostHeld(c cause.Cell) float64 {
	most := 0.0
	for _, f := range c.Findings {
		for _, g := range f.Figures {
			if g.Name == cause.FigureHeld {
				most = max(most, g.Value)
			}
		}
	}
	return most
}

// ExplainTrial says of one trial why its memory is held, and shows its ledger
// at each mark and look.
func ExplainTrial(w io.Writer, run results.Run, trial *results.Trial, series Series) error {
	var out strings.Builder
	cell := trial.Cell
	for _, c := range run.TitledCells() {
		if c.Name == trial.Cell {
			cell = c.Title()
		}
	}
	out.WriteString(wrap(fmt.Sprintf("trial %d: %s · %s · round %d · pass %s · %s", trial.Trial, results.Plain(cell), results.Plain(trial.Variant),
		trial.Round, results.Plain(trial.Pass), trial.Status), width, "  "))
	alone := *trial
	alone.Pass = results.PassTime // whatever it was run for, a ledger is a ledger
	shown := results.Salvage([]results.Trial{alone})
	for _, c := range cause.Findings(run, shown, series) {
		for _, f := range c.Findings {
			out.WriteString("\n" + explained(f))
		}
	}
	if table := ledgers(trial); len(table) > 1 {
		out.WriteString("\nThe ledger, in MiB: resident memory at each mark, every page in one column.\n" + layoutFigures(table))
	}
	for _, text := range trial.Warnings {
		out.WriteString(wrap("! "+results.Plain(text), width, "  "))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// ledgers is a table of the marks and looks, in the order of time.
func ledgers(t *results.Trial) [][]string {
	marks := append(append([]results.Mark(nil), t.Marks...), t.Looks...)
	sort.SliceStable(marks, func(i, j int) bool { return marks[i].T < marks[j].T })
	table := [][]string{{"mark", "at s", "RSS", "live", "rounding", "pinned", "empty", "other", "lab", "empty is, as the allocator says"}}
	mib := scale{"MiB", 1 << 20}
	for _, m := range marks {
		if m.Ledger == nil {
			continue
		}
		show := func(n int64) string { return mib.show(figure{float64(n), true}) }
		l := m.Ledger
		table = append(table, []string{results.Plain(m.Name), results.Number(m.T), show(m.RSS), show(l.Live), show(l.Rounding), show(l.Pinned),
			show(l.Empty), show(l.Other), show(l.Lab), claims(m, mib)})
	}
	return table
}

// claims are those of a mark that come to something, in their order.
func claims(m results.Mark, s scale) string {
	var words []string
	for _, name := range append(append([]string(nil), results.ClaimOrder...), results.ClaimUnexplained) {
		if n := m.Claims[name]; n >= 1<<19 {
			words = append(words, strings.ReplaceAll(name, "_", " ")+" "+s.show(figure{float64(n), true}))
		}
	}
	return strings.Join(words, " · ")
}
