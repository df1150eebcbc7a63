package cause

import (
	"fmt"
	"strings"

	"alloclab/analysis"
)

// set says what to do, from what was tried in this run.
func (s *subject) set(w *words, t tried) string {
	switch s.word {
	case Steady:
		return "" // the head says so
	case Growth:
		return fmt.Sprintf("nothing in the allocator: provide for it, or find what in the program holds %s.", w.size("idle.in_use", s.part(func(p Parts) int64 { return p.InUse })))
	case Leak:
		return fmt.Sprintf("nothing in the allocator: the program must free %s.", w.size("idle.dropped", s.part(func(p Parts) int64 { return p.Dropped })))
	case TooShort:
		return s.setLater(w, t)
	}
	choices := choicesOf(t)
	_, small := s.small()
	switch {
	case small && choices != "":
		return "to hold less still: " + choices + "."
	case small:
		return fmt.Sprintf("nothing is needed for a rest of %s.", w.size(FigureHeld, s.part(Parts.Held)))
	case choices != "":
		return choices + "."
	case t.least:
		return s.setNothingLess(w, t)
	case !t.called:
		return fmt.Sprintf("nothing was tried that could help against %s.", w.size(FigureHeld, s.part(Parts.Held)))
	}
	gave := "nothing"
	if t.best.Value >= backBytes {
		gave = w.size("purged.returned", t.best)
	}
	helps := "nothing that was tried helps"
	if len(t.later) > 0 { // not nothing, but nothing to be had while the threads work
		helps = "no call to give back and no variant that was tried helps"
	}
	text := fmt.Sprintf("%s: of %s the call returned %s", helps, w.size(FigureHeld, s.part(Parts.Held)), gave)
	for _, gaveBack := range t.later {
		text += "; " + gaveBack
	}
	if s.word == Fragmentation {
		text += "; what is left goes only when blocks are freed or moved"
	}
	return text + "."
}

// choicesOf are the best with this allocator and the best other one; the order
// "take" is given once.
func choicesOf(t tried) string {
	const take = "take "
	var choices []string
	for _, r := range []*analysis.Remedy{t.within, t.beyond} {
		if r == nil {
			continue
		}
		text := r.Text
		if len(choices) > 0 && strings.HasPrefix(choices[0], take) {
			text = strings.TrimPrefix(text, take)
		}
		choices = append(choices, text)
	}
	return strings.Join(choices, "; or ")
}

// setLater is for a window that was too short: first comes how to get an
// answer, and then, apart, what was seen to give memory back within the window.
func (s *subject) setLater(w *words, t tried) string {
	clock := s.watch.Clock
	if s.watch.Stands() {
		clock.Watch = clock.Seconds // a clock that stands still is an answer once its own time has passed
	}
	text := fmt.Sprintf("nothing yet: run it again with an idle window longer than %s, to see what it gives back by itself",
		w.seconds("clock.longest", number(max(clock.Seconds, clock.Watch, roundWindow(s.watch.Window)))))
	if wait := late(clock); wait > 0 && s.watch.Window < clock.Watch {
		text += fmt.Sprintf("; its clock of %s may start up to %s late", w.seconds("clock", number(clock.Seconds)), w.seconds("clock.late", number(wait)))
	}
	text += "."
	if choices := choicesOf(t); choices != "" {
		text += fmt.Sprintf(" Who needs the memory back within %s: %s.", w.seconds("window", number(roundWindow(s.watch.Window))), choices)
	}
	return text
}

// setNothingLess is for the variant that holds least by itself: at the same mark
// no other holds less, though one may after a purge.
func (s *subject) setNothingLess(w *words, t tried) string {
	text := fmt.Sprintf("nothing: by itself no other variant of this run held less than %s", w.size("idle.rss", s.part(func(p Parts) int64 { return p.RSS })))
	if r := t.trimmed; r != nil {
		text += fmt.Sprintf("; %s did after %s, which left %s", Quote(r.variant.Name()), r.purgeCall(), w.size("variant."+r.variant.Label+".purged", r.held))
	} else if s.word == Fragmentation {
		text += "; it goes only when blocks are freed or moved"
	}
	return text + "."
}
