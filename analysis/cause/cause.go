// Package cause says why memory is held: of one trial a cause, with the shares
// that decided, and of a variant's trials a finding. It reads ledgers, claims,
// marks, clocks and series, and never the name of an allocator: docs/causes.md
// states every threshold and its reason.
package cause

import (
	"alloclab/results"
)

// Word is why memory is held.
type Word string

// The causes. Of what is held beyond use, one kind is at least half, or it is Mixed.
const (
	Steady        Word = "steady"        // next to nothing is held beyond use
	Growth        Word = "growth"        // most of it is in use, and what is in use grows
	Retention     Word = "retention"     // whole free units: one call, or a clock, gives them back
	Fragmentation Word = "fragmentation" // free bytes beside live ones: pinned pages and partly used units
	ThreadCache   Word = "thread_cache"  // free blocks that threads keep for themselves
	Metadata      Word = "metadata"      // the allocator's own tables
	Rounding      Word = "rounding"      // blocks are larger than what was asked for
	Mixed         Word = "mixed"         // no kind is half of it
	TooShort      Word = "too_short_to_tell"
	Leak          Word = "leak" // the program has dropped the pointers: only where it says so itself
)

// Thresholds; docs/causes.md gives the reasons.
const (
	leastBytes  = 2 << 20 // what tables and caches of a few threads come to: less is no finding
	steadyShare = 0.10    // of what is in use
	half        = 0.5     // of what is held beyond use: from here on a kind is the cause
	smallRest   = 0.25    // of what was resident at the peak and is not in use now: three times as much has gone back
	tinyRest    = 0.10    // of the same: then it is small even where more than that is in use
	leakShare   = 0.25    // of the same, for what the program says that it dropped
	worthAWord  = 0.05    // of the same: from here on a part is mentioned
	back        = 0.02    // of RSS: less than that given back is next to nothing
	backBytes   = 256 << 10
	growthShare = 0.10 // of live: a smaller rise over the window is no growth
	stillThere  = 0.90 // of the most that was live: what grew has not been freed since
	leastTrend  = 10.0 // seconds of series, where no looks were taken: loading data takes seconds too
)

// FigureHeld is the name of the figure of a finding that says what is held
// beyond use.
const FigureHeld = "idle.held"

// FigureDropped is the figure under which a workload says how many bytes it
// still holds without any pointer to them.
const FigureDropped = "dropped_bytes"

// Parts divides what is resident at idle, in bytes. All but RSS and Floor are
// growth since baseline: what was there before the workload began is nobody's fault.
type Parts struct {
	RSS, Floor  int64 // without the lab's own memory
	InUse       int64 // live and not dropped
	Dropped     int64 // live, and no pointer leads there
	Rounding    int64
	Pinned      int64
	Unit        int64 // free pages of partly used spans, slabs, extents
	ThreadCache int64
	Metadata    int64
	Retained    int64 // the rest of empty
	Other       int64 // outside any heap: program, stacks, files, what the program maps itself
	// Why Retained is kept, as the allocator says: the claims lazy_free, decay,
	// page_heap, top, bins and unexplained.
	Claims map[string]int64
}

// Held is what the heap holds beyond use.
func (p Parts) Held() int64 {
	return p.Dropped + p.Rounding + p.Pinned + p.Unit + p.ThreadCache + p.Metadata + p.Retained
}

// Fragmented are free bytes that only the freeing or moving of blocks gives back.
func (p Parts) Fragmented() int64 { return p.Pinned + p.Unit }

// Share is one kind of what is held beyond use.
type Share struct {
	Word  Word
	Bytes int64
	Of    float64 // fraction of Held
}

// Shares are the kinds, none left out, in a fixed order.
func (p Parts) Shares() []Share {
	all := []Share{
		{Retention, p.Retained, 0}, {Fragmentation, p.Fragmented(), 0}, {ThreadCache, p.ThreadCache, 0},
		{Metadata, p.Metadata, 0}, {Rounding, p.Rounding, 0}, {Leak, p.Dropped, 0},
	}
	if held := p.Held(); held > 0 {
		for i := range all {
			all[i].Of = float64(all[i].Bytes) / float64(held)
		}
	}
	return all
}

// Cause is why memory is held, of one trial.
type Cause struct {
	Word  Word
	Parts Parts
	Watch Watch
	Trend Trend
}

// Context is what must be known beside the trial.
type Context struct {
	Clock  results.Clock // of its variant
	Silent bool          // no thread calls the allocator in the idle window
	Options
}

// Options say what else is wanted, and where samples are.
type Options struct {
	// Series gives the samples of a trial; nil, or a nil result, where there are none.
	Series func(trial int) []results.Sample
	// Maps gives a trial's heap maps; nil, or a nil result, where there are none.
	Maps   func(trial int) *results.HeapMaps
	Window Window  // over which slopes are fitted; the zero Window is chosen by TrendOf
	Limit  float64 // bytes of RSS that matter: how long until then is told; 0 for none
}

// Of decides the cause of one trial; it is false where no sound ledger was
// taken at idle.
func Of(t *results.Trial, c Context) (Cause, bool) {
	p, ok := partsOf(t)
	if !ok {
		return Cause{}, false
	}
	cause := Cause{Parts: p, Watch: watchOf(t, c)}
	toTheEnd := p.InUse >= p.Held() && grewToTheEnd(t)
	if toTheEnd || len(t.Looks) >= fewestPoints || c.Limit > 0 || c.Window != (Window{}) {
		cause.Trend = TrendOf(t, c.Series, c.Window) // it may read a file, so only where it is wanted
	}
	cause.Word = decide(p, cause.Watch.Short() != "", toTheEnd && cause.Trend.ofLive())
	return cause, true
}

func decide(p Parts, short, grows bool) Word {
	held := p.Held()
	switch {
	case grows && p.InUse >= held:
		return Growth
	case float64(held) <= max(leastBytes, steadyShare*float64(p.InUse)):
		return Steady
	}
	if float64(p.Dropped) >= max(leastBytes, leakShare*float64(held)) {
		return Leak // of a certainty that no other part has; what its blocks pin goes with it
	}
	word := Mixed
	for _, s := range p.Shares() {
		if s.Of >= half {
			word = s.Word
			break
		}
	}
	if short && (word == Retention || word == Mixed) {
		return TooShort // the part that a clock gives back decides
	}
	return word
}

// endOf is the mark at which is asked what is held: idle, or of a program that was not watched after its work the
// end of that.
func endOf(t *results.Trial) string {
	if m := t.Mark(results.MarkFreed); t.Mark(results.MarkIdle) == nil && m != nil && m.Ledger != nil && m.Ledger.LiveIsUsable {
		return results.MarkFreed
	}
	return results.MarkIdle
}

// resident is a metric of memory, which is that of a mark; of a program in pass census, where a mark has no metric, the mark itself.
func resident(t *results.Trial, metric, mark string) (float64, bool) {
	if v, ok := t.Metrics[metric]; ok {
		return v, true
	}
	if m := t.Mark(mark); m != nil && m.Ledger != nil && m.Ledger.LiveIsUsable {
		v, ok := m.Memory()
		return float64(v), ok
	}
	return 0, false
}

// partsOf reads the ledger and the claims of idle, less those of baseline.
func partsOf(t *results.Trial) (Parts, bool) {
	idle, base := t.Mark(endOf(t)), t.Mark(results.MarkBaseline)
	if idle == nil || idle.Ledger == nil || idle.Racy {
		return Parts{}, false
	}
	var floor results.Ledger
	var said results.Claims
	if base != nil && base.Ledger != nil {
		floor, said = *base.Ledger, base.Claims
	}
	l := idle.Ledger
	grew := func(now, before int64) int64 { return max(0, now-before) }
	claim := func(name string) int64 { return grew(idle.Claims[name], said[name]) }
	rounding := func(l *results.Ledger) int64 {
		if l.LiveIsUsable {
			return 0 // it is part of live there
		}
		return l.Rounding
	}
	p := Parts{
		RSS: idle.RSS - l.Lab, Floor: floor.Total() - floor.Lab,
		InUse: grew(l.Live, floor.Live), Rounding: grew(rounding(l), rounding(&floor)), Pinned: grew(l.Pinned, floor.Pinned),
		Other: l.Other + l.Unmanaged - floor.Other - floor.Unmanaged, Claims: map[string]int64{},
	}
	if n := t.Figures[FigureDropped]; n > 0 {
		p.Dropped = min(int64(n), p.InUse)
		p.InUse -= p.Dropped
	}
	left := grew(l.Empty, floor.Empty)
	take := func(n int64) int64 {
		n = min(n, left)
		left -= n
		return n
	}
	p.Metadata, p.Unit, p.ThreadCache = take(claim(results.ClaimMetadata)), take(claim(results.ClaimUnit)), take(claim(results.ClaimThreadCache))
	if _, told := idle.Claims[results.ClaimThreadCache]; !told {
		// The allocator does not say; but what went when the threads ended, and
		// at no purge before, was theirs, as far as nothing else explains it.
		p.ThreadCache = take(min(wentWithThreads(t), claim(results.ClaimUnexplained)))
	}
	p.Retained = left
	for _, name := range []string{results.ClaimLazyFree, results.ClaimDecay, results.ClaimPageHeap, results.ClaimTop, results.ClaimBins} {
		if n := min(claim(name), left); n > 0 {
			p.Claims[name] = n
			left -= n
		}
	}
	if left > 0 {
		p.Claims[results.ClaimUnexplained] = left
	}
	return p, true
}

// wentWithThreads is how many empty bytes went when the threads ended and a
// purge had just been tried; 0 where that is not known.
func wentWithThreads(t *results.Trial) int64 {
	before, after := t.Mark(results.MarkFlushed), t.Mark(results.MarkExited)
	if before == nil {
		before = t.Mark(results.MarkPurged)
	}
	if before == nil || after == nil || before.Ledger == nil || after.Ledger == nil {
		return 0
	}
	return max(0, before.Ledger.Empty-after.Ledger.Empty)
}
