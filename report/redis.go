package report

import (
	"fmt"
	"io"
	"strings"

	"alloclab/results"
)

// Redis prints the ratios by Redis' definitions of each program at the last mark
// before a purge, medians of the trials that count. It prints nothing of workloads, whose live bytes are known.
func Redis(w io.Writer, run results.Run, trials []results.Trial) error {
	for _, cell := range run.CellsOf(trials) {
		if cell.Program == nil {
			continue
		}
		all := rows(run, cell, trials)
		table, any := [][]string{{"ratio"}}, false
		for _, r := range all {
			table[0] = append(table[0], results.Plain(r.variant.Name()))
		}
		for i, name := range results.RedisNames {
			line := []string{name}
			for _, r := range all {
				f := r.median(func(t *results.Trial) (float64, bool) {
					m := beforePurge(t)
					if m == nil {
						return 0, false
					}
					ratio := m.RedisRatios().All()[i]
					return ratio.Value, ratio.Known
				})
				text := absent
				if f.ok {
					text, any = fmt.Sprintf("%.2f", f.value), true
				}
				line = append(line, text)
			}
			table = append(table, line)
		}
		if !any {
			continue
		}
		var out strings.Builder
		fmt.Fprintf(&out, "\n%s · ratios by Redis' definitions, after %s\n", titleOf(run, cell), lastMark(cell))
		out.WriteString(columns(table, 1))
		if _, err := io.WriteString(w, out.String()); err != nil {
			return err
		}
	}
	return nil
}

// beforePurge is the last mark at which the program was left as it is.
func beforePurge(t *results.Trial) *results.Mark {
	if m := t.Mark(results.MarkIdle); m != nil {
		return m
	}
	return t.Mark(results.MarkFreed)
}

// lastMark says in words when that is.
func lastMark(cell results.Cell) string {
	switch {
	case cell.Program.After > 0:
		return "the time that it was watched"
	case len(cell.Program.Load) > 0:
		return "its load"
	default:
		return "its work"
	}
}
