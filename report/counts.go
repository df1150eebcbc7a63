package report

import (
	"fmt"
	"io"
	"strings"

	"alloclab/results"
)

// Counts prints, for each cell that was counted, instructions and system calls
// for memory per operation, and what they do not show. It prints nothing where nothing was counted.
func Counts(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, cell := range run.CellsOf(trials) {
		counted, missing := firstOf(run, cell.Name, trials, results.PassCounts)
		if len(counted)+len(missing) == 0 {
			continue
		}
		var out strings.Builder
		fmt.Fprintf(&out, "%s · counts of fixed work, baseline to freed, 1 round\n", titleOf(run, cell))
		table := [][]string{{"variant", "instructions/op", "memory calls/op", "operations"}}
		for _, t := range counted {
			row := []string{nameOf(run, t)}
			for _, name := range []string{results.MetricInstructions, results.MetricMemoryCalls} {
				text := absent
				if v, ok := t.Metrics[name]; ok {
					if text = perOperation(v); name == results.MetricInstructions {
						text = fmt.Sprintf("%.1f", v)
					}
				}
				row = append(row, text)
			}
			table = append(table, append(row, fmt.Sprint(t.Syscalls.Operations)))
		}
		if len(counted) > 0 {
			out.WriteString(columns(table, 1))
		}
		for _, text := range missing {
			out.WriteString("! " + text + "\n")
		}
		for _, t := range counted {
			out.WriteString(unsteady(nameOf(run, t), t))
		}
		if len(counted) > 0 {
			tools := counted[0].Syscalls.Tracer
			if counted[0].Instructions != nil {
				tools = counted[0].Instructions.Tracer + ", " + tools
			}
			out.WriteString(wrap("By "+results.Plain(tools)+". Instructions are those outside the kernel, the workload's own included. Counts do not show page faults, cache misses, "+
				"or threads that wait for each other: fewer instructions may still take longer.", 116, ""))
		}
		if _, err := io.WriteString(w, "\n"+out.String()); err != nil {
			return err
		}
	}
	return nil
}

// unsteady says which counts did not repeat, or is "".
func unsteady(name string, t *results.Trial) string {
	var words []string
	for _, c := range []struct{ metric, words string }{{results.MetricInstructions, "instructions"}, {results.MetricMemoryCalls, "memory calls"}} {
		first, ok := t.Metrics[c.metric]
		again, twice := t.Again[c.metric]
		if ok && twice && !t.Repeats(c.metric) {
			words = append(words, fmt.Sprintf("%s (%s, then %s)", c.words, perOperation(first), perOperation(again)))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return wrap("! "+name+": counted again, the same work gave other "+strings.Join(words, " and ")+
		". Threads took other turns, or the allocator has a clock of time: a small change of these cannot be told from that.", 116, "  ")
}
