package cause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// mechanism is the part from which on a reason is told, of what it is a reason for.
const mechanism = 0.2

// why says by which mechanism memory is held, as far as figures show it.
func (s *subject) why(w *words) string {
	p := s.medians()
	held := float64(p.Held())
	if s.word == Steady || s.word == Growth {
		return ""
	}
	var reasons []reason
	tell := func(bytes int64, of func() string) {
		if float64(bytes) >= mechanism*held {
			if text := of(); text != "" {
				reasons = append(reasons, reason{bytes, text})
			}
		}
	}
	tell(p.Retained, func() string { return strings.Join(s.whyRetained(w, p), " ") })
	tell(p.Pinned, func() string { return s.whyPinned(w) })
	tell(p.Unit, func() string {
		return fmt.Sprintf("%s of empty pages belong to spans, slabs or extents of which another part is in use: they go back only whole.",
			w.size("idle.unit", s.part(func(p Parts) int64 { return p.Unit })))
	})
	tell(p.ThreadCache, func() string {
		return fmt.Sprintf("Each thread keeps freed blocks for itself, %s in all, and only that thread can give them up.",
			w.size("idle.thread_cache", s.part(func(p Parts) int64 { return p.ThreadCache })))
	})
	tell(p.Metadata, func() string { return s.whyMetadata(w) })
	tell(p.Rounding, func() string { return s.whyRounding(w) })
	tell(p.Dropped, func() string {
		return fmt.Sprintf("The program says that it holds %s to which no pointer of its own leads.",
			w.size("idle.dropped", s.part(func(p Parts) int64 { return p.Dropped })))
	})
	slices.SortStableFunc(reasons, func(a, b reason) int { return cmp.Compare(b.bytes, a.bytes) })
	var texts []string
	for _, r := range reasons {
		texts = append(texts, r.text)
	}
	return strings.Join(texts, " ")
}

// reason is why so many bytes are held: the largest part is told first, so that
// the cause has its reason before any other.
type reason struct {
	bytes int64
	text  string
}

func (s *subject) whyPinned(w *words) string {
	blocks, ok := s.blocks()
	switch {
	case !ok:
		return ""
	case blocks.Value == 1:
		return w.count("idle.blocks", blocks) + " block that is not freed holds its pages."
	}
	return w.count("idle.blocks", blocks) + " blocks that are not freed are scattered over the pages: a page goes back only when its last block is."
}

// whyMetadata sets the tables against what they once were tables of, and says
// whether a purge moved them.
func (s *subject) whyMetadata(w *words) string {
	text := fmt.Sprintf("%s are tables in which the allocator keeps account of its memory", w.size("idle.metadata", s.part(func(p Parts) int64 { return p.Metadata })))
	if peak, ok := s.metric(results.MetricRSSPeak); ok {
		text += ", which was " + w.size("peak.rss", peak) + " at the peak"
	}
	left, ok := s.over(func(t *results.Trial) (float64, bool) {
		purged, base := t.Mark(results.MarkPurged), t.Mark(results.MarkBaseline)
		if purged == nil || base == nil {
			return 0, false
		}
		n, told := purged.Claims[results.ClaimMetadata]
		return float64(max(0, n-base.Claims[results.ClaimMetadata])), told
	})
	if ok {
		text += "; after a purge they were " + w.size("purged.metadata", left)
	}
	return text + "."
}

func (s *subject) whyRounding(w *words) string {
	blocks, ok := s.blocks()
	if !ok {
		return ""
	}
	each := s.part(func(p Parts) int64 { return p.Rounding })
	each.Value, each.Low, each.High = each.Value/blocks.Value, each.Low/blocks.High, each.High/blocks.Low
	return fmt.Sprintf("A block is %s larger on average than what was asked for (blocks in use: %s).", w.size("idle.rounding.each", each), w.count("idle.blocks", blocks))
}

// blocks is how many are in use at idle.
func (s *subject) blocks() (stat.Median, bool) {
	return s.atEnd(func(m *results.Mark) (float64, bool) { return float64(m.Blocks), m.Blocks > 0 })
}

// whyRetained goes by what the allocator claims of the retained pages, the most first.
func (s *subject) whyRetained(w *words, p Parts) []string {
	var texts []string
	byBytes := slices.Clone(retainedClaims)
	slices.SortStableFunc(byBytes, func(a, b string) int { return cmp.Compare(p.Claims[b], p.Claims[a]) })
	for _, name := range byBytes {
		n := p.Claims[name]
		if float64(n) < mechanism*float64(p.Retained) {
			continue
		}
		of := s.part(func(p Parts) int64 { return p.Claims[name] })
		size := w.size("idle."+name, of)
		switch name {
		case results.ClaimLazyFree:
			texts = append(texts, size+" are offered to the kernel (MADV_FREE), which takes them when memory is short.")
		case results.ClaimDecay:
			texts = append(texts, size+" wait for the allocator's clock"+s.clockWords(w)+".")
		case results.ClaimPageHeap:
			waits := "the allocator keeps for the next burst"
			if clock := s.clockWords(w); clock != "" {
				waits = "wait for the allocator's clock" + clock
			}
			texts = append(texts, size+" are whole free spans that "+waits+"."+s.steps(w))
		case results.ClaimTop:
			texts = append(texts, size+" lie at the end of a heap, above its highest block in use"+s.arenas(w)+".")
		case results.ClaimBins:
			texts = append(texts, "Memory goes back by itself only from the end of a heap, and "+size+" lie below the highest block in use"+s.arenas(w)+s.above(w)+".")
		case results.ClaimUnexplained:
			texts = append(texts, "For "+size+" of it the allocator gives no reason.")
		}
	}
	return texts
}

// clockWords says what clock it waits for, and what the window was.
func (s *subject) clockWords(w *words) string {
	c := s.watch.Clock
	if c.Seconds <= 0 {
		return ""
	}
	text := " of " + w.seconds("clock", number(c.Seconds))
	if s.watch.Window <= 0 { // a program that was not watched after its work
		return text + ", and it was looked at when its work had ended"
	}
	if s.watch.Stands() {
		return text + ", which runs on activity only, and " + w.seconds("window", number(roundWindow(s.watch.Window))) + " were silent"
	}
	return text + "; watched for " + w.seconds("window", number(roundWindow(s.watch.Window)))
}

// watchWords is Watch.Short with its figures kept.
func (s *subject) watchWords(w *words) string {
	for name, v := range map[string]float64{"clock": s.watch.Clock.Seconds, "clock.late": late(s.watch.Clock), "window": roundWindow(s.watch.Window)} {
		if v > 0 {
			w.keep(name, "s", number(v))
		}
	}
	if short := s.watch.Short(); short != "" {
		return short
	}
	return s.watch.Note()
}

// arenas says over how many heaps and arenas the memory lies, as read from outside.
func (s *subject) arenas(w *words) string {
	heaps, ok := s.atEnd(func(m *results.Mark) (float64, bool) {
		if m.Outside == nil {
			return 0, false
		}
		return float64(m.Outside.Heaps + 1), true // and the main heap
	})
	if !ok || heaps.Value < 2 {
		return ""
	}
	return ", over " + w.count("idle.heaps", heaps) + " heaps"
}

// above says how much of the heaps lies above their highest block in use, by
// their maps: the distance to the end from which memory goes back.
func (s *subject) above(w *words) string {
	if s.Maps == nil {
		return ""
	}
	above, ok := s.over(func(t *results.Trial) (float64, bool) {
		m := s.Maps(t.Trial).Mark(endOf(t))
		if m == nil {
			return 0, false
		}
		sum, known := int64(0), false
		for i := range m.Heaps {
			if n, ok := m.Heaps[i].AboveBlocks(); ok {
				sum, known = sum+n, true
			}
		}
		return float64(sum), known
	})
	if !ok {
		return ""
	}
	return "; from there to the end it is " + w.size("idle.above_blocks", above) + " in all"
}

// steps says what the allocator has given back by itself, where it counts that.
func (s *subject) steps(w *words) string {
	raw := func(name string) (stat.Median, bool) {
		return s.atEnd(func(m *results.Mark) (float64, bool) {
			if m.AllocatorStats == nil {
				return 0, false
			}
			v, ok := m.AllocatorStats.Raw[name]
			return v, ok
		})
	}
	count, counted := raw("tcmalloc.pageheap_decommit_count")
	bytes, told := raw("tcmalloc.pageheap_total_decommit_bytes")
	if !counted || !told {
		return ""
	}
	releases := " releases"
	if count.Value == 1 {
		releases = " release"
	}
	if bytes.Value == 0 {
		return fmt.Sprintf(" By itself it has given back nothing (%s).", w.count("idle.releases", count)+releases)
	}
	return fmt.Sprintf(" By itself it has given back %s, in %s.", w.size("idle.released", bytes), w.count("idle.releases", count)+releases)
}
