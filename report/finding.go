package report

import (
	"fmt"
	"math"
	"strings"

	"alloclab/results"
)

// Finding says of one variant what it held at idle and what that is made of.
// It is derived from figures, never from an allocator's name.
type Finding struct {
	Subject string // the variant
	Text    string
}

// finding puts the medians at idle into words; it is false where no ledger was
// taken there.
func (r row) finding() (Finding, bool) {
	idle := r.metric(results.MetricRSSIdle)
	heap := r.account(func(m *results.Mark) (int64, bool) { return m.Ledger.Heap(), true })
	if !idle.ok || !heap.ok {
		return Finding{}, false
	}
	part := func(of func(*results.Ledger) int64) float64 {
		return r.account(func(m *results.Mark) (int64, bool) { return of(m.Ledger), true }).value
	}
	live := r.live().value
	empty := part(func(l *results.Ledger) int64 { return l.Empty })
	pinned := part(func(l *results.Ledger) int64 { return l.Pinned })
	rounding := part(func(l *results.Ledger) int64 { return l.Rounding })
	words := []string{fmt.Sprintf("holds %s at idle, of which %s are in use.", size(idle.value), size(live))}
	if kept := heap.value - live; kept > 0 && kept >= share*heap.value {
		percent := func(v float64) string { return fmt.Sprintf("%s (%.0f %%)", size(v), 100*v/kept) }
		made := []string{percent(empty) + " pages without a live byte"}
		if pinned >= share*kept {
			made = append(made, percent(pinned)+" beside live blocks on the same pages")
		}
		if rounding >= share*kept {
			made = append(made, percent(rounding)+" rounding of block sizes")
		}
		words = append(words, fmt.Sprintf("Of the %s that its heap holds beyond that: %s.", size(kept), strings.Join(made, ", ")))
		if why := r.claimed(empty); why != "" {
			words = append(words, "The allocator itself says: "+why+".")
		}
	}
	if purged := r.metric(results.MetricRSSPurged); purged.ok {
		if back := idle.value - purged.value; back >= max(256<<10, .02*idle.value) {
			words = append(words, fmt.Sprintf("Told to give back, it returned %s and held %s.", size(back), size(purged.value)))
		} else {
			words = append(words, "Told to give back, it returned next to nothing.")
		}
	}
	if r.tooShort != "" {
		words = append(words, "Not an answer yet: "+r.tooShort+".")
	}
	return Finding{Subject: r.variant.Name(), Text: strings.Join(words, " ")}, true
}

// claimed names the largest claim on empty pages, where one explains at least
// half of them.
func (r row) claimed(empty float64) string {
	for _, name := range results.ClaimOrder {
		c := r.account(func(m *results.Mark) (int64, bool) { v, ok := m.Claims[name]; return v, ok })
		if c.ok && empty > 0 && c.value >= empty/2 {
			return strings.ReplaceAll(name, "_", " ") + " " + size(c.value)
		}
	}
	return ""
}

// size prints bytes as tables do: no digits that no run repeats.
func size(bytes float64) string {
	if bytes >= 9.95*(1<<20) {
		return fmt.Sprintf("%.0f MiB", bytes/(1<<20))
	}
	if bytes >= 1<<20 {
		return fmt.Sprintf("%.1f MiB", bytes/(1<<20))
	}
	return results.Bytes(math.Round(bytes))
}
