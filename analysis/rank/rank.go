// Package rank orders the variants of a cell by the memory that each saves
// against what it costs. It reads figures: what an allocator is called changes
// nothing.
package rank

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// Names of the figures that are ranked by: memory, and what it costs.
var ranked = []string{results.MetricRSSIdle, results.MetricRSSMean, results.MetricOpsPerCPUS, results.MetricMallocP99}

// FewestRounds is how many trials a side an interval of a ratio of medians needs: with
// fewer, resampling was found to hold the true ratio less often than it says, and
// what is given is the range.
const FewestRounds = 5

// Ranking is the variants of one cell, the best first.
type Ranking struct {
	Cell       results.Cell
	Base       results.Variant // what all others are held against
	Candidates []Candidate
	// Range says that there are intervals of fewer than FewestRounds trials: they are ranges.
	Range bool
}

// Candidate is one variant of a cell.
type Candidate struct {
	Variant results.Variant
	Base    bool // the variant that the others are held against: an allocator as it comes
	// Values are medians, by name of metric, and Against their relation to the base's:
	// -0.93 where 93 % less. What was not measured is in neither.
	Values  map[string]analysis.Figure
	Against map[string]analysis.Figure
	// Saved is resident memory at idle that the base holds and this variant does not; nil where unknown.
	Saved *analysis.Figure
	// Score orders those that save memory, and behind them those that do not: the share of
	// the base's memory that is saved (see memory), less the share
	// of its operations per CPU second that is lost, each as far as it is established
	// (see established); more operations count for it. It is NaN where one of the two is unknown or tells nothing.
	Score float64
	// Same says that this is the base's own allocator under other settings: a
	// remedy for those who cannot exchange it.
	Same  bool
	Front bool   // no other holds less at idle and is as fast, or is faster and holds as little
	Short string // why its memory at idle tells nothing (see cause.Watch), or ""
	Notes []string
}

// Rank ranks every cell of a run that has two variants or more. The base is
// the first variant without a knob, else the first. Memory and speed are of pass time,
// latencies of pass latency.
func Rank(run results.Run, trials []results.Trial) []Ranking {
	var all []Ranking
	for _, cell := range run.TitledCells() {
		if r, ok := rankCell(run.Variants, cell, trials); ok {
			all = append(all, r)
		}
	}
	return all
}

func rankCell(variants []results.Variant, cell results.Cell, trials []results.Trial) (Ranking, bool) {
	if len(variants) < 2 {
		return Ranking{}, false
	}
	base := slices.IndexFunc(variants, func(v results.Variant) bool { return len(v.Knobs) == 0 })
	base = max(base, 0)
	r := Ranking{Cell: cell, Base: variants[base]}
	reference := samplesOf(variants[base], cell, trials)
	if len(reference.values[results.MetricRSSIdle])+len(reference.values[results.MetricRSSMean]) == 0 {
		return Ranking{}, false
	}
	for i, v := range variants {
		s := samplesOf(v, cell, trials)
		if len(s.all) == 0 {
			continue
		}
		c := s.candidate(reference, i == base)
		c.Same = v.Allocator == r.Base.Allocator && v.Library == r.Base.Library
		r.Range = r.Range || s.few()
		r.Candidates = append(r.Candidates, c)
	}
	front(r.Candidates)
	// The order of the experiment breaks ties.
	slices.SortStableFunc(r.Candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(b.Score, a.Score), cmp.Compare(a.idle(), b.idle()))
	})
	return r, true
}

// class puts those first that save memory: speed alone is no remedy. Last are
// those of whom too little is known to be ranked.
func (c Candidate) class() int {
	switch {
	case !math.IsNaN(c.Score) && c.memory() < 0:
		return 0
	case !math.IsNaN(c.Score):
		return 1
	case len(c.Values) > 0:
		return 2
	default:
		return 3
	}
}

// Unsettled says that nothing can be told of the memory that it saves: its
// clock had not run, and it holds no less than the base so far. What it has saved already it has
// saved, and more may follow.
func (c Candidate) Unsettled() bool { return c.Short != "" && !c.Base && c.memory() >= 0 }

// memory is the established difference from the base, as a fraction: of RSS at
// idle and of its mean over time, each for half, or of the one that is known.
func (c Candidate) memory() float64 {
	idle, known := c.difference(results.MetricRSSIdle)
	mean, averaged := c.difference(results.MetricRSSMean)
	switch {
	case known && averaged:
		return (idle + mean) / 2
	case averaged:
		return mean
	}
	return idle
}

// difference is the established difference of one metric from the base.
func (c Candidate) difference(name string) (float64, bool) {
	f, ok := c.Against[name]
	if !ok || f.Value <= -1 {
		return 0, false
	}
	return established(f, c.Values[name].Value/(1+f.Value)), true
}

func (c Candidate) idle() float64 {
	for _, name := range []string{results.MetricRSSIdle, results.MetricRSSMean} {
		if f, ok := c.Values[name]; ok {
			return f.Value
		}
	}
	return math.Inf(1)
}

// samples are the trials of one variant in one cell.
type samples struct {
	variant results.Variant
	cell    results.Cell
	all     []*results.Trial // of the passes that are ranked by
	counts  []*results.Trial // of pass time
	values  map[string][]float64
}

func samplesOf(v results.Variant, cell results.Cell, trials []results.Trial) samples {
	s := samples{variant: v, cell: cell, values: map[string][]float64{}}
	for i := range trials {
		t := &trials[i]
		if t.Cell != cell.Name || t.Variant != v.Label || t.Pass != results.PassTime && t.Pass != results.PassLatency {
			continue
		}
		s.all = append(s.all, t)
		if !t.Counts() {
			continue
		}
		if t.Pass == results.PassTime {
			s.counts = append(s.counts, t)
		}
		for _, name := range ranked {
			m, _ := results.ByName(name)
			if value, ok := t.Metrics[name]; ok && m.Pass() == t.Pass {
				s.values[name] = append(s.values[name], value)
			}
		}
	}
	return s
}

func (s samples) few() bool {
	for _, values := range s.values {
		if len(values) < FewestRounds {
			return true
		}
	}
	return false
}

func (s samples) candidate(base samples, isBase bool) Candidate {
	c := Candidate{
		Variant: s.variant, Base: isBase, Score: math.NaN(),
		Values: map[string]analysis.Figure{}, Against: map[string]analysis.Figure{},
		Notes: s.notes(),
	}
	watch := cause.WatchOf(s.counts, cause.Context{Clock: s.variant.Clock, Silent: s.cell.Silent})
	if c.Short = watch.Short(); c.Short == "" && watch.Note() != "" {
		c.Notes = append([]string{watch.Note()}, c.Notes...)
	}
	for _, name := range ranked {
		m, _ := results.ByName(name)
		median, err := stat.MedianOf(s.values[name])
		if err != nil {
			continue // it has none
		}
		c.Values[name] = analysis.Figure{Name: name, Unit: m.Unit, Value: median.Value, Low: median.Low, High: median.High, N: median.N}
		if isBase {
			c.Against[name] = analysis.Figure{Name: name, Unit: "1", N: median.N}
		} else if ratio, ok := against(base.values[name], s.values[name]); ok {
			ratio.Name = name
			c.Against[name] = ratio
		}
	}
	idle, held := c.Against[results.MetricRSSIdle]
	speed, timed := c.Against[results.MetricOpsPerCPUS]
	if median, err := stat.MedianOf(base.values[results.MetricRSSIdle]); held && err == nil {
		c.Saved = &analysis.Figure{
			Name: results.MetricRSSIdle, Unit: "B", N: idle.N,
			Value: -idle.Value * median.Value, Low: -idle.High * median.Value, High: -idle.Low * median.Value,
		}
		if timed && !c.Unsettled() {
			c.Score = established(speed, 0) - c.memory()
		}
	}
	return c
}

// against is new over base, less one. With few trials it lies between the ratios of
// the extremes.
func against(base, new []float64) (analysis.Figure, bool) {
	ratio, err := stat.RatioOf(base, new)
	if err != nil { // a side is empty, or a figure is 0
		return analysis.Figure{}, false
	}
	low, high := slices.Min(new)/slices.Max(base), slices.Max(new)/slices.Min(base)
	n := min(len(base), len(new))
	if n >= FewestRounds {
		low, high = ratio.Interval(0.95)
	}
	// The value is between them but for a rounding in the last digit.
	return analysis.Figure{Unit: "1", Value: ratio.Value - 1, Low: min(low, ratio.Value) - 1, High: max(high, ratio.Value) - 1, N: n}, true
}

// established is a difference that its interval holds away from 0 and that is worth a
// word (see results.Metric); any other is 0. size is the base's, for the metric's floor.
func established(f analysis.Figure, size float64) float64 {
	m, _ := results.ByName(f.Name)
	if holdsZero(f) || math.Abs(f.Value) < m.MinEffect || math.Abs(f.Value)*size < m.Floor {
		return 0
	}
	return f.Value
}

func holdsZero(f analysis.Figure) bool { return f.Low <= 0 && f.High >= 0 }

// front marks the candidates that no other dominates in memory at idle and
// operations per CPU second, by their medians. Of whom one of the two is unknown or
// tells nothing, nothing is said.
func front(all []Candidate) {
	place := func(c Candidate) (idle, speed float64, ok bool) {
		i, held := c.Values[results.MetricRSSIdle]
		s, timed := c.Values[results.MetricOpsPerCPUS]
		return i.Value, s.Value, held && timed && !math.IsNaN(c.Score)
	}
	for i := range all {
		idle, speed, ok := place(all[i])
		all[i].Front = ok && !slices.ContainsFunc(all, func(o Candidate) bool {
			otherIdle, otherSpeed, ok := place(o)
			return ok && otherIdle <= idle && otherSpeed >= speed && (otherIdle < idle || otherSpeed > speed)
		})
	}
}

// notes are what must not be overlooked of a variant.
func (s samples) notes() []string {
	var notes []string
	for _, pass := range []string{results.PassTime, results.PassLatency} {
		all, lost, starved := 0, 0, 0
		for _, t := range s.all {
			switch {
			case t.Pass != pass:
				continue
			case t.Salvaged != nil:
				starved++
			case !t.Counts():
				lost++
			}
			all++
		}
		if starved > 0 {
			notes = append(notes, fmt.Sprintf("%d of %d trials of pass %s were starved of the processor: memory is shown, speed is not", starved, all, pass))
		}
		if lost > 0 {
			notes = append(notes, fmt.Sprintf("%d of %d trials of pass %s left out, starved or failed", lost, all, pass))
		}
	}
	if every, ok := s.variant.Knobs[results.KnobPurgeEvery].(float64); ok && len(s.counts) > 0 {
		wall, longest := 0.0, 0.0
		for _, t := range s.counts {
			wall, longest = math.Max(wall, t.Metrics[results.MetricWall]), math.Max(longest, t.Figures["purge_longest_s"])
		}
		text := "the longest purge took " + results.Seconds(math.Round(longest*1000)/1000)
		if wall > 0 && wall < every {
			text = fmt.Sprintf("no purge fell into its work, which took %s: the only cost to be seen is that %s", results.Seconds(math.Round(wall*100)/100), text)
		}
		notes = append(notes, text)
	}
	return notes
}

// Worth are the candidates that save memory, are better than the base on the whole and
// dominated by no other, with the best that stays with the base's allocator. Where nothing is
// known of costs (see Unpriced), they are the three that hold least, with the same addition. rest is
// all others of whom something was measured, but the base. Both are in the ranking's order.
func (r Ranking) Worth() (worth, rest []Candidate) {
	same, unpriced := false, r.Unpriced()
	for _, c := range r.Candidates {
		better := c.class() == 0 && c.Score > 0 && (c.Front || c.Same && !same)
		if unpriced {
			better = c.memory() < 0 && (len(worth) < 3 || c.Same && !same)
		}
		switch {
		case c.Base || len(c.Values) == 0:
		case better:
			same = same || c.Same
			worth = append(worth, c)
		default:
			rest = append(rest, c)
		}
	}
	return worth, rest
}

// Unpriced says that the base's speed is unknown, since all its trials were
// starved for instance: then nothing can be said of costs.
func (r Ranking) Unpriced() bool {
	for _, c := range r.Candidates {
		if _, timed := c.Values[results.MetricOpsPerCPUS]; c.Base {
			return !timed
		}
	}
	return true
}
