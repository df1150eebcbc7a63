// Package sizing says how much memory a given amount of live memory takes, by
// a line through the sizes that a run has measured.
package sizing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"alloclab/analysis"
	"alloclab/analysis/cause"
	"alloclab/analysis/stat"
	"alloclab/results"
)

// Sizes is how many different amounts of live memory a line needs: through two
// any line is perfect and tells nothing of its errors.
const Sizes = 3

// apart is how far two amounts must differ to be two.
const apart = 1.1

// Sizing is what cells that differ in one parameter say.
type Sizing struct {
	Title     string    // of the cells, without the parameter
	Axis      string    // the parameter
	Measured  []float64 // live bytes at hold, of each cell, rising
	Live      float64   // bytes asked about
	Beyond    float64   // how many times further out than all that was measured; 1 within it
	Estimates []Estimate
}

// Estimate is one variant's need, the smallest provision first.
type Estimate struct {
	Variant results.Variant
	Peak    analysis.Figure  // bytes of peak RSS with their 95 % prediction interval: its upper end is what to provision
	Idle    *analysis.Figure // the same of RSS at idle; nil where the clock was not watched long enough, or no line can be drawn
	Short   string           // why the clock was not watched long enough, or ""
	PerByte float64          // by which peak RSS grows with each live byte
	Worst   float64          // the largest distance of a point from the line, as a fraction
}

// NoAxisError says what a run lacks for a sizing.
type NoAxisError struct {
	Found     int    // most different amounts of live memory along one parameter
	Parameter string // that would change it, "" where none is known
}

func (e *NoAxisError) Error() string {
	add := "measure an axis that changes how much is live"
	if e.Parameter != "" {
		add = fmt.Sprintf("give %s three values or more, the largest as near to the size in question as this machine allows", e.Parameter)
	}
	return fmt.Sprintf("sizing needs %d amounts of live memory that differ by more than %.0f %%, with all else alike, and this run has %d: %s",
		Sizes, 100*(apart-1), e.Found, add)
}

// At estimates, for each set of cells that differ in one parameter only and hold
// different amounts of live memory, what so many live bytes take under each variant. It
// is a *NoAxisError if there is no such set.
func At(run results.Run, trials []results.Trial, live float64) ([]Sizing, error) {
	var all []Sizing
	missing := &NoAxisError{Found: min(1, len(run.Cells)), Parameter: parameter(run.Cells)}
	for _, g := range groups(run.Cells) {
		s, found := g.sizing(run.Variants, trials, live)
		missing.Found = max(missing.Found, found)
		if len(s.Estimates) > 0 {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, missing
	}
	return all, nil
}

// group is cells that differ in one parameter only.
type group struct {
	axis  string
	cells []results.Cell
}

func groups(cells []results.Cell) []group {
	var all []group
	place := map[string]int{}
	for _, c := range cells {
		for _, p := range c.Params {
			if _, number := numeric(p.Value); !number {
				continue
			}
			key := []string{p.Name, c.Workload, c.Runtime, fmt.Sprint(c.CPUs)}
			for _, other := range c.Params {
				if other.Name != p.Name {
					key = append(key, fmt.Sprintf("%s=%v", other.Name, other.Value))
				}
			}
			joined := strings.Join(key, "\x00")
			i, known := place[joined]
			if !known {
				i = len(all)
				place[joined] = i
				all = append(all, group{axis: p.Name})
			}
			all[i].cells = append(all[i].cells, c)
		}
	}
	return slices.DeleteFunc(all, func(g group) bool { return len(g.cells) < 2 })
}

func numeric(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// sizing is false in its estimates where the cells hold too few amounts, of which it
// returns the number.
func (g group) sizing(variants []results.Variant, trials []results.Trial, live float64) (Sizing, int) {
	rest := g.cells[0]
	rest.Params = slices.DeleteFunc(slices.Clone(rest.Params), func(p results.Param) bool { return p.Name == g.axis })
	s := Sizing{Title: rest.Title(), Axis: g.axis, Live: live, Beyond: 1}
	for _, c := range g.cells {
		var held []float64
		for i := range trials {
			if x, _, ok := point(&trials[i], c.Name, "", results.MetricRSSPeak); ok {
				held = append(held, x)
			}
		}
		if m, err := stat.MedianOf(held); err == nil {
			s.Measured = append(s.Measured, m.Value)
		}
	}
	slices.Sort(s.Measured)
	distinct, last := 0, 0.0
	for _, x := range s.Measured {
		if x > last*apart {
			distinct, last = distinct+1, x
		}
	}
	if distinct < Sizes {
		return Sizing{}, distinct
	}
	for _, v := range variants {
		peak, ok := g.line(v, trials, results.MetricRSSPeak)
		if !ok {
			continue
		}
		e := Estimate{Variant: v, Peak: predict(peak, results.MetricRSSPeak, live), PerByte: peak.PerX, Worst: peak.Worst}
		s.Beyond = math.Max(s.Beyond, peak.Beyond(live))
		e.Short = g.short(v, trials)
		if idle, ok := g.line(v, trials, results.MetricRSSIdle); ok && e.Short == "" {
			f := predict(idle, results.MetricRSSIdle, live)
			e.Idle = &f
		}
		s.Estimates = append(s.Estimates, e)
	}
	slices.SortStableFunc(s.Estimates, func(a, b Estimate) int { return cmp.Compare(a.Peak.High, b.Peak.High) })
	return s, distinct
}

// line fits a metric over the live bytes of every trial of a variant.
func (g group) line(v results.Variant, trials []results.Trial, metric string) (stat.Line, bool) {
	var x, y []float64
	cells := map[string]bool{}
	for _, c := range g.cells {
		for i := range trials {
			if live, value, ok := point(&trials[i], c.Name, v.Label, metric); ok {
				x, y = append(x, live), append(y, value)
				cells[c.Name] = true
			}
		}
	}
	if len(cells) < Sizes {
		return stat.Line{}, false // this variant lacks one of the sizes
	}
	l, err := stat.FitLine(x, y)
	return l, err == nil
}

// point is what a trial says: live bytes at hold, and the metric.
func point(t *results.Trial, cell, variant, metric string) (live, value float64, ok bool) {
	m := t.Mark(results.MarkHold)
	if t.Cell != cell || variant != "" && t.Variant != variant || t.Pass != results.PassTime || !t.Counts() || m == nil || m.Asked <= 0 {
		return 0, 0, false
	}
	value, ok = t.Metrics[metric]
	return float64(m.Asked), value, ok && value > 0
}

// short says why in one of the cells RSS at idle tells nothing, or is "".
func (g group) short(v results.Variant, trials []results.Trial) string {
	for _, c := range g.cells {
		var of []*results.Trial
		for i := range trials {
			if t := &trials[i]; t.Cell == c.Name && t.Variant == v.Label && t.Pass == results.PassTime && t.Counts() {
				of = append(of, t)
			}
		}
		if short := cause.WatchOf(of, cause.Context{Clock: v.Clock, Silent: c.Silent}).Short(); short != "" {
			return short
		}
	}
	return ""
}

func predict(l stat.Line, metric string, live float64) analysis.Figure {
	y, low, high := l.Predict(live)
	return analysis.Figure{Name: metric, Unit: "B", Value: y, Low: low, High: high, N: l.N}
}

// parameter is the one that changes how much is live, as far as its name or kind tells.
func parameter(cells []results.Cell) string {
	for _, likely := range []func(results.Param) bool{
		func(p results.Param) bool { return p.Name == "backlog" || p.Name == "blocks" },
		func(p results.Param) bool { return p.Kind == "bytes" },
	} {
		for _, c := range cells {
			for _, p := range c.Params {
				if likely(p) {
					return p.Name
				}
			}
		}
	}
	return ""
}
