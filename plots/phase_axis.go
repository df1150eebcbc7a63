package plots

import (
	"slices"

	"alloclab/results"
)

// phaseSpan is the stretch of a phase: in seconds since baseline, and on the
// axis, which goes from 0 to 1.
type phaseSpan struct {
	name       string
	begin, end float64
	from, to   float64
}

// phaseAxis is an axis of time on which each phase has the same width, and the
// three after idle, which are short orders of the lab's, half of it: beside an idle window of 30 s
// nothing of 20 ms could be seen.
type phaseAxis []phaseSpan

func newPhaseAxis(s *results.Syscalls) phaseAxis {
	var axis phaseAxis
	begin, at := 0.0, 0.0
	for _, p := range s.Phases {
		if p.Phase == results.PhaseStart || p.Phase == results.PhaseEnd {
			continue
		}
		width := 1.0
		if slices.Contains([]string{results.MarkPurged, results.MarkFlushed, results.MarkExited}, p.Phase) {
			width = 0.5
		}
		axis = append(axis, phaseSpan{p.Phase, begin, p.End, at, at + width})
		begin, at = p.End, at+width
	}
	for i := range axis {
		axis[i].from, axis[i].to = axis[i].from/at, axis[i].to/at
	}
	return axis
}

// at is where an instant of a phase lies; false where there is no such phase.
func (a phaseAxis) at(phase string, t float64) (float64, bool) {
	for _, p := range a {
		if p.name != phase {
			continue
		}
		part := 0.5
		if p.end > p.begin {
			part = min(1, max(0, (t-p.begin)/(p.end-p.begin)))
		}
		return p.from + part*(p.to-p.from), true
	}
	return 0, false
}
