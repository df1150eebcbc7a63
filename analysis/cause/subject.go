package cause

import (
	"alloclab/analysis"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// Cell is what is found of one cell, a finding a variant.
type Cell struct {
	results.Cell
	Pass     string // whose ledgers told
	Findings []analysis.Finding
}

// Findings says of every cell and variant why memory is held. A variant of
// which no trial that counts has a sound ledger at idle has none.
func Findings(run results.Run, trials []results.Trial, o Options) []Cell {
	var all []Cell
	for _, cell := range run.CellsOf(trials) {
		subjects := subjectsOf(run, cell, trials, o)
		c := Cell{Cell: cell, Pass: passOf(cell, trials)}
		for _, s := range subjects {
			c.Findings = append(c.Findings, s.finding(subjects))
		}
		if len(c.Findings) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// subject is one variant in one cell.
type subject struct {
	variant results.Variant
	program *results.Program // the user's, or nil
	trials  []*results.Trial // that count and have a sound ledger at idle
	causes  []Cause          // theirs
	watch   Watch
	word    Word
	Options
}

// subjectsOf are in the experiment's order.
func subjectsOf(run results.Run, cell results.Cell, trials []results.Trial, o Options) []*subject {
	var order []*subject
	by := map[string]*subject{}
	add := func(v results.Variant) *subject {
		s := &subject{variant: v, program: cell.Program}
		by[v.Label], order = s, append(order, s)
		return s
	}
	for _, v := range run.Variants {
		add(v)
	}
	pass := passOf(cell, trials)
	for i := range trials {
		t := &trials[i]
		if t.Cell != cell.Name || t.Pass != pass || !t.Counts() {
			continue
		}
		s := by[t.Variant]
		if s == nil {
			s = add(results.Variant{Label: t.Variant, Allocator: t.Allocator})
		}
		if c, ok := Of(t, Context{Clock: s.variant.Clock, Silent: cell.Silent, Options: o}); ok {
			s.trials, s.causes = append(s.trials, t), append(s.causes, c)
		}
	}
	var found []*subject
	for _, s := range order {
		if len(s.trials) > 0 {
			s.watch = WatchOf(s.trials, Context{Clock: s.variant.Clock, Silent: cell.Silent})
			s.word, s.Options = s.decide(), o
			found = append(found, s)
		}
	}
	return found
}

// passOf is the pass whose ledgers tell of the cell: time, or where a program was looked at, census.
func passOf(cell results.Cell, trials []results.Trial) string {
	for i := range trials {
		if t := &trials[i]; t.Cell == cell.Name && t.Pass == results.PassTime && t.Counts() {
			if _, ok := partsOf(t); ok {
				return results.PassTime
			}
		}
	}
	return results.PassCensus
}

// decide is the word of most trials; where none has most of them it is that of the medians.
func (s *subject) decide() Word {
	votes := map[Word]int{}
	for _, c := range s.causes {
		votes[c.Word]++
		if 2*votes[c.Word] > len(s.causes) {
			return c.Word
		}
	}
	whole := func(of func(Parts) int64) int64 { return int64(s.part(of).Value) }
	p := Parts{
		InUse: whole(func(p Parts) int64 { return p.InUse }), Dropped: whole(func(p Parts) int64 { return p.Dropped }),
		Rounding: whole(func(p Parts) int64 { return p.Rounding }), Pinned: whole(func(p Parts) int64 { return p.Pinned }),
		Unit: whole(func(p Parts) int64 { return p.Unit }), ThreadCache: whole(func(p Parts) int64 { return p.ThreadCache }),
		Metadata: whole(func(p Parts) int64 { return p.Metadata }), Retained: whole(func(p Parts) int64 { return p.Retained }),
	}
	return decide(p, s.watch.Short() != "", 2*votes[Growth] >= len(s.causes))
}

// agree is how many trials have the subject's word.
func (s *subject) agree() int {
	n := 0
	for _, c := range s.causes {
		if c.Word == s.word {
			n++
		}
	}
	return n
}

// part is the median of a part over the trials.
func (s *subject) part(of func(Parts) int64) stat.Median {
	values := make([]float64, len(s.causes))
	for i, c := range s.causes {
		values[i] = float64(of(c.Parts))
	}
	m, _ := stat.MedianOf(values) // finite, and at least one
	return m
}

// over is the median of what those trials have that have it.
func (s *subject) over(of func(*results.Trial) (float64, bool)) (stat.Median, bool) {
	var values []float64
	for _, t := range s.trials {
		if v, ok := of(t); ok {
			values = append(values, v)
		}
	}
	m, err := stat.MedianOf(values)
	return m, err == nil
}

func (s *subject) metric(name string) (stat.Median, bool) {
	return s.over(func(t *results.Trial) (float64, bool) { v, ok := t.Metrics[name]; return v, ok })
}

// at is the median of something at a mark.
func (s *subject) at(mark string, of func(*results.Mark) (float64, bool)) (stat.Median, bool) {
	return s.over(func(t *results.Trial) (float64, bool) {
		if m := t.Mark(mark); m != nil {
			return of(m)
		}
		return 0, false
	})
}

// atEnd is the median of something at the mark at which is asked what is held.
func (s *subject) atEnd(of func(*results.Mark) (float64, bool)) (stat.Median, bool) {
	return s.over(func(t *results.Trial) (float64, bool) {
		if m := t.Mark(endOf(t)); m != nil {
			return of(m)
		}
		return 0, false
	})
}

// dialect is what the trials' allocator speaks: it names calls, and decides nothing.
func (s *subject) dialect() string { return s.trials[0].Proof.Dialect }

func middle(values []float64) float64 {
	m, _ := stat.MedianOf(values)
	return m.Value
}
