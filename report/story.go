package report

import (
	"fmt"
	"strings"

	"alloclab/analysis/cause"
	"alloclab/results"
)

// story tells in words what the steps show: where blocks lay, what their free
// gave back, and what a purge did. Every sentence is read off the figures.
func (s stepped) story() string {
	var words []string
	large := s.largest()
	words = append(words, s.places(large)...)
	words = append(words, s.reuse()...)
	words = append(words, s.rounds(large)...)
	words = append(words, s.purge()...)
	return strings.Join(words, " ")
}

// largest is the size of the largest block.
func (s stepped) largest() int64 {
	most := int64(0)
	for _, p := range s.steps {
		most = max(most, p.Malloc)
	}
	return most
}

// places says where the blocks that are not the largest came from.
func (s stepped) places(large int64) []string {
	var heap, outside []string
	seen := map[int64]bool{}
	for _, p := range s.steps {
		if p.Malloc == 0 || p.Malloc == large || seen[p.Malloc] {
			continue
		}
		seen[p.Malloc] = true
		if p.At != nil {
			heap = append(heap, results.Bytes(float64(p.Malloc)))
		} else {
			outside = append(outside, results.Bytes(float64(p.Malloc)))
		}
	}
	var words []string
	if len(heap) > 0 {
		words = append(words, list(heap)+" lay below the break")
	}
	switch n := len(outside); {
	case n > 0 && len(heap) == 0:
		words = append(words, list(outside)+" lay in mappings")
	case n > 0:
		words = append(words, list(outside)+" in a mapping")
	}
	if len(words) == 0 {
		return nil
	}
	return []string{strings.Join(words, ", ") + "."}
}

// reuse says which block went where another one had been.
func (s stepped) reuse() []string {
	freed := map[int64]int64{} // size by place
	var words []string
	for _, p := range s.steps {
		if p.At == nil {
			continue
		}
		if p.Free > 0 {
			freed[*p.At] = p.Free
		}
		if was, ok := freed[*p.At]; ok && p.Malloc > 0 && was != p.Malloc {
			words = append(words, fmt.Sprintf("%s went where %s had been.", results.Bytes(float64(p.Malloc)), results.Bytes(float64(was))))
			delete(freed, *p.At)
		}
	}
	return words
}

// rounds follow the largest block from each malloc to its free.
func (s stepped) rounds(large int64) []string {
	var words []string
	round, was := 0, ""
	for i, p := range s.steps {
		if i == 0 || p.Malloc != large && p.Free != large {
			continue
		}
		before := s.steps[i-1]
		moved, _ := difference(before.Break, p.Break)
		rss, known := difference(before.RSS, p.RSS)
		if p.Malloc == large {
			round++
			place := "in a mapping"
			if p.At != nil {
				place = "below the break"
			}
			if round > 1 && place != was {
				words = append(words, "Freeing it changed where the next went.")
			}
			was = place
			text := fmt.Sprintf("The %s %s lay %s", ordinal(round), results.Bytes(float64(large)), place)
			if moved > 0 {
				text += ", which rose by " + cause.Size(float64(moved))
			}
			words = append(words, text+";")
			continue
		}
		text := "free gave back nothing"
		if gave := -rss; known && gave >= large/2 {
			text = "free gave back " + cause.Size(float64(gave))
		} else if known && gave >= 64<<10 {
			text = "free gave back only " + cause.Size(float64(gave))
		}
		if moved < 0 {
			text += " and the break fell by " + cause.Size(float64(-moved))
		}
		words = append(words, text+".")
	}
	return words
}

// purge says what the allocator gave back when told to.
func (s stepped) purge() []string {
	n := len(s.steps)
	if n < 2 || !s.steps[n-1].Purged {
		return nil
	}
	before, p := s.steps[n-2], s.steps[n-1]
	rss, known := difference(before.RSS, p.RSS)
	if !known {
		return nil
	}
	text := "Told to give back, it returned next to nothing"
	if -rss >= 256<<10 {
		text = "Told to give back, it returned " + cause.Size(float64(-rss))
	}
	switch moved, known := difference(before.Break, p.Break); {
	case known && moved < 0:
		text += "; the break fell by " + cause.Size(float64(-moved))
	case known && *p.Break > 0 && -rss >= 256<<10:
		text += "; the break stayed"
	}
	return []string{text + "."}
}

func difference(before, after *int64) (int64, bool) {
	if before == nil || after == nil {
		return 0, false
	}
	return *after - *before, true
}

// list joins words: "a, b and c".
func list(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return words[0]
}

// ordinal is a small number as a word.
func ordinal(n int) string {
	words := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"}
	if n >= 1 && n <= len(words) {
		return words[n-1]
	}
	return fmt.Sprintf("%dth", n)
}
