package cause

import (
	"fmt"
	"sort"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// What may be recommended; docs/causes.md gives the reasons.
const (
	worthSetting = 0.10 // of RSS: a remedy that gives back less is not named
	leastSpeed   = 0.80 // of the variant's own: what is slower is no remedy
	nearlyAsGood = 0.90 // of what a call gives back: then a setting is better, which needs no change of the program
	cures        = 0.50 // of what is held beyond use: another allocator that does less is not named
	mostVariants = 2    // of the same allocator, and of others, that are told of
)

// calls are the names of what the lab has the allocator do, by dialect.
var calls = map[string]struct{ purge, flush string }{
	"ptmalloc": {"malloc_trim(0)", ""},
	"jemalloc": {`mallctl("arena.4096.purge")`, `mallctl("thread.tcache.flush")`},
	"tcmalloc": {"MallocExtension_ReleaseFreeMemory()", "MallocExtension_MarkThreadIdle()"},
	"mimalloc": {"mi_collect(true)", "mi_collect(true)"},
}

func (s *subject) purgeCall() string {
	if c, ok := calls[s.dialect()]; ok {
		return c.purge
	}
	return "a purge"
}

func (s *subject) purgeOrder() string {
	c, ok := calls[s.dialect()]
	switch {
	case !ok:
		return "purge it"
	case s.program != nil:
		return "change the program to call " + c.purge
	}
	return "call " + c.purge
}

func (s *subject) flushCall() string {
	if c, ok := calls[s.dialect()]; ok && c.flush != "" {
		return c.flush
	}
	return "a flush of thread caches"
}

func (s *subject) flushOrder() string {
	if c, ok := calls[s.dialect()]; ok && c.flush != "" {
		return "call " + c.flush
	}
	return "empty its cache"
}

// tried is what remedies gave back in this run.
type tried struct {
	text           string
	within, beyond *analysis.Remedy // the best with this allocator, and the best other allocator
	beyondHeld     stat.Median
	best           stat.Median // what a purge gave back
	called         bool        // it was tried
	later          []string    // what emptying caches and the end of threads gave back, in words
	least          bool        // no other variant held less at idle, and there were others
	trimmed        *rival      // which of the others then holds least after its own purge, if that is less
}

func (s *subject) tried(w *words, among []*subject) tried {
	var t tried
	var texts []string
	if text := s.triedCalls(w, &t); text != "" {
		texts = append(texts, text)
	}
	texts = append(texts, s.triedVariants(w, among, &t)...)
	if len(texts) > 0 {
		t.text = strings.Join(texts, "; ") + "."
	}
	return t
}

// triedCalls tells what a purge, the emptying of thread caches and the end of
// the threads gave back, one after the other.
func (s *subject) triedCalls(w *words, t *tried) string {
	var texts []string
	rss := s.part(func(p Parts) int64 { return p.RSS })
	before, beforeMark := results.MetricRSSIdle, results.MarkIdle
	if s.program != nil {
		beforeMark = endOf(s.trials[0])
	}
	some := false // whether anything has gone back so far
	for _, step := range []struct{ mark, metric, did, short string }{
		{results.MarkPurged, results.MetricRSSPurged, s.purgeCall(), ""},
		{results.MarkFlushed, results.MetricRSSFlushed, "emptying the caches of all threads, and a purge", "emptying the caches of all threads"},
		{results.MarkExited, results.MetricRSSExited, "the end of all threads, and a purge", "the end of all threads"},
	} {
		from, fromMark := before, beforeMark
		gave, ok := s.over(func(t *results.Trial) (float64, bool) {
			a, hadBefore := resident(t, from, fromMark)
			b, had := resident(t, step.metric, step.mark)
			return a - b, hadBefore && had
		})
		if !ok {
			continue
		}
		before, beforeMark = step.metric, step.mark
		first := step.mark == results.MarkPurged
		switch {
		case gave.Value >= max(backBytes, back*rss.Value):
			further := ""
			if some {
				further = " a further"
			}
			some = true
			returned := w.size(step.mark+".returned", gave)
			text := fmt.Sprintf("%s returned%s %s", step.did, further, returned)
			if !first {
				t.later = append(t.later, step.short+" gave back "+returned)
			}
			if took, ok := s.at(step.mark, func(m *results.Mark) (float64, bool) { return m.PurgeSeconds, m.PurgeSeconds > 0 }); ok && first {
				text += " in " + w.seconds(step.mark+".took", took)
			}
			texts = append(texts, text)
		case first && gave.Value < backBytes: // a few pages come and go by themselves, either way
			texts = append(texts, fmt.Sprintf("%s returned nothing of %s", step.did, w.size("idle.rss", rss)))
		case first:
			some = true
			texts = append(texts, fmt.Sprintf("%s returned next to nothing (%s)", step.did, w.size(step.mark+".returned", gave)))
		}
		if step.mark == results.MarkFlushed && s.word == ThreadCache && gave.Value >= max(leastBytes, worthSetting*rss.Value) {
			t.within = &analysis.Remedy{
				Setting: s.flushCall(), Saved: figureOf(step.mark+".returned", gave),
				Text: fmt.Sprintf("have each thread %s before it waits, which returned %s", s.flushOrder(), w.size(step.mark+".returned", gave)),
			}
		}
		if first {
			t.called, t.best = true, gave
			if gave.Value >= max(leastBytes, worthSetting*rss.Value) {
				held, _ := s.over(func(t *results.Trial) (float64, bool) { return resident(t, step.metric, step.mark) })
				t.within = &analysis.Remedy{
					Setting: s.purgeCall(), Saved: figureOf(step.mark+".returned", gave),
					Text: fmt.Sprintf("%s after a burst, which leaves %s", s.purgeOrder(), w.size("purged.rss", held)),
				}
			}
		}
	}
	return strings.Join(texts, "; ")
}

// rival is another variant of the same cell.
type rival struct {
	*subject
	held, saved stat.Median
	speed       float64 // operations per CPU second over the subject's own
	timed       bool
}

// triedVariants tells what other variants held: the best of the same
// allocator, and of others.
func (s *subject) triedVariants(w *words, among []*subject, t *tried) (variants []string) {
	rss := s.part(func(p Parts) int64 { return p.RSS })
	var same, others []rival
	t.least = len(among) > 1
	for _, other := range among {
		if other == s {
			continue
		}
		if !other.variant.Reference && other.part(func(p Parts) int64 { return p.RSS }).Value < rss.Value {
			t.least = false
		}
		if !other.variant.Reference {
			s.trimmedBy(other, t)
		}
		r := rival{subject: other, held: other.part(func(p Parts) int64 { return p.RSS })}
		r.saved = stat.Median{Value: rss.Value - r.held.Value, Low: rss.Low - r.held.High, High: rss.High - r.held.Low, N: min(rss.N, r.held.N)}
		r.speed, r.timed = speed(other, s)
		if other.variant.Allocator == s.variant.Allocator {
			same = append(same, r)
		} else if !other.variant.Reference && r.saved.Value >= worthSetting*rss.Value {
			others = append(others, r)
		}
	}
	for _, group := range [][]rival{same, others} {
		sort.SliceStable(group, func(i, j int) bool { return group[i].held.Value < group[j].held.Value })
		for i, r := range group {
			if i == mostVariants {
				break
			}
			name := "variant." + r.variant.Label
			under := "under"
			if len(variants) == 0 {
				under = "the same work under"
			}
			text := fmt.Sprintf("%s %s held %s", under, Quote(r.variant.Name()), w.size(name+".rss", r.held))
			if r.timed {
				text += fmt.Sprintf(" (%s throughput per CPU second)", w.change(name+".speed", r.speed, r.held.N))
			}
			variants = append(variants, text)
		}
	}
	pick := func(group []rival, atLeast float64) *rival {
		for i, r := range group {
			if r.saved.Value >= max(leastBytes, worthSetting*rss.Value, atLeast) && (!r.timed || r.speed >= leastSpeed) {
				return &group[i]
			}
		}
		return nil
	}
	remedy := func(r *rival) *analysis.Remedy {
		return &analysis.Remedy{
			Setting: r.variant.Label, Saved: figureOf("variant."+r.variant.Label+".saved", r.saved),
			Text: fmt.Sprintf("take %s, which held %s", Quote(r.variant.Name()), w.size("variant."+r.variant.Label+".rss", r.held)),
		}
	}
	if r := pick(same, 0); r != nil && (t.within == nil || r.saved.Value >= nearlyAsGood*t.within.Saved.Value) {
		t.within = remedy(r)
	}
	if r := pick(others, cures*s.part(Parts.Held).Value); r != nil {
		t.beyond, t.beyondHeld = remedy(r), r.held
	}
	return variants
}

// trimmedBy notes another variant that holds less than s does at idle once it
// has been told to give back, if it is the one that holds least.
func (s *subject) trimmedBy(other *subject, t *tried) {
	left, ok := other.metric(results.MetricRSSPurged)
	if rss := s.part(func(p Parts) int64 { return p.RSS }); !ok || rss.Value-left.Value < max(leastBytes, worthSetting*rss.Value) {
		return
	}
	if t.trimmed == nil || left.Value < t.trimmed.held.Value {
		t.trimmed = &rival{subject: other, held: left}
	}
}

// Quote sets a label off from the sentence: labels hold commas and blanks.
func Quote(label string) string { return `"` + label + `"` }

// speed is how many operations per CPU second one did for each of the other.
func speed(of, base *subject) (ratio float64, ok bool) {
	a, hadA := of.metric(results.MetricOpsPerCPUS)
	b, hadB := base.metric(results.MetricOpsPerCPUS)
	if !hadA || !hadB || b.Value <= 0 {
		return 0, false
	}
	return a.Value / b.Value, true
}

func figureOf(name string, m stat.Median) analysis.Figure {
	return analysis.Figure{Name: name, Unit: "B", Value: m.Value, Low: m.Low, High: m.High, N: m.N}
}
