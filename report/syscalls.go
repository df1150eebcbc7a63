package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"alloclab/results"
)

// Syscalls prints, for each cell that was traced, which system calls for
// memory each variant made: how many and for how many bytes, phase by phase. Of several rounds it shows the first that counts:
// calls of different rounds are not added up. It prints nothing where nothing was traced.
func Syscalls(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, cell := range run.CellsOf(trials) {
		traced, missing := firstOf(run, cell.Name, trials, results.PassSyscalls)
		if len(traced)+len(missing) == 0 {
			continue
		}
		var out strings.Builder
		fmt.Fprintf(&out, "%s · system calls for memory", titleOf(run, cell))
		if len(traced) > 0 {
			fmt.Fprintf(&out, ", by %s, round %d\ncalls and their bytes of addresses, by the mark that ends the phase\n", results.Plain(traced[0].Syscalls.Tracer), traced[0].Round)
			out.WriteString(columns(callTable(run, traced), 2))
		} else {
			out.WriteString("\n")
		}
		out.WriteString(startNote(run, traced))
		for _, text := range missing {
			out.WriteString("! " + text + "\n")
		}
		if len(traced) > 0 {
			out.WriteString(wrap("Bytes are lengths of addresses, and not resident memory: a mapping costs memory only when it is touched, mmap PROT_NONE reserves addresses alone, "+
				"and madvise may name pages that are gone already. Page faults do not show here, and times under strace mean nothing.", 116, ""))
		}
		if _, err := io.WriteString(w, "\n"+out.String()); err != nil {
			return err
		}
	}
	return nil
}

// titleOf is a cell's heading, as in the run's table.
func titleOf(run results.Run, cell results.Cell) string {
	title := results.Plain(cell.Title())
	if run.Experiment.Name != "" {
		title = results.Plain(run.Experiment.Name) + ": " + title
	}
	return title
}

// firstOf is the first trial of a pass that counts, of each variant in the
// run's order, and a sentence for each variant that has none.
func firstOf(run results.Run, cell string, trials []results.Trial, pass string) (first []*results.Trial, missing []string) {
	for _, v := range run.Variants {
		var found, failed *results.Trial
		for i := range trials {
			t := &trials[i]
			switch {
			case t.Cell != cell || t.Variant != v.Label || t.Pass != pass:
			case t.Status != results.StatusOK || t.Syscalls == nil:
				failed = t
			case found == nil || t.Round < found.Round:
				found = t
			}
		}
		if found != nil {
			first = append(first, found)
		} else if failed != nil {
			missing = append(missing, fmt.Sprintf("%s: no trial that counts (%s)", results.Plain(v.Name()), results.Plain(string(failed.Status))))
		}
	}
	return first, missing
}

// nameOf is the variant of a trial as a table names it.
func nameOf(run results.Run, t *results.Trial) string {
	if v := run.Variant(t.Variant); v != nil {
		return results.Plain(v.Name())
	}
	return results.Plain(t.Variant)
}

// callTable has a row for each kind of call of each variant, from baseline on.
func callTable(run results.Run, traced []*results.Trial) [][]string {
	var phases []string
	for _, name := range results.MarkOrder[1:] {
		if slices.ContainsFunc(traced, func(t *results.Trial) bool { return t.Syscalls.Phase(name) != nil }) {
			phases = append(phases, name)
		}
	}
	table := [][]string{append([]string{"variant", "call"}, phases...)}
	for _, t := range traced {
		name := nameOf(run, t)
		for _, kind := range kindsOf(t.Syscalls, phases) {
			row := []string{name, results.Plain(strings.TrimSpace(kind[0] + " " + kind[1]))}
			for _, phase := range phases {
				row = append(row, callsIn(t.Syscalls.Phase(phase), kind))
			}
			table = append(table, row)
			name = ""
		}
		if name != "" {
			table = append(table, []string{name, "none"})
		} else if per, ok := t.Syscalls.PerOperation(); ok {
			table = append(table, []string{"", fmt.Sprintf("to freed: %s calls per operation", perOperation(per))})
		}
	}
	return table
}

// perOperation prints a rate that may be far below 1.
func perOperation(v float64) string {
	if v > 0 && v < 0.1 {
		return fmt.Sprintf("%.2g", v)
	}
	return results.Number(v)
}

// kindsOf are the kinds of calls that came in any of the phases, in order.
func kindsOf(s *results.Syscalls, phases []string) (kinds [][2]string) {
	for _, name := range phases {
		if p := s.Phase(name); p != nil {
			for _, c := range p.Calls {
				if kind := [2]string{c.Call, c.How}; !slices.Contains(kinds, kind) {
					kinds = append(kinds, kind)
				}
			}
		}
	}
	slices.SortFunc(kinds, func(a, b [2]string) int { return strings.Compare(a[0]+" "+a[1], b[0]+" "+b[1]) })
	return kinds
}

func callsIn(p *results.SyscallPhase, kind [2]string) string {
	if p == nil {
		return absent // the allocator has no such call
	}
	for _, c := range p.Calls {
		if c.Call != kind[0] || c.How != kind[1] {
			continue
		}
		text := fmt.Sprint(c.Count)
		if c.Errors > 0 {
			text += fmt.Sprintf(" (%d failed)", c.Errors)
		}
		if c.Bytes > 0 {
			text += " · " + results.Bytes(float64(c.Bytes))
		}
		return text
	}
	return "0"
}

// startNote says what came before baseline: the program's start and the lab's
// own memory, which are no behaviour of the workload.
func startNote(run results.Run, traced []*results.Trial) string {
	var words []string
	for _, t := range traced {
		if p := t.Syscalls.Phase(results.PhaseStart); p != nil {
			calls := int64(0)
			for _, c := range p.Calls {
				calls += c.Count
			}
			words = append(words, fmt.Sprintf("%s %d", nameOf(run, t), calls))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return wrap("Left out of the table are calls before baseline, which are the program's start, the lab's own memory and stacks: "+strings.Join(words, ", ")+".", 116, "")
}

// columns sets a table: the first columns left, the others right.
func columns(table [][]string, left int) string {
	var widths []int
	for _, row := range table {
		for i, text := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 || i >= left { // words at the end of a short row need no column
				widths[i] = max(widths[i], uniseg.StringWidth(text))
			}
		}
	}
	var out strings.Builder
	for _, row := range table {
		var line strings.Builder
		for i, text := range row {
			pad := strings.Repeat(" ", max(0, widths[i]-uniseg.StringWidth(text)))
			if i < left {
				text, pad = pad, text
			}
			line.WriteString(pad + text + "   ")
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}
