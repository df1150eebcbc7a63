package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"alloclab/results"
)

// stepsWidth is how many columns of the terminal a table of steps may take;
// variants that do not fit stand in a table below.
const stepsWidth = 118

// Steps prints, of each cell whose workload looks at its heap step by step,
// what was there after each step, and the story in words. It prints nothing
// where there is no such workload.
func Steps(w io.Writer, run results.Run, trials []results.Trial) error {
	var out strings.Builder
	for _, cell := range run.CellsOf(trials) {
		var all []stepped
		for _, v := range run.Variants {
			if t := results.Stepped(trials, cell.Name, v.Label); t != nil {
				all = append(all, stepped{v.Name(), t.Steps()})
			}
		}
		if len(all) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\nStep by step, of %s, in KiB: the break and blocks' places from the heap's start,\n"+
			"the size of its top, and RSS without files beyond the start's:\n", results.Plain(cell.Title()))
		for len(all) > 0 {
			n := 1
			for n < len(all) && uniseg.StringWidth(stepsTable(all[:n+1])[0]) <= stepsWidth {
				n++
			}
			for _, line := range stepsTable(all[:n]) {
				out.WriteString(strings.TrimRight(line, " ") + "\n")
			}
			for _, s := range all[:n] {
				out.WriteString(wrap("- "+s.name+": "+s.story(), width, "  "))
			}
			all = all[n:]
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// stepped is a variant with its steps.
type stepped struct {
	name  string
	steps []results.Step
}

// columns are the texts of a variant, a column each with its head; a figure
// that none of its steps has is left out.
func (s stepped) columns() [][]string {
	kib := func(bytes float64) string { return strconv.FormatFloat(math.Round(bytes/1024), 'f', 0, 64) }
	start := s.steps[0].RSS
	texts := map[string]func(results.Step) string{
		"break": func(p results.Step) string { return orBlank(p.Break, kib) },
		"top":   func(p results.Step) string { return orBlank(p.Top, kib) },
		"RSS": func(p results.Step) string {
			if start == nil || p.RSS == nil {
				return ""
			}
			return fmt.Sprintf("%+d", (*p.RSS-*start)/1024)
		},
		"at": func(p results.Step) string {
			if p.At == nil && p.Malloc+p.Free > 0 {
				return "mapping"
			}
			return orBlank(p.At, kib)
		},
	}
	var columns [][]string
	for _, head := range []string{"break", "top", "RSS", "at"} {
		column, any := []string{head}, false
		for _, p := range s.steps {
			text := texts[head](p)
			any = any || text != ""
			column = append(column, text)
		}
		if any {
			columns = append(columns, column)
		}
	}
	return columns
}

func orBlank(bytes *int64, text func(float64) string) string {
	if bytes == nil {
		return ""
	}
	return text(float64(*bytes))
}

// block is the variant's part of the table: its name, the heads, a line for
// each step, all equally wide.
func (s stepped) block() []string {
	lines := make([]string, 1+1+len(s.steps))
	for i, column := range s.columns() {
		gap := " "
		if i == 0 {
			gap = ""
		}
		for j, text := range padded(column, false) {
			lines[j+1] += gap + text
		}
	}
	lines[0] = shorten(s.name, 30)
	return padded(lines, true)
}

// padded texts are as wide as the widest of them.
func padded(texts []string, left bool) []string {
	widest := 0
	for _, text := range texts {
		widest = max(widest, uniseg.StringWidth(text))
	}
	all := make([]string, len(texts))
	for i, text := range texts {
		pad := strings.Repeat(" ", widest-uniseg.StringWidth(text))
		if all[i] = pad + text; left {
			all[i] = text + pad
		}
	}
	return all
}

// stepsTable sets variants beside each other. They take the same steps, but
// that not every allocator has a call to purge, which is the last.
func stepsTable(all []stepped) []string {
	names := []string{"", "step"}
	for _, s := range all {
		for i := len(names) - 2; i < len(s.steps); i++ {
			names = append(names, s.steps[i].Words())
		}
	}
	lines := padded(names, true)
	for _, s := range all {
		block := s.block()
		blank := strings.Repeat(" ", uniseg.StringWidth(block[0]))
		for i := range lines {
			text := blank
			if i < len(block) {
				text = block[i]
			}
			lines[i] += "   " + text
		}
	}
	return lines
}
