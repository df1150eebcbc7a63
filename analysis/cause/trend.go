package cause

import (
	"alloclab/analysis/stat"
	"alloclab/results"
)

// Window is a part of a trial's active time, in seconds; the zero Window is
// for TrendOf to choose.
type Window struct{ From, To float64 }

// Trend is how fast parts of a trial's memory grow, in bytes a second, over
// one window. A slope that could not be had is nil.
type Trend struct {
	Window
	Chosen     bool    // the window was given
	Looks      int     // looks in the window
	RSSAtEnd   float64 // bytes, without the lab's own
	LiveAtEnd  float64
	RSS, Live  *stat.Slope // of the looks, or of the series where there are fewer than five
	Empty      *stat.Slope // of the looks
	Fragmented *stat.Slope // of the looks: pinned and unit
}

// fewestPoints are needed for an interval; stat gives the range of slopes below it.
const fewestPoints = 5

// TrendOf fits slopes. Where no window is given it is the time between the
// first and the last look, or else the last three quarters of the phase that
// ends at hold, which leaves the warm-up out; a parked process grows by nothing, and all times are active ones.
func TrendOf(t *results.Trial, series func(trial int) []results.Sample, w Window) Trend {
	var samples []results.Sample
	if series != nil {
		samples = series(t.Trial)
	}
	chosen := w != Window{}
	if !chosen {
		w = chooseWindow(t)
	}
	g := Trend{Window: w, Chosen: chosen}
	lab := t.Lab()
	var looks []results.Mark
	for _, m := range t.Looks {
		if m.Ledger != nil && !m.Racy && m.T >= w.From && m.T <= w.To {
			looks = append(looks, m)
		}
	}
	g.Looks = len(looks)
	fit := func(value func(results.Mark) int64) *stat.Slope {
		var x, y []float64
		for _, m := range looks {
			x, y = append(x, m.T), append(y, float64(value(m)))
		}
		return slope(x, y)
	}
	g.Empty = fit(func(m results.Mark) int64 { return m.Ledger.Empty - m.Claims[results.ClaimUnit] })
	g.Fragmented = fit(func(m results.Mark) int64 { return m.Ledger.Pinned + m.Claims[results.ClaimUnit] })
	var at, rss, liveAt, live []float64
	for _, s := range samples {
		if s.T < w.From || s.T > w.To {
			continue
		}
		at, rss = append(at, s.T), append(rss, float64(s.RSS-lab))
		if s.Live != results.Absent {
			liveAt, live = append(liveAt, s.T), append(live, float64(s.Live))
		}
	}
	g.RSS, g.Live = slope(at, rss), slope(liveAt, live)
	if n := len(rss); n > 0 {
		g.RSSAtEnd = rss[n-1]
	}
	if n := len(live); n > 0 {
		g.LiveAtEnd = live[n-1]
	}
	if n := len(looks); n >= fewestPoints {
		// Of the same instants as the other two, so that they add up: between
		// looks live may be a sawtooth of bursts.
		g.RSS, g.Live = fit(func(m results.Mark) int64 { return m.RSS - lab }), fit(func(m results.Mark) int64 { return m.Asked })
		g.RSSAtEnd, g.LiveAtEnd = float64(looks[n-1].RSS-lab), float64(looks[n-1].Asked)
	}
	return g
}

// slope is nil where there are too few points for an interval.
func slope(x, y []float64) *stat.Slope {
	if len(x) < fewestPoints {
		return nil
	}
	s, err := stat.TheilSen(x, y)
	if err != nil {
		return nil // fewer than three instants
	}
	return &s
}

func chooseWindow(t *results.Trial) Window {
	if n := len(t.Looks); n >= fewestPoints {
		return Window{t.Looks[0].T, t.Looks[n-1].T}
	}
	baseline, hold := t.Mark(results.MarkBaseline), t.Mark(results.MarkHold)
	if baseline == nil || hold == nil {
		return Window{}
	}
	return Window{baseline.T + (hold.T-baseline.T)/4, hold.T}
}

// grewToTheEnd says that at idle nearly all is still there that was ever live
// at a mark: what falls has not grown.
func grewToTheEnd(t *results.Trial) bool {
	idle := t.Mark(results.MarkIdle)
	most := int64(0)
	for _, marks := range [][]results.Mark{t.Marks, t.Looks} {
		for _, m := range marks {
			most = max(most, m.Asked)
		}
	}
	return idle != nil && most > 0 && float64(idle.Asked) >= stillThere*float64(most)
}

// ofLive says that live data grows: surely, by a notable part of itself, and for
// long enough to be more than the loading of data.
func (g Trend) ofLive() bool {
	if g.Live == nil || !g.long() {
		return false
	}
	rise := g.Live.PerX * (g.To - g.From)
	return g.Live.Low > 0 && rise >= leastBytes && rise >= growthShare*g.LiveAtEnd
}

// long says that the slopes are of more than the loading of data.
func (g Trend) long() bool { return g.Looks >= fewestPoints || g.To-g.From >= leastTrend }

// Until is after how many seconds from the window's end RSS reaches the limit, as the median, the shortest
// and the longest that the slope's interval allows; it is false where RSS may well not grow at all.
func (g Trend) Until(limit float64) (seconds, soonest, latest float64, ok bool) {
	if g.RSS == nil || g.RSS.Low <= 0 {
		return 0, 0, 0, false
	}
	left := max(0, limit-g.RSSAtEnd)
	return left / g.RSS.PerX, left / g.RSS.High, left / g.RSS.Low, true
}
