package cause

import (
	"fmt"
	"math"

	"alloclab/results"
)

// Watch is whether the idle window was long enough to say what an allocator
// keeps. Times are seconds.
type Watch struct {
	Window     float64 // length of the idle window; 0 where it is not known
	Clock      results.Clock
	Silent     bool
	StillFalls bool // RSS fell at its end
	// Returned says that a purge after it found next to nothing: all that can
	// go back by itself had gone.
	Returned bool
}

// watchOf looks at one trial.
func watchOf(t *results.Trial, c Context) Watch {
	w := Watch{Clock: c.Clock, Silent: c.Silent, StillFalls: t.StillFalls()}
	freed, idle := t.Mark(results.MarkFreed), t.Mark(results.MarkIdle)
	if freed != nil && idle != nil {
		w.Window = idle.T - freed.T
	}
	purged, ok := resident(t, results.MetricRSSPurged, results.MarkPurged)
	if rss, held := resident(t, results.MetricRSSIdle, endOf(t)); ok && held {
		w.Returned = rss-purged <= max(backBytes, back*rss)
	}
	return w
}

// WatchOf looks at a variant's trials: their median window; they returned all,
// or still fall, if one did.
func WatchOf(trials []*results.Trial, c Context) Watch {
	w := Watch{Clock: c.Clock, Silent: c.Silent}
	var windows, held, purged []float64
	for _, t := range trials {
		one := watchOf(t, c)
		w.StillFalls = w.StillFalls || one.StillFalls
		if one.Window > 0 {
			windows = append(windows, one.Window)
		}
		if v, ok := resident(t, results.MetricRSSIdle, endOf(t)); ok {
			held = append(held, v)
		}
		if v, ok := resident(t, results.MetricRSSPurged, results.MarkPurged); ok {
			purged = append(purged, v)
		}
	}
	if len(windows) > 0 {
		w.Window = middle(windows)
	}
	if len(held) > 0 && len(purged) > 0 {
		w.Returned = middle(held)-middle(purged) <= max(backBytes, back*middle(held))
	}
	return w
}

// Stands says that the clock stands still: it is looked at only inside the
// allocator's calls, and there were none.
func (w Watch) Stands() bool { return w.Clock.Seconds > 0 && w.Clock.OnActivity && w.Silent }

// Short says why the window was too short to tell, or is "". A clock that
// stood still for longer than its own time is an answer: a silent process keeps it.
func (w Watch) Short() string {
	switch {
	case w.Window <= 0 || w.Returned:
		return ""
	case w.Stands() && w.Window >= w.Clock.Seconds:
		return ""
	case max(w.Clock.Seconds, w.Clock.Watch) > w.Window:
		takes := results.Seconds(w.Clock.Seconds)
		if wait := late(w.Clock); wait > 0 && w.Window >= w.Clock.Seconds {
			takes += ", which may start up to " + results.Seconds(wait) + " late"
		}
		return fmt.Sprintf("clock %s, watched %s: too short to tell", takes, w.watched())
	case w.StillFalls:
		return fmt.Sprintf("RSS still falls at the end of the %s: too short to tell", w.watched())
	}
	return ""
}

// late is by how many seconds a clock may start late: pages age from the
// allocator's next look at them and not from their free.
func late(c results.Clock) float64 {
	if c.Seconds <= 0 {
		return 0
	}
	return max(0, c.Watch-c.Seconds)
}

// Note is what a table says beside a figure that is no answer to "what does it
// keep", or "".
func (w Watch) Note() string {
	if w.Stands() && w.Window > 0 && !w.Returned {
		return fmt.Sprintf("its %s clock runs on activity only, and %s were silent", results.Seconds(w.Clock.Seconds), w.watched())
	}
	return w.Short()
}

// watched is the window as it is printed.
func (w Watch) watched() string { return results.Seconds(roundWindow(w.Window)) }

func roundWindow(s float64) float64 {
	if s >= 1 {
		return math.Round(s*10) / 10
	}
	return math.Round(s*1000) / 1000
}
