package plots

import (
	"math"
	"slices"
	"strconv"

	"alloclab/results"
)

// span is the scale of one axis: linear from 0, or logarithmic.
type span struct {
	low, high float64
	log       bool
}

// at is where a value lies: 0 at the low end, 1 at the high one. What lies
// outside is put at the edge.
func (s span) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log(math.Max(v, s.low)), math.Log(low), math.Log(high)
	}
	if !(high > low) {
		return 0
	}
	return math.Min(1, math.Max(0, (v-low)/(high-low)))
}

// timeSpan is a logarithmic scale of whole decades that holds all the times.
func timeSpan(values []float64) (span, bool) {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if high == 0 {
		return span{}, false
	}
	s := span{math.Pow(10, math.Floor(math.Log10(low)+1e-9)), math.Pow(10, math.Ceil(math.Log10(high)-1e-9)), true}
	if s.high <= s.low {
		s.high = s.low * 10
	}
	return s, true
}

// decades are the ticks of a logarithmic scale of seconds.
func (s span) decades() []tick {
	var all []tick
	for i := math.Round(math.Log10(s.low)); i <= math.Log10(s.high)+1e-9; i++ {
		v := math.Pow(10, i)
		all = append(all, tick{v, results.Seconds(v)})
	}
	return all
}

// factors are the ticks of a logarithmic scale of ratios: 1, 2, 5, 10, … Its
// low end is above 0, as that of any logarithmic scale.
func (s span) factors() []tick {
	var all []tick
	for decade := math.Pow(10, math.Floor(math.Log10(s.low))); decade <= s.high; decade *= 10 {
		for _, f := range []float64{1, 2, 5} {
			if v := decade * f; v >= s.low*(1-1e-9) && v <= s.high*(1+1e-9) && (f == 1 || s.high/s.low < 2000) {
				all = append(all, tick{v, "×" + strconv.FormatFloat(v, 'g', -1, 64)})
			}
		}
	}
	return all
}

// rateTicks are ticks from 0 to top events a second.
func rateTicks(top float64) []tick {
	switch {
	case top >= 1e9:
		return ticks(top, 1e9, "G/s")
	case top >= 1e6:
		return ticks(top, 1e6, "M/s")
	case top >= 1e3:
		return ticks(top, 1e3, "k/s")
	default:
		return ticks(top, 1, "/s")
	}
}

// rate prints a rate as rateTicks do.
func rate(v float64) string {
	switch {
	case v >= 1e9:
		return results.Number(v/1e9) + " G/s"
	case v >= 1e6:
		return results.Number(v/1e6) + " M/s"
	case v >= 1e3:
		return results.Number(v/1e3) + " k/s"
	default:
		return results.Number(v) + " /s"
	}
}

// countTicks are whole numbers from 0 to top.
func countTicks(top float64) []tick {
	all := ticks(math.Max(1, top), 1, "B") // whole steps, as for bytes
	for i := range all {
		all[i].label = strconv.FormatFloat(all[i].at, 'f', 0, 64)
	}
	return all
}

// middle is the median of values, and whether there are any.
func middle(values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	sorted := append([]float64(nil), values...)
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2, true
}
