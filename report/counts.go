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
			if t.Instructions != nil && t.Instructions.HandsOver {
				out.WriteString("! Threads of this workload hand work to each other in turns that differ: expect its counts to repeat to some per cent only.\n")
				break
			}
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
