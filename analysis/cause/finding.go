package cause

import (
	"fmt"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// finding puts a variant's medians into words; among are all variants of the cell.
func (s *subject) finding(among []*subject) analysis.Finding {
	w := &words{}
	f := analysis.Finding{Subject: s.variant.Name(), Word: string(s.word), Head: s.head(w)}
	var tried tried
	if s.word != Steady {
		tried = s.tried(w, among)
	}
	f.Remedy, f.Instead = tried.within, tried.beyond
	for _, p := range []analysis.Part{
		{Topic: "held", Text: s.held(w)}, {Topic: "why", Text: s.why(w)}, {Topic: "grows", Text: s.grows(w)},
		{Topic: "tried", Text: tried.text}, {Topic: "set", Text: s.set(w, tried)},
	} {
		if p.Text != "" {
			f.Parts = append(f.Parts, p)
		}
	}
	f.Text = f.Head
	for _, p := range f.Parts {
		f.Text += " " + leads[p.Topic] + p.Text
	}
	f.Figures = w.figures
	return f
}

// leads make a part a sentence of the running text.
var leads = map[string]string{"held": "Held: ", "grows": "Grows: ", "tried": "Tried: ", "set": "Set: "}

// head is the answer in a line.
func (s *subject) head(w *words) string {
	rss := s.part(func(p Parts) int64 { return p.RSS })
	spread := ""
	if rss.N > 1 && rss.High-rss.Low > back*rss.Value && Size(rss.Low) != Size(rss.High) {
		spread = fmt.Sprintf(" (%d rounds: %s to %s)", rss.N, Size(rss.Low), Size(rss.High))
		w.keep("rounds", "1", number(float64(rss.N)))
	}
	used := s.part(func(p Parts) int64 { return p.InUse })
	use := w.size("idle.in_use", used) + " are in use"
	if used.Value == 0 {
		use = "nothing is in use"
	}
	if s.program != nil { // what it has for itself is no small thing, and is in no cause
		when, more := s.program.Began(), w.size("idle.in_use", used)+" more are"
		if used.Value == 0 {
			more = "nothing more is"
		}
		use = fmt.Sprintf("%s were there when %s, and %s in use since", w.size("baseline.rss", s.part(func(p Parts) int64 { return p.Floor })), when, more)
	}
	head := fmt.Sprintf("%s keeps %s%s; %s.", s.variant.Name(), w.size("idle.rss", rss), spread, use)
	if s.word == TooShort {
		return head + " No answer yet: " + s.watchWords(w) + "."
	}
	head += " Cause: " + s.verdict(w)
	if n := s.agree(); n < len(s.causes) {
		head += fmt.Sprintf(" (in %d of %d rounds)", n, len(s.causes))
		w.keep("rounds.agree", "1", number(float64(n)))
		w.keep("rounds", "1", number(float64(len(s.causes))))
	}
	head += "."
	if gone, small := s.small(); small {
		head += fmt.Sprintf(" It is a small rest, %s: %s have gone back since the peak.", w.size(FigureHeld, s.part(Parts.Held)), w.size("peak.gone", gone))
	}
	return head
}

// small says that most of what could go back since the peak has gone back by
// itself, and how much RSS has fallen since then. What is left of a burst of
// many GiB may be more than the program uses: that is small only where next to
// all has gone.
func (s *subject) small() (gone stat.Median, small bool) {
	switch s.word {
	case Steady, Growth, Leak, TooShort:
		return gone, false // told in words of their own
	}
	gone, ok := s.over(func(t *results.Trial) (float64, bool) {
		peak, had := t.Metrics[results.MetricRSSPeak]
		idle, has := t.Metrics[results.MetricRSSIdle]
		return peak - idle, had && has
	})
	held, used := s.part(Parts.Held).Value, s.part(func(p Parts) int64 { return p.InUse }).Value
	could := held + gone.Value
	return gone, ok && (held <= tinyRest*could || held <= smallRest*could && held <= used)
}

// verdict is the cause in a few words.
func (s *subject) verdict(w *words) string {
	p := s.medians()
	held := float64(p.Held())
	without := func(word string, n int64) string {
		if float64(n) < steadyShare*held {
			return ", not " + word
		}
		return ""
	}
	switch s.word {
	case Steady:
		return "steady, nothing to mend"
	case Growth:
		return "growth of what the program itself holds"
	case Retention:
		return "retention" + without("fragmentation", p.Fragmented())
	case Fragmentation:
		return "fragmentation" + without("retention", p.Retained)
	case ThreadCache:
		return "thread caches"
	case Metadata:
		return "metadata, the allocator's own tables"
	case Rounding:
		return "rounding, blocks larger than what was asked for"
	case Leak:
		return "a leak, memory to which the program has dropped every pointer"
	}
	var kinds []string
	for _, share := range p.Shares() {
		if share.Of >= worthAWord {
			kinds = append(kinds, w.percent("held."+string(share.Word), share.Of, len(s.causes))+" "+strings.ReplaceAll(string(share.Word), "_", " "))
		}
	}
	return "mixed, " + list(kinds)
}

// medians are the parts' medians as one.
func (s *subject) medians() Parts {
	m := func(of func(Parts) int64) int64 { return int64(s.part(of).Value) }
	p := Parts{
		RSS: m(func(p Parts) int64 { return p.RSS }), Floor: m(func(p Parts) int64 { return p.Floor }),
		InUse: m(func(p Parts) int64 { return p.InUse }), Dropped: m(func(p Parts) int64 { return p.Dropped }),
		Rounding: m(func(p Parts) int64 { return p.Rounding }), Pinned: m(func(p Parts) int64 { return p.Pinned }),
		Unit: m(func(p Parts) int64 { return p.Unit }), ThreadCache: m(func(p Parts) int64 { return p.ThreadCache }),
		Metadata: m(func(p Parts) int64 { return p.Metadata }), Retained: m(func(p Parts) int64 { return p.Retained }),
		Other: m(func(p Parts) int64 { return p.Other }), Claims: map[string]int64{},
	}
	for _, name := range retainedClaims {
		if n := m(func(p Parts) int64 { return p.Claims[name] }); n > 0 {
			p.Claims[name] = n
		}
	}
	return p
}

// held says what is resident beyond use, the largest part first.
func (s *subject) held(w *words) string {
	type part struct {
		name, text string
		of         func(Parts) int64
	}
	all := []part{
		{"idle.retained", "pages without a byte in use", func(p Parts) int64 { return p.Retained }},
		{"idle.pinned", "free bytes on pages that also hold a block in use", func(p Parts) int64 { return p.Pinned }},
		{"idle.unit", "empty pages of units (spans, slabs) that hold a block in use elsewhere", func(p Parts) int64 { return p.Unit }},
		{"idle.thread_cache", "free blocks that threads cache", func(p Parts) int64 { return p.ThreadCache }},
		{"idle.metadata", "the allocator's own tables", func(p Parts) int64 { return p.Metadata }},
		{"idle.rounding", "the rest of blocks that are larger than what was asked for", func(p Parts) int64 { return p.Rounding }},
		{"idle.dropped", "blocks that the program has lost every pointer to", func(p Parts) int64 { return p.Dropped }},
	}
	held := s.part(Parts.Held)
	if s.word == Steady {
		text := fmt.Sprintf("its heap holds %s that nobody uses", w.size(FigureHeld, held))
		if floor := s.part(func(p Parts) int64 { return p.Floor }); floor.Value > 0 {
			text += fmt.Sprintf("; %s were resident before the work began", w.size("baseline.rss", floor))
		}
		return text + "."
	}
	if held.Value < backBytes {
		return ""
	}
	var texts []string
	for len(texts) < 4 {
		best, most := -1, 0.0
		for i, p := range all {
			if v := s.part(p.of).Value; v > most && v >= worthAWord*held.Value {
				best, most = i, v
			}
		}
		if best < 0 {
			break
		}
		p := all[best]
		text := fmt.Sprintf("%s (%s) are %s", w.size(p.name, s.part(p.of)), w.percent(p.name+".share", min(1, most/held.Value), held.N), p.text)
		if len(texts) > 0 {
			text = strings.Replace(text, " are ", " ", 1)
		}
		texts = append(texts, text)
		all = append(all[:best], all[best+1:]...)
	}
	if len(texts) == 0 {
		return ""
	}
	text := fmt.Sprintf("its heap holds %s that nobody uses: %s.", w.size(FigureHeld, held), strings.Join(texts, ", "))
	if other := s.part(func(p Parts) int64 { return p.Other }); other.Value > held.Value && other.Value > leastBytes {
		text += fmt.Sprintf(" A further %s lie outside any heap.", w.size("idle.other", other))
	}
	return text
}

// retainedClaims are the reasons for which whole units are kept.
var retainedClaims = []string{
	results.ClaimLazyFree, results.ClaimDecay, results.ClaimPageHeap, results.ClaimTop, results.ClaimBins, results.ClaimUnexplained,
}
