package change

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// Set is a run as it was read, under the name that the user gave it.
type Set struct {
	Name   string
	Run    results.Run
	Trials []results.Trial
}

// Compare compares two runs: every cell, variant and metric that both have.
// Cells are matched by name, and have to be the same work; variants by label.
func Compare(base, new Set, r Rules) (Comparison, error) {
	if err := r.check(); err != nil {
		return Comparison{}, err
	}
	c := Comparison{Base: base.Name, New: new.Name, Failed: failed(new.Trials)}
	if n := failed(base.Trials); n > 0 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("%d trials of %s failed and enter nothing", n, base.Name))
	}
	scopes := refusedScopes(&base.Run, &new.Run, r)
	for _, s := range []results.Scope{results.ScopeMemory, results.ScopeTime, results.ScopeCounts} {
		if text, refused := scopes[s]; refused {
			c.Refused = append(c.Refused, Refusal{Scope: s, Gated: gatesScope(r, s), Text: text})
		}
	}
	c.Differs = differs(&base.Run, &new.Run)
	var pairs []pair
	for _, cell := range base.Run.Cells {
		other := new.Run.Cell(cell.Name)
		if other == nil {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s is in %s only", cell.Name, base.Name))
			continue
		}
		if text := otherWork(cell, *other); text != "" {
			c.Refused = append(c.Refused, Refusal{Cell: cell.Name, Gated: true, Text: text})
			continue
		}
		for _, v := range base.Run.Variants {
			if new.Run.Variant(v.Label) != nil {
				pairs = append(pairs, pair{cell.Name, v.Label, pick(base, base.Name, cell.Name, v.Label), pick(new, new.Name, cell.Name, v.Label),
					append(passesOf(&base.Run, cell), passesOf(&new.Run, *other)...), true, cell.Program != nil})
			}
		}
	}
	for _, cell := range new.Run.Cells {
		if base.Run.Cell(cell.Name) == nil {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s is in %s only", cell.Name, new.Name))
		}
	}
	for _, side := range [][2]Set{{base, new}, {new, base}} {
		for _, v := range side[0].Run.Variants {
			if side[1].Run.Variant(v.Label) == nil {
				c.Warnings = append(c.Warnings, fmt.Sprintf("variant %s is in %s only", v.Label, side[0].Name))
			}
		}
	}
	c.judge(pairs, scopes, r)
	return c, nil
}

// Pair are two variants of one run to be compared, under the name of the second
// or another.
type Pair struct{ Base, New, Name string }

// ByVariant compares the variants of one run with one of them, in each cell.
func ByVariant(set Set, base string, r Rules) (Comparison, error) {
	var pairs []Pair
	for _, v := range set.Run.Variants {
		if v.Label != base {
			pairs = append(pairs, Pair{base, v.Label, v.Label})
		}
	}
	return Among(set, pairs, r)
}

// Among compares pairs of variants of one run, in each cell, as one family.
func Among(set Set, of []Pair, r Rules) (Comparison, error) {
	if err := r.check(); err != nil {
		return Comparison{}, err
	}
	c := Comparison{Base: set.Name, New: set.Name, Failed: failed(set.Trials)}
	if len(of) > 0 && !slices.ContainsFunc(of, func(p Pair) bool { return p.Base != of[0].Base }) {
		c.Base = of[0].Base
	}
	if len(of) == 1 {
		c.New = of[0].New
	}
	var pairs []pair
	for _, p := range of {
		for _, label := range []string{p.Base, p.New} {
			if set.Run.Variant(label) == nil {
				return Comparison{}, fmt.Errorf("%s has no variant %s: it has %s", set.Name, label, labels(set.Run))
			}
		}
	}
	for _, cell := range set.Run.Cells {
		for _, p := range of {
			pairs = append(pairs, pair{cell.Name, p.Name, pick(set, p.Base, cell.Name, p.Base), pick(set, p.New, cell.Name, p.New), passesOf(&set.Run, cell), false, cell.Program != nil})
		}
	}
	c.judge(pairs, nil, r)
	return c, nil
}

func labels(run results.Run) string {
	var list []string
	for _, v := range run.Variants {
		list = append(list, v.Label)
	}
	return strings.Join(list, "; ")
}

// pair is a variant of a cell on both sides.
type pair struct {
	cell, variant string
	base, new     picked
	passes        []string // that either side was to take
	apart         bool     // the sides are two runs, one after the other
	program       bool     // the user's: nobody counts its operations
}

// uncounted says that a metric is of operations, and nobody counts the pair's.
func (p pair) uncounted(m results.Metric) bool {
	return p.program && m.OfOperations()
}

func (p pair) takes(pass string) bool { return slices.Contains(p.passes, pass) }

// passesOf are the passes that a cell takes of its run's.
func passesOf(run *results.Run, cell results.Cell) (passes []string) {
	for _, pass := range run.Passes {
		if cell.Takes(pass) {
			passes = append(passes, pass)
		}
	}
	return passes
}

// picked are the trials of one cell and variant that count, and how many do not.
type picked struct {
	label           string
	trials          []*results.Trial
	starved, failed int
}

func pick(s Set, label, cell, variant string) picked {
	p := picked{label: label}
	for i := range s.Trials {
		switch t := &s.Trials[i]; {
		case t.Cell != cell || t.Variant != variant:
		case t.Counts():
			p.trials = append(p.trials, t)
		case t.Status == results.StatusOK:
			p.starved++
		default:
			p.failed++
		}
	}
	slices.SortStableFunc(p.trials, func(a, b *results.Trial) int { return a.Trial - b.Trial }) // as they were measured
	return p
}

// values are a metric's, from its own pass, and the number of machines that
// they were taken on: one, where they may be put together.
func (p picked) values(m results.Metric) (values []float64, machines int) {
	hashes := map[string]bool{}
	for _, t := range p.trials {
		if v, ok := t.Metrics[m.Name]; ok && t.Pass == m.Pass() {
			values = append(values, v)
			hashes[t.Machine.Hash(m.Scope)] = true
		}
	}
	return values, len(hashes)
}

// failed counts trials that ended otherwise than they should; one that the
// user interrupted or that was never begun has not failed.
func failed(trials []results.Trial) int {
	n := 0
	for i := range trials {
		switch trials[i].Status {
		case results.StatusOK, results.StatusInterrupted, results.StatusSkipped:
		default:
			n++
		}
	}
	return n
}

// judge compares all pairs in all metrics and adds the outcome.
func (c *Comparison) judge(pairs []pair, refused map[results.Scope]string, r Rules) {
	c.Level = r.alpha()
	var tests []*tested
	for _, p := range pairs {
		for _, m := range results.Metrics() {
			if _, no := refused[m.Scope]; no {
				continue
			}
			if p.uncounted(m) {
				note := fmt.Sprintf("%s: nobody counts a program's operations, so %s is not known of it; choose %s to judge its speed (--metrics)", p.cell, m.Name, results.MetricCPU)
				if r.gates(m) && !slices.Contains(c.Warnings, note) {
					c.Warnings = append(c.Warnings, note)
				}
				continue
			}
			base, onBase := p.base.values(m)
			new, onNew := p.new.values(m)
			if len(base)+len(new) == 0 && (!r.gates(m) || !p.takes(m.Pass()) || p.base.ran(m) || p.new.ran(m)) {
				if r.gates(m) && p.takes(m.Pass()) {
					c.Warnings = append(c.Warnings, fmt.Sprintf("%s %s: %s was not measured", p.cell, p.variant, m.Name))
				}
				continue
			}
			if max(onBase, onNew) > 1 {
				c.refuseMixed(p, m, r)
				continue
			}
			t := &tested{pair: p, base: base, new: new}
			t.Change = Change{
				Cell: p.cell, Variant: p.variant, Metric: m, Pass: m.Pass(),
				Base: sideOf(p.base.label, base), New: sideOf(p.new.label, new),
				MinEffect: r.minEffect(m), Gated: r.gates(m),
			}
			t.figures()
			tests = append(tests, t)
		}
	}
	p := make([]float64, len(tests))
	for i, t := range tests {
		p[i] = math.NaN()
		if t.Gated {
			if p[i] = t.P; !math.IsNaN(t.P) {
				c.Family++
			}
		}
	}
	for _, name := range r.family() {
		m, _ := results.ByName(name)
		if _, no := refused[m.Scope]; !no && len(pairs) > 0 && !slices.ContainsFunc(pairs, func(p pair) bool { return p.takes(m.Pass()) }) {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s was not measured: it needs the pass %s", name, m.Pass()))
		}
	}
	for i, adjusted := range stat.Holm(p) {
		t := tests[i]
		t.Adjusted = adjusted
		t.decide(c.Family, r)
		if note := t.otherWork(); note != "" {
			c.Warnings = append(c.Warnings, note)
		}
		c.Changes = append(c.Changes, t.Change)
	}
}

// absent says why there is no figure.
func (p picked) absent(m results.Metric) string {
	if p.ran(m) {
		return p.label + " lacks this figure"
	}
	return fmt.Sprintf("no trial of %s counts: %d were starved of processor time, %d failed", p.label, p.starved, p.failed)
}

// ran says that a trial of the metric's pass counts.
func (p picked) ran(m results.Metric) bool {
	return slices.ContainsFunc(p.trials, func(t *results.Trial) bool { return t.Pass == m.Pass() })
}

// refuseMixed adds that one side's trials are of several machines, once for
// each cell, variant and scope.
func (c *Comparison) refuseMixed(p pair, m results.Metric, r Rules) {
	text := fmt.Sprintf("the trials of %s are of several machines or builds, which differ in what %s depends on", p.variant, m.Scope)
	for i, have := range c.Refused {
		if have.Cell == p.cell && have.Scope == m.Scope && have.Text == text {
			c.Refused[i].Gated = have.Gated || r.gates(m)
			return
		}
	}
	c.Refused = append(c.Refused, Refusal{Scope: m.Scope, Cell: p.cell, Gated: r.gates(m), Text: text})
}

func sideOf(label string, values []float64) Side {
	m, err := stat.MedianOf(values)
	if err != nil {
		return Side{Label: label, N: len(values), Median: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	return Side{Label: label, N: m.N, Median: m.Value, Low: m.Low, High: m.High}
}
