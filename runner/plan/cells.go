// Package plan turns an experiment into cells and an order of trials. It is
// pure: nothing is executed or looked up.
package plan

import (
	"fmt"
	"strconv"
	"strings"

	"alloclab/configs"
	"alloclab/results"
)

// Cells is every workload at every point of its axes, in the file's order, the
// last axis running fastest.
func Cells(e *configs.Experiment, kinds func(workload, parameter string) string) []results.Cell {
	var cells []results.Cell
	for _, w := range e.Workloads {
		cpus := w.CPUs
		if len(cpus) == 0 {
			cpus = []int{0}
		}
		for _, n := range cpus {
			for _, values := range points(w.Params) {
				cell := results.Cell{Workload: w.Name, CPUs: n, Passes: w.Passes}
				if w.Runtime != "c" {
					cell.Runtime = w.Runtime
				}
				for i, axis := range w.Params {
					cell.Params = append(cell.Params, results.Param{
						Name: axis.Name, Kind: kinds(w.Name, axis.Name), Value: values[i], Default: !axis.Given,
					})
				}
				cell.Silent = silent(cell.Params)
				cells = append(cells, cell)
			}
		}
	}
	name(cells)
	for _, p := range e.Programs {
		cells = append(cells, program(p))
	}
	return cells
}

// program is the one cell that a program has. Whether it calls the allocator
// in the idle window is not known, so that the cell is not called silent.
func program(p configs.Program) results.Cell {
	return results.Cell{Name: p.Name, Workload: p.Name, Params: []results.Param{}, Program: &results.Program{
		Command: p.Command, Directory: p.Directory, Environment: p.Environment, ReadyPort: p.Ready.Port, ReadyLine: p.Ready.Line,
		Load: p.Load, StopSignal: p.Stop.Signal, StopCommand: p.Stop.Command, After: p.After.Seconds(), Duration: p.Duration.Seconds(), FirstBytes: p.FirstBytes,
	}}
}

// silent says that nothing happens in the idle window: what trickles then is a
// parameter of that name, in every workload that has such a thing.
func silent(params []results.Param) bool {
	for _, p := range params {
		if p.Name == "trickle" {
			return p.Value == int64(0) || p.Value == 0.0
		}
	}
	return true
}

// points is the product of the axes.
func points(axes []configs.Axis) [][]any {
	all := [][]any{nil}
	for _, axis := range axes {
		var next [][]any
		for _, point := range all {
			for _, v := range axis.Values {
				next = append(next, append(append([]any(nil), point...), v))
			}
		}
		all = next
	}
	return all
}

// name names cells after what tells them apart within one workload:
// "iobuf/threads=8". The names are public: results, figures and gates use them.
func name(cells []results.Cell) {
	of := map[string][]int{}
	for i, c := range cells {
		of[c.Workload] = append(of[c.Workload], i)
	}
	for workload, indexes := range of {
		for _, i := range indexes {
			parts := []string{}
			for _, label := range labels(cells, i) {
				if differs(cells, indexes, label.name, label.value) {
					parts = append(parts, label.name+"="+label.value)
				}
			}
			cells[i].Name = workload
			if len(parts) > 0 {
				cells[i].Name += "/" + strings.Join(parts, ",")
			}
		}
		seen := map[string]int{}
		for _, i := range indexes { // the same point twice, in two tables: told apart by number
			seen[cells[i].Name]++
			if n := seen[cells[i].Name]; n > 1 {
				cells[i].Name += "#" + strconv.Itoa(n)
			}
		}
	}
}

type label struct{ name, value string }

func labels(cells []results.Cell, i int) []label {
	c := cells[i]
	var all []label
	for _, p := range c.Params {
		all = append(all, label{p.Name, Text(p)})
	}
	if c.CPUs > 0 {
		all = append(all, label{"cpus", strconv.Itoa(c.CPUs)})
	} else {
		all = append(all, label{"cpus", "all"})
	}
	runtime := c.Runtime
	if runtime == "" {
		runtime = "c"
	}
	return append(all, label{"runtime", runtime})
}

func differs(cells []results.Cell, indexes []int, name, value string) bool {
	for _, i := range indexes {
		for _, l := range labels(cells, i) {
			if l.name == name && l.value != value {
				return true
			}
		}
	}
	return false
}

// Text is a parameter's value as an experiment file would say it.
func Text(p results.Param) string {
	switch v := p.Value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	case int64:
		if p.Kind == string(configs.KindBytes) {
			return bytesText(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		if p.Kind == string(configs.KindDuration) {
			return strconv.FormatFloat(v, 'g', -1, 64) + "s"
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

func bytesText(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}
