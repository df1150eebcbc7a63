package configs

import (
	"fmt"
	"slices"
)

// maxTrials is how many trials one experiment may ask for: at a second each
// they take more than a day.
const maxTrials = 100_000

// cells is how many points the workload's axes span, at most maxTrials+1: the
// product of checked factors, which cannot overflow.
func (w *Workload) cells() int {
	n := max(1, len(w.CPUs))
	for _, axis := range w.Params {
		n = min(n*len(axis.Values), maxTrials+1)
	}
	return n
}

// Cells is how many cells of the experiment take a pass.
func (e *Experiment) Cells(pass string) int {
	if !slices.Contains(e.Passes, pass) {
		return 0
	}
	n := len(e.Programs)
	for i := range e.Workloads {
		if w := &e.Workloads[i]; len(w.Passes) == 0 || slices.Contains(w.Passes, pass) {
			n += w.cells()
		}
	}
	return n
}

// matrix reports an experiment that asks for too many trials, and workloads
// that ask for the same cell: a cell is what variants are compared in, so
// measuring it under two headings would count its evidence twice.
func (e *Experiment) matrix(f *faults) {
	cells, largest := len(e.Programs), 0
	for i := range e.Workloads {
		cells = min(cells+e.Workloads[i].cells(), maxTrials+1)
		if e.Workloads[i].cells() > e.Workloads[largest].cells() {
			largest = i
		}
		for j := range i {
			if e.Workloads[i].meets(&e.Workloads[j]) {
				f.add(e.Workloads[i].At, "workload", &Error{
					Text: fmt.Sprintf("asks for a cell that the workload of line %d asks for too", e.Workloads[j].At.Line),
					Hint: "give the two no point in common",
				})
				break
			}
		}
	}
	trials := cells
	count := fmt.Sprint(cells)
	if cells > maxTrials {
		count = "more"
	}
	for _, factor := range []int{len(e.Variants), e.Rounds, len(e.Passes)} {
		trials = min(trials*max(1, factor), maxTrials+1)
	}
	if trials > maxTrials {
		at, key := Position{1, 1}, "program"
		if len(e.Workloads) > 0 {
			at, key = e.Workloads[largest].At, "workload"
		}
		f.add(at, key, &Error{
			Text: fmt.Sprintf("makes the matrix too large: cells x variants x rounds x passes = %s x %d x %d x %d, and at most %d trials are allowed",
				count, len(e.Variants), e.Rounds, len(e.Passes), maxTrials),
			Hint: "shorten a list of values or lower rounds",
		})
	}
}

// meets says whether two workloads have a cell in common: they do where every
// axis of the one shares a value with the same axis of the other.
func (w *Workload) meets(o *Workload) bool {
	if w.Name != o.Name || w.Runtime != o.Runtime || len(w.Params) != len(o.Params) || !share(w.CPUs, o.CPUs) {
		return false
	}
	for i := range w.Params {
		if !share(w.Params[i].Values, o.Params[i].Values) {
			return false
		}
	}
	return true
}

// share says whether two lists have a value in common, or are both empty.
func share[T comparable](a, b []T) bool {
	return len(a) == 0 && len(b) == 0 || slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
