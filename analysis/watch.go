package analysis

import (
	"fmt"
	"math"
	"slices"

	"alloclab/results"
)

// TooShort says why a variant's RSS at idle tells nothing of what it keeps: its
// clock needs longer than the idle window was, runs on activity of which there was none, or RSS
// still fell at the end. It is "" where the figure stands. The trials are those of
// one cell and variant, of pass time, that count.
func TooShort(v results.Variant, cell results.Cell, trials []*results.Trial) string {
	window, ok := medianOf(trials, func(t *results.Trial) (float64, bool) {
		freed, idle := t.Mark(results.MarkFreed), t.Mark(results.MarkIdle)
		if freed == nil || idle == nil {
			return 0, false
		}
		return idle.T - freed.T, true
	})
	idle, known := medianOf(trials, metric(results.MetricRSSIdle))
	if !ok || !known {
		return ""
	}
	// A purge that finds next to nothing proves that all had gone back.
	rss, _ := results.ByName(results.MetricRSSIdle)
	if purged, ok := medianOf(trials, metric(results.MetricRSSPurged)); ok && idle-purged <= max(rss.Floor, rss.MinEffect*idle) {
		return ""
	}
	watched := results.Seconds(math.Round(window*1000) / 1000)
	if window >= 1 {
		watched = results.Seconds(math.Round(window*10) / 10)
	}
	clock := v.Clock
	switch {
	case clock.Seconds > 0 && clock.OnActivity && cell.Silent:
		return fmt.Sprintf("its %s clock runs on activity only, and %s were silent", results.Seconds(clock.Seconds), watched)
	case max(clock.Seconds, clock.Watch) > window:
		takes := results.Seconds(clock.Seconds)
		if clock.Watch > clock.Seconds {
			takes += ", which can take " + results.Seconds(clock.Watch)
		}
		return fmt.Sprintf("clock %s, watched %s: too short to tell", takes, watched)
	}
	for _, t := range trials {
		if t.StillFalls() {
			return fmt.Sprintf("RSS still falls at the end of the %s: too short to tell", watched)
		}
	}
	return ""
}

func metric(name string) func(*results.Trial) (float64, bool) {
	return func(t *results.Trial) (float64, bool) { v, ok := t.Metrics[name]; return v, ok }
}

func medianOf(trials []*results.Trial, of func(*results.Trial) (float64, bool)) (float64, bool) {
	var values []float64
	for _, t := range trials {
		if v, ok := of(t); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	n := len(values)
	return values[(n-1)/2]/2 + values[n/2]/2, true
}
