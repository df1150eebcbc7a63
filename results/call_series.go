package results

import (
	"cmp"
	"math"
	"slices"
)

// CallRow is one row of syscalls/N.csv: calls of one kind, usually one call.
type CallRow struct {
	T     float64 // seconds since baseline, under the tracer; of several calls the last
	Phase string  // name of the mark that ends it
	SyscallCount
}

// CallSeries collects the calls of one trial in bounded memory, however many
// there are. Each is a row of its own up to MaxRows; then calls of one kind and phase that fall
// into one stretch of time share a row, and stretches double as often as it takes. Counts
// and bytes are never lost. Rows come in the order of time.
type CallSeries struct {
	rows  []CallRow
	width float64 // seconds that a row covers; 0: none are shared
}

// Add adds calls. T must be finite.
func (s *CallSeries) Add(row CallRow) {
	s.rows = append(s.rows, row)
	for len(s.rows) >= 2*MaxRows {
		s.merge()
	}
}

// merge brings the rows to MaxRows or fewer.
func (s *CallSeries) merge() {
	span := 0.0
	for _, r := range s.rows {
		span = math.Max(span, math.Abs(r.T))
	}
	if s.width = 2 * s.width; s.width == 0 {
		s.width = max(span, 1e-6) / MaxRows
	}
	type kind struct {
		stretch          float64
		phase, call, how string
	}
	at := map[kind]int{}
	kept := s.rows[:0]
	for _, r := range s.rows {
		k := kind{math.Floor(r.T / s.width), r.Phase, r.Call, r.How}
		if i, ok := at[k]; ok {
			k := &kept[i]
			k.T, k.Count, k.Errors, k.Bytes = max(k.T, r.T), k.Count+r.Count, k.Errors+r.Errors, k.Bytes+r.Bytes
			continue
		}
		at[k] = len(kept)
		kept = append(kept, r)
	}
	s.rows = kept
}

// Rows returns what was added: at most MaxRows rows, unless there are more
// kinds of calls than that.
func (s *CallSeries) Rows() []CallRow {
	for before := -1; len(s.rows) > MaxRows && (len(s.rows) != before || s.width < 1e9); {
		before = len(s.rows)
		s.merge()
	}
	slices.SortStableFunc(s.rows, func(a, b CallRow) int { return cmp.Compare(a.T, b.T) })
	return s.rows
}
