package report

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/montanaflynn/stats"

	"alloclab/analysis/cause"
	"alloclab/results"
)

// row is one variant in one cell.
type row struct {
	variant  results.Variant
	counts   []*results.Trial // the trials that count
	all      []*results.Trial
	latency  []*results.Trial // of the latency pass, those that count
	slow     []*results.Trial // of the latency pass, all
	tooShort string           // why its RSS at idle tells nothing of what it keeps; "" if it does
}

// rows are the variants of a cell, in the experiment's order. Latencies are
// taken from the latency pass and all else from the time pass: figures of
// other passes are of other processes.
func rows(run results.Run, cell results.Cell, trials []results.Trial) []row {
	variants := append([]results.Variant(nil), run.Variants...)
	place := map[string]int{}
	for i, v := range variants {
		place[v.Label] = i
	}
	by := map[string][]*results.Trial{}
	for i := range trials {
		t := &trials[i]
		if t.Cell != cell.Name || t.Pass != results.PassTime && t.Pass != results.PassLatency {
			continue
		}
		if _, known := place[t.Variant]; !known {
			place[t.Variant] = len(variants)
			variants = append(variants, results.Variant{Label: t.Variant, Allocator: t.Allocator})
		}
		by[t.Variant] = append(by[t.Variant], t)
	}
	var rows []row
	for _, v := range variants {
		r := row{variant: v}
		for _, t := range by[v.Label] {
			all, counts := &r.all, &r.counts
			if t.Pass == results.PassLatency {
				all, counts = &r.slow, &r.latency
			}
			*all = append(*all, t)
			if t.Counts() {
				*counts = append(*counts, t)
			}
		}
		if len(r.all)+len(r.slow) == 0 {
			continue
		}
		r.tooShort = r.watch(cell)
		rows = append(rows, r)
	}
	return rows
}

// figure is a median, if there is one.
type figure struct {
	value float64
	ok    bool
}

// median is over the trials of the time pass that count and that have the
// figure.
func (r row) median(of func(*results.Trial) (float64, bool)) figure {
	return median(r.counts, of)
}

func median(trials []*results.Trial, of func(*results.Trial) (float64, bool)) figure {
	var values stats.Float64Data
	for _, t := range trials {
		if v, ok := of(t); ok {
			values = append(values, v)
		}
	}
	m, err := values.Median()
	if err != nil { // there are none; the library's NaN would spoil any order
		return figure{}
	}
	return figure{m, true}
}

func (r row) metric(name string) figure {
	return r.median(func(t *results.Trial) (float64, bool) { v, ok := t.Metrics[name]; return v, ok })
}

// p99 is the 99th percentile of malloc, of the latency pass.
func (r row) p99() figure {
	return median(r.latency, func(t *results.Trial) (float64, bool) { v, ok := t.Metrics[results.MetricMallocP99]; return v, ok })
}

// account is the median of a part of the ledger at idle.
func (r row) account(of func(*results.Mark) (int64, bool)) figure {
	return r.median(func(t *results.Trial) (float64, bool) {
		m := t.Mark(results.MarkIdle)
		if m == nil || m.Ledger == nil || m.Racy {
			return 0, false
		}
		v, ok := of(m)
		return float64(v), ok
	})
}

// live is what is in use at idle: resident bytes that were asked for.
func (r row) live() figure {
	return r.account(func(m *results.Mark) (int64, bool) { return m.Ledger.Live, true })
}

// heapOf is what is known of a program's heap when nobody knows its blocks: how
// large it is at the last mark before a purge, and what the allocator itself
// says is in use.
func (r row) heapOf(s scale) string {
	heap := r.median(func(t *results.Trial) (float64, bool) {
		m := beforePurge(t)
		if m == nil || m.Resident == nil {
			return 0, false
		}
		return float64(m.Resident.Heap), true
	})
	used := r.median(func(t *results.Trial) (float64, bool) {
		m := beforePurge(t)
		if m == nil || m.Resident == nil || m.AllocatorStats == nil || m.AllocatorStats.Allocated == nil {
			return 0, false
		}
		return float64(*m.AllocatorStats.Allocated), true
	})
	switch {
	case !heap.ok:
		return absent
	case !used.ok:
		return "heap " + s.show(heap)
	}
	return fmt.Sprintf("heap %s (in use by its own word: %s)", s.show(heap), s.show(used))
}

// share is the part of the heap from which on an account is worth a word.
const share = 0.05

// stays says in words what the heap holds at idle beside what is live: the
// accounts and, of the empty pages, the allocator's claims, largest first.
func (r row) stays(s scale) string {
	heap := r.account(func(m *results.Mark) (int64, bool) { return m.Ledger.Heap(), true })
	if !heap.ok {
		return r.heapOf(s)
	}
	type part struct {
		name  string
		bytes float64
	}
	large := func(parts []part, at int) []string {
		sort.SliceStable(parts, func(i, j int) bool { return parts[i].bytes > parts[j].bytes })
		var words []string
		for _, p := range parts {
			if p.bytes > 0 && p.bytes >= share*heap.value && len(words) < at {
				words = append(words, strings.ReplaceAll(p.name, "_", " ")+" "+s.show(figure{p.bytes, true}))
			}
		}
		return words
	}
	var claims, accounts []part
	for _, name := range append([]string{results.ClaimUnexplained}, results.ClaimOrder...) {
		c := r.account(func(m *results.Mark) (int64, bool) { v, ok := m.Claims[name]; return v, ok })
		claims = append(claims, part{name, c.value})
	}
	for _, a := range []struct {
		name string
		of   func(*results.Ledger) int64
	}{
		{"empty", func(l *results.Ledger) int64 { return l.Empty }},
		{"pinned", func(l *results.Ledger) int64 { return l.Pinned }},
		{"rounding", func(l *results.Ledger) int64 { return l.Rounding }},
	} {
		f := r.account(func(m *results.Mark) (int64, bool) { return a.of(m.Ledger), true })
		accounts = append(accounts, part{a.name, f.value})
	}
	words := large(accounts, 3)
	why := large(claims, 2)
	for i := range words {
		if strings.HasPrefix(words[i], "empty ") && len(why) > 0 {
			words[i] += " (" + strings.Join(why, ", ") + ")"
		}
	}
	if len(words) == 0 {
		return "only what is live"
	}
	return strings.Join(words, " · ")
}

// spread is a metric in units of a size, with the largest distance of a round from
// the median: all rounds that count lie within it.
func (r row) spread(metric string, size float64) string {
	m := r.metric(metric)
	if !m.ok {
		return absent
	}
	text := results.Number(m.value / size)
	if len(r.counts) < 2 || m.value == 0 {
		return text
	}
	spread := 0.0
	for _, t := range r.counts {
		if v, ok := t.Metrics[metric]; ok {
			spread = math.Max(spread, math.Abs(v-m.value)/m.value)
		}
	}
	return fmt.Sprintf("%s ± %.0f %%", text, math.Ceil(spread*100-1e-9))
}

// watch says why RSS at idle is no answer, or "".
func (r row) watch(cell results.Cell) string {
	return cause.WatchOf(r.counts, cause.Context{Clock: r.variant.Clock, Silent: cell.Silent}).Note()
}
