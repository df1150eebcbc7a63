package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Title is the cell in words, for headings: its workload, and those of its
// parameters that are not the workload's own defaults.
func (c Cell) Title() string {
	if c.Program != nil {
		return c.Program.title(c.Workload)
	}
	words := c.Words()
	if words == "" {
		return Plain(c.Workload)
	}
	return Plain(c.Workload) + "  " + words
}

// Words are the parameters that differ from their defaults: "backlog 512 MiB,
// 8 threads, idle 30 s silent". It is empty where none does.
func (c Cell) Words() string {
	var words []string
	for _, p := range c.Params {
		if p.Default {
			continue
		}
		text := p.words()
		if p.Name == "idle" && c.Silent {
			text += " silent"
		}
		words = append(words, Plain(text))
	}
	if c.CPUs == 1 {
		words = append(words, "on 1 CPU")
	} else if c.CPUs > 1 {
		words = append(words, fmt.Sprintf("on %d CPUs", c.CPUs))
	}
	if c.Runtime == "go" {
		words = append(words, "beside the Go runtime")
	}
	return strings.Join(words, ", ")
}

// TitledCells are the run's cells so that their titles tell them apart: a
// parameter that has several values in the run is in all titles, and not left
// out where its value is the default.
func (r *Run) TitledCells() []Cell {
	values := map[[2]string]string{}
	several := map[[2]string]bool{}
	for _, c := range r.Cells {
		for _, p := range c.Params {
			key, value := [2]string{c.Workload, p.Name}, fmt.Sprint(p.Value)
			if first, seen := values[key]; seen && first != value {
				several[key] = true
			}
			values[key] = value
		}
	}
	cells := slices.Clone(r.Cells)
	for i, c := range cells {
		cells[i].Params = slices.Clone(c.Params)
		for j, p := range c.Params {
			cells[i].Params[j].Default = p.Default && !several[[2]string{c.Workload, p.Name}]
		}
	}
	return cells
}

// CellsOf are the run's cells, titled (see TitledCells), and then those that
// only trials know of, as after a merge of directories.
func (r *Run) CellsOf(trials []Trial) []Cell {
	all := r.TitledCells()
	known := map[string]bool{}
	for _, c := range all {
		known[c.Name] = true
	}
	for _, t := range trials {
		if !known[t.Cell] {
			known[t.Cell] = true
			all = append(all, Cell{Name: t.Cell, Workload: t.Cell})
		}
	}
	return all
}

func (p Param) words() string {
	name := strings.ReplaceAll(p.Name, "_", " ")
	var number float64
	switch v := p.Value.(type) {
	case bool:
		if v {
			return name
		}
		return "no " + name
	case int:
		number = float64(v)
	case int64:
		number = float64(v)
	case float64:
		number = v
	default:
		return fmt.Sprintf("%s %v", name, v)
	}
	switch p.Kind {
	case "bytes":
		return name + " " + Bytes(number)
	case "duration":
		return name + " " + Seconds(number)
	case "count":
		if !strings.HasSuffix(name, "s") {
			break // no plural of things: "keep 64"
		}
		if number == 1 {
			name = strings.TrimSuffix(name, "s")
		}
		return strconv.FormatFloat(number, 'f', -1, 64) + " " + name
	}
	return name + " " + strconv.FormatFloat(number, 'f', -1, 64)
}

// Name is the variant in words: its label, and the allocator's version where
// that is known and the label is the allocator's own name.
func (v Variant) Name() string {
	if v.Label == v.Allocator && v.Version != "" {
		return Plain(v.Label + " " + v.Version)
	}
	return Plain(v.Label)
}
