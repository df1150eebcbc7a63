package report

import (
	"fmt"
	"io"
	"slices"
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
// to set; the cell that holds most beyond use comes first. Where paste is given, the line
// that puts a program on a variant follows for each that is to be taken. It reports how many cells it told of.
func Explain(w io.Writer, run results.Run, trials []results.Trial, o cause.Options, paste func(results.Variant) Paste) (cells int, err error) {
	found := cause.Findings(run, trials, o)
	sort.SliceStable(found, func(i, j int) bool { return mostHeld(found[i]) > mostHeld(found[j]) })
	var out strings.Builder
	var all []analysis.Finding
	for i, c := range found {
		if i > 0 {
			out.WriteString("\n")
		}
		title := results.Plain(c.Title())
		if run.Experiment.Name != "" && !(c.Program != nil && run.Experiment.Name == c.Workload) {
			title = results.Plain(run.Experiment.Name) + ": " + title
		}
		if c.Pass == results.PassCensus {
			title += " · by its census pass, in which every block is reported"
		}
		out.WriteString(wrap(title+" · "+heading(run), width, "  "))
		for _, f := range c.Findings {
			out.WriteString("\n" + explained(f))
		}
		all = append(all, c.Findings...)
	}
	if paste != nil {
		out.WriteString(toSet(run, all, paste))
	}
	out.WriteString(legend(all))
	_, err = io.WriteString(w, out.String())
	return len(found), err
}

// toSet are the variants that findings say to take, each with its line to paste.
func toSet(run results.Run, findings []analysis.Finding, paste func(results.Variant) Paste) string {
	var out strings.Builder
	for _, v := range run.Variants {
		if !slices.ContainsFunc(findings, func(f analysis.Finding) bool { return taken(f, v) }) {
			continue
		}
		for _, line := range paste(v).Lines {
			if line[0] != "shell" {
				continue
			}
			if out.Len() == 0 {
				out.WriteString("\nTo take a variant, start your program with its line:\n")
			}
			out.WriteString("  " + results.Plain(v.Name()) + "\n    " + line[1] + "\n")
		}
	}
	return out.String()
}

// taken says that a finding says to take the variant: it may have a remedy, and advise against any.
func taken(f analysis.Finding, v results.Variant) bool {
	return slices.ContainsFunc(f.Parts, func(p analysis.Part) bool {
		return p.Topic == "set" && slices.ContainsFunc([]*analysis.Remedy{f.Remedy, f.Instead}, func(r *analysis.Remedy) bool {
			return r != nil && r.Setting == v.Label && strings.Contains(p.Text, cause.Quote(v.Name()))
		})
	})
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
func ExplainTrial(w io.Writer, run results.Run, trial *results.Trial, o cause.Options) error {
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
	var all []analysis.Finding
	for _, c := range cause.Findings(run, shown, o) {
		for _, f := range c.Findings {
			out.WriteString("\n" + explained(f))
		}
		all = append(all, c.Findings...)
	}
	if table := ledgers(trial); len(table) > 1 {
		out.WriteString("\nThe ledger, in MiB: resident memory at each mark, every page in one column.\n" + layoutFigures(table))
		out.WriteString(wrap(accounts, width, "  "))
	}
	if table := residents(trial); len(table) > 1 {
		out.WriteString("\nIn MiB: resident memory at each mark. Which of the heap is in use is known in pass census only (exec --census).\n" + layoutFigures(table))
	}
	for _, text := range trial.Warnings {
		out.WriteString(wrap("! "+results.Plain(text), width, "  "))
	}
	out.WriteString(legend(all))
	_, err := io.WriteString(w, out.String())
	return err
}

// accounts says what the accounts of a ledger are.
const accounts = "live: what was asked for and is held. rounding: the rest of those blocks. pinned: free bytes on pages that also hold a block. " +
	"empty: pages of the heap without one. other: all outside the heap, such as the program, stacks and files. lab: the lab's own memory."

// ledgers is a table of the marks and looks, in the order of time.
func ledgers(t *results.Trial) [][]string {
	marks := append(append([]results.Mark(nil), t.Marks...), t.Looks...)
	sort.SliceStable(marks, func(i, j int) bool { return marks[i].T < marks[j].T })
	program := slices.ContainsFunc(marks, func(m results.Mark) bool { return m.Ledger != nil && m.Ledger.LiveIsUsable })
	column := "rounding"
	if program { // whose rounding is in live, and which maps memory itself
		column = "unmanaged"
	}
	table := [][]string{{"mark", "at s", "RSS", "live", column, "pinned", "empty", "other", "lab", "empty is, as the allocator says"}}
	mib := scale{"MiB", 1 << 20}
	for _, m := range marks {
		if m.Ledger == nil {
			continue
		}
		show := func(n int64) string { return mib.show(figure{float64(n), true}) }
		l := m.Ledger
		second := l.Rounding
		if program {
			second = l.Unmanaged
		}
		table = append(table, []string{results.Plain(m.Name), results.Number(m.T), show(m.RSS), show(l.Live), show(second), show(l.Pinned),
			show(l.Empty), show(l.Other), show(l.Lab), claims(m, mib)})
	}
	return table
}

// residents is the same of a program whose blocks nobody reported.
func residents(t *results.Trial) [][]string {
	table := [][]string{{"mark", "at s", "RSS", "heap", "in use by its own word", "other", "lab"}}
	mib := scale{"MiB", 1 << 20}
	for _, m := range t.Marks {
		if m.Resident == nil {
			continue
		}
		show := func(n int64) string { return mib.show(figure{float64(n), true}) }
		said := absent
		if s := m.AllocatorStats; s != nil && s.Allocated != nil {
			said = show(*s.Allocated)
		}
		table = append(table, []string{results.Plain(m.Name), results.Number(m.T), show(m.RSS), show(m.Resident.Heap), said, show(m.Resident.Other), show(m.Resident.Lab)})
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
