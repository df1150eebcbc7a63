package cause

import (
	"fmt"
	"math"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// grows says what grows, how fast, and for how long there is room: where it is
// the cause, the workload asked for looks, or it was asked for.
func (s *subject) grows(w *words) string {
	fit := func(of func(Trend) *stat.Slope) (stat.Median, bool) {
		var all []stat.Slope
		for _, c := range s.causes {
			if slope := of(c.Trend); slope != nil {
				all = append(all, *slope)
			}
		}
		return slopes(all)
	}
	var windows []float64
	for _, c := range s.causes {
		windows = append(windows, c.Trend.To-c.Trend.From)
	}
	window := "over " + w.seconds("trend.window", number(middle(windows)))
	rss, ok := fit(func(t Trend) *stat.Slope {
		if !t.Chosen && !t.long() {
			return nil
		}
		return t.RSS
	})
	if !ok {
		if s.Limit > 0 {
			return fmt.Sprintf("no time to %s can be told: that needs %s of work, or %s looks in it, or a window of your choice.", w.bytes("limit", s.Limit),
				w.seconds("trend.needed", number(leastTrend)), w.count("trend.looks", number(fewestPoints)))
		}
		return ""
	}
	p := paceOf(rss.Value)
	between := fmt.Sprintf("(%s to %s)", p.show(rss.Low), p.show(rss.High))
	if rss.Low <= 0 { // the interval of at least one trial holds 0
		text := fmt.Sprintf("not surely: %s resident memory changed by %s %s.", window, w.rate("trend.rss", rss, p), between)
		if rss.Low == 0 && rss.High == 0 {
			text = fmt.Sprintf("no: %s resident memory did not change.", window)
		}
		if s.Limit > 0 {
			text += fmt.Sprintf(" So no time to %s can be told.", w.bytes("limit", s.Limit))
		}
		return text
	}
	text := fmt.Sprintf("%s resident memory grew by %s %s", window, w.rate("trend.rss", rss, p), between)
	var parts []string
	for _, part := range []struct {
		name, text string
		of         func(Trend) *stat.Slope
	}{
		{"trend.live", "what is in use", func(t Trend) *stat.Slope { return t.Live }},
		{"trend.empty", "empty pages", func(t Trend) *stat.Slope { return t.Empty }},
		{"trend.fragmented", "what fragmentation holds", func(t Trend) *stat.Slope { return t.Fragmented }},
	} {
		if m, ok := fit(part.of); ok {
			parts = append(parts, part.text+" by "+w.rate(part.name, m, p))
		}
	}
	if len(parts) > 0 {
		text += ", " + list(parts)
	}
	text += "."
	if s.word == Growth {
		m := s.medians()
		text += fmt.Sprintf(" %s of the heap is in use.", w.percent("idle.in_use.share", float64(m.InUse)/max(1, float64(m.InUse+m.Held())), len(s.causes)))
	}
	if s.Limit > 0 {
		text += s.until(w)
	}
	return text
}

// until says when the limit is reached at that rate.
func (s *subject) until(w *words) string {
	var at, soonest, latest []float64
	for _, c := range s.causes {
		if mid, low, high, ok := c.Trend.Until(s.Limit); ok {
			at, soonest, latest = append(at, mid), append(soonest, low), append(latest, high)
		}
	}
	limit := w.bytes("limit", s.Limit)
	if len(at) < len(s.causes) {
		return fmt.Sprintf(" It does not surely do so in every round: no time to %s can be told.", limit)
	}
	m := stat.Median{Value: middle(at), Low: soonest[0], High: latest[0], N: len(at)}
	for i := range at {
		m.Low, m.High = min(m.Low, soonest[i]), max(m.High, latest[i])
	}
	w.keep("limit.reached", "s", m)
	return fmt.Sprintf(" At that rate %s are reached in %s (%s to %s).", limit, span(m.Value), span(m.Low), span(m.High))
}

// slopes are those of several trials as one: their median, and the widest of
// their intervals; false where there are none.
func slopes(all []stat.Slope) (stat.Median, bool) {
	if len(all) == 0 {
		return stat.Median{}, false
	}
	values := make([]float64, len(all))
	m := stat.Median{Low: all[0].Low, High: all[0].High, N: len(all)}
	for i, s := range all {
		values[i] = s.PerX
		m.Low, m.High = min(m.Low, s.Low), max(m.High, s.High)
	}
	m.Value = middle(values)
	return m, true
}

// pace is a unit of time in which a rate can be read.
type pace struct {
	seconds float64
	name    string
}

var paces = []pace{{1, "s"}, {60, "min"}, {3600, "h"}, {86400, "day"}}

// paceOf is the first in which the rate, in bytes a second, is 1 MiB or more; else a day.
func paceOf(perSecond float64) pace {
	for _, p := range paces {
		if math.Abs(perSecond*p.seconds) >= 1<<20 {
			return p
		}
	}
	return paces[len(paces)-1]
}

func (p pace) show(perSecond float64) string {
	return Size(perSecond*p.seconds) + "/" + p.name
}

func (w *words) rate(name string, m stat.Median, p pace) string {
	w.keep(name, "B/s", m)
	return p.show(m.Value)
}

// bytes prints a size as it was asked for.
func (w *words) bytes(name string, v float64) string {
	w.keep(name, "B", number(v))
	return results.Bytes(v)
}

// span prints a time to come: of more than two days nobody wants the hours.
func span(s float64) string {
	switch {
	case s >= 2*365*86400:
		return fmt.Sprintf("%.0f years", s/(365*86400))
	case s >= 2*86400:
		return fmt.Sprintf("%.0f days", s/86400)
	}
	return results.Seconds(math.Round(s))
}
