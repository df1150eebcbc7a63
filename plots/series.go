package plots

import (
	"math"
	"slices"
	"sort"

	"alloclab/results"
)

// Trace is one trial with its samples, in the order of time.
type Trace struct {
	Trial   *results.Trial
	Samples []results.Sample
	Said    []results.Said // of a program: what its allocator said while it ran
}

// CellSeries is all trials of one variant in one cell. Those of other
// passes than time stand apart: passes are never averaged together.
type CellSeries struct {
	Variant results.Variant
	Traces  []Trace           // of the pass time
	Latency []*results.Trial  // of the pass latency
	Heaps   *results.HeapMaps // of the trial that Median is; nil where there is none
	Calls   []CallTrace       // of the pass syscalls
	Census  []Trace           // of the pass census
	Counts  []*results.Trial  // of the pass counts
}

// Median is the trace of the trial that stands for all: the one whose rss_mean
// is in the middle. It is false where no trial counts.
func (s CellSeries) Median() (Trace, bool) {
	sound := s.sound()
	if i := median(sound); i >= 0 {
		return sound[i], true
	}
	return Trace{}, false
}

// Range is the median, the lowest and the highest value of a metric over all
// trials that count; it is false where none has it.
func (s CellSeries) Range(metric string) (median, low, high float64, ok bool) {
	values := s.metric(metric)
	median, ok = middle(values)
	if ok {
		low, high = slices.Min(values), slices.Max(values)
	}
	return median, low, high, ok
}

// metric are the values of a metric in all trials that count, by round.
func (s CellSeries) metric(name string) []float64 {
	var values []float64
	for _, t := range s.sound() {
		if v, ok := t.Trial.Metrics[name]; ok {
			values = append(values, v)
		}
	}
	return values
}

// sound are the traces that may be drawn: of trials that count.
func (s CellSeries) sound() []Trace {
	var sound []Trace
	for _, t := range s.Traces {
		if t.Trial != nil && t.Trial.Counts() {
			sound = append(sound, t)
		}
	}
	return sound
}

// median is the place, among sound traces, of the one whose rss_mean is in the
// middle; of an even number, the lower of the two. It is a trial that really
// was: an average of curves would show a memory that no process ever had. It
// returns -1 where there are none.
func median(sound []Trace) int {
	order := make([]int, len(sound))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool {
		return sound[order[a]].Trial.Metrics[results.MetricRSSMean] < sound[order[b]].Trial.Metrics[results.MetricRSSMean]
	})
	if len(order) == 0 {
		return -1
	}
	return order[(len(order)-1)/2]
}

// dot is one point of a curve in seconds and bytes.
type dot struct{ t, y float64 }

// rss is the trace's resident memory, without the lab's own, up to end.
func (t Trace) rss(end float64) []dot {
	lab := t.Trial.Lab()
	return t.dots(end, func(s results.Sample) int64 { return max(0, s.RSS-lab) })
}

// live is the trace's live bytes up to end; nil where the target does not say.
func (t Trace) live(end float64) []dot {
	return t.dots(end, func(s results.Sample) int64 { return s.Live })
}

func (t Trace) dots(end float64, y func(results.Sample) int64) []dot {
	var dots []dot
	for _, s := range t.Samples {
		if math.IsNaN(s.T) || s.T < 0 || s.T > end {
			continue // before baseline, or after the last mark that has a time of its own
		}
		if v := y(s); v != results.Absent {
			dots = append(dots, dot{s.T, float64(v)})
		}
	}
	return dots
}

// end is where the trace's time ends: at idle, since the marks after it come
// at the same instant of unparked time; else at freed or at its last sample.
func (t Trace) end() float64 {
	if m := t.Trial.Mark(results.MarkIdle); m != nil {
		return m.T
	}
	end := 0.0
	if m := t.Trial.Mark(results.MarkFreed); m != nil {
		end = m.T
	}
	for _, s := range t.Samples {
		if s.T > end && !math.IsInf(s.T, 0) {
			end = s.T
		}
	}
	return end
}

// at is the RSS at a mark, without the lab's own, and whether there is one.
func (t Trace) at(mark string) (bytes float64, ok bool) {
	m := t.Trial.Mark(mark)
	if m == nil {
		return 0, false
	}
	return float64(max(0, m.RSS-t.Trial.Lab())), true
}

// last is the last value of a curve.
func last(dots []dot) float64 {
	if len(dots) == 0 {
		return 0
	}
	return dots[len(dots)-1].y
}

// top is the highest value of curves.
func top(curves ...[]dot) float64 {
	highest := 0.0
	for _, dots := range curves {
		for _, d := range dots {
			highest = math.Max(highest, d.y)
		}
	}
	return highest
}

// OfCensus are the same variants with the trials of pass census in the place
// of those of pass time; none where there are none.
func OfCensus(series []CellSeries) []CellSeries {
	var all []CellSeries
	for _, s := range series {
		if len(s.Census) > 0 {
			all = append(all, CellSeries{Variant: s.Variant, Traces: s.Census})
		}
	}
	return all
}
