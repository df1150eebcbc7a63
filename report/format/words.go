package format

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// value prints a figure in its unit, for people.
func value(m results.Metric, v float64) string { return results.Value(m.Unit, v) }

// percent prints a ratio as the change it is.
func percent(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "–"
	}
	return fmt.Sprintf("%+.1f %%", 100*(ratio-1))
}

// describe puts the figures of a change into one line.
func describe(ch change.Change) string {
	text := fmt.Sprintf("%s %s → %s", ch.Metric.Name, value(ch.Metric, ch.Base.Median), value(ch.Metric, ch.New.Median))
	if percent(ch.Ratio) != "–" {
		text += ", " + percent(ch.Ratio)
		if percent(ch.Low) != "–" && percent(ch.High) != "–" {
			text += fmt.Sprintf(" (95 %%: %s to %s)", percent(ch.Low), percent(ch.High))
		}
	}
	if p := ch.Adjusted; !math.IsNaN(p) && !math.IsNaN(ch.P) {
		text += fmt.Sprintf(", p %.2g", p)
	}
	text += fmt.Sprintf(", n %d and %d", ch.Base.N, ch.New.N)
	if ch.Verdict == change.Inconclusive && ch.Detectable > 0 && !math.IsInf(ch.Detectable, 0) {
		text += fmt.Sprintf("; these trials could show %.1f %% and more", 100*ch.Detectable)
	}
	if len(ch.Warnings) > 0 {
		text += " (" + strings.Join(ch.Warnings, "; ") + ")"
	}
	return text
}

// count is "3 trials", "1 trial".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// failedWords and refusalWords say what a comparison could not use.
func failedWords(c change.Comparison) string { return count(c.Failed, "trial") + " failed" }

func refusalWords(r change.Refusal) string {
	what := r.Cell
	if r.Scope != "" {
		what = strings.TrimSpace(what + " scope " + string(r.Scope))
	}
	if what == "" {
		return r.Text
	}
	return what + ": " + r.Text
}

// tally counts verdicts of the gated family.
func tally(c change.Comparison) (words string, gated int) {
	n := map[change.Verdict]int{}
	for _, ch := range c.Changes {
		if ch.Gated {
			n[ch.Verdict]++
			gated++
		}
	}
	if gated == 0 {
		return "nothing that decides was compared", 0
	}
	var parts []string
	for _, v := range []change.Verdict{change.Regressed, change.Improved, change.Inconclusive, change.Unchanged} {
		if n[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[v], v))
		}
	}
	return strings.Join(parts, ", ") + " of " + count(gated, "gated metric"), gated
}

// group is what became of one cell, variant and pass of a run.
type group struct {
	Cell, Variant, Pass string
	Counts, Starved     int
	Memory              int // of Starved, those of which memory is shown (results.Salvage)
	Failed              []*results.Trial
	Seconds             float64 // of all its trials
}

// groups are a run's, in its order.
func groups(r Run) []group {
	type key struct{ cell, variant, pass string }
	place := map[key]int{}
	var all []group
	for i := range r.Trials {
		t := &r.Trials[i]
		k := key{t.Cell, t.Variant, t.Pass}
		at, seen := place[k]
		if !seen {
			at = len(all)
			place[k] = at
			all = append(all, group{Cell: results.Plain(t.Cell), Variant: results.Plain(t.Variant), Pass: results.Plain(t.Pass)})
		}
		g := &all[at]
		if n := len(t.Marks); n > 0 {
			g.Seconds += t.Marks[n-1].T
		}
		switch {
		case t.Status != results.StatusOK:
			g.Failed = append(g.Failed, t)
		case t.Salvaged != nil:
			g.Starved++
			g.Memory++
		case t.Starved():
			g.Starved++
		default:
			g.Counts++
		}
	}
	order := func(names []string) map[string]int {
		at := map[string]int{}
		for i, name := range names {
			at[results.Plain(name)] = i
		}
		return at
	}
	var cellNames, labels []string
	for _, c := range r.Cells {
		cellNames = append(cellNames, c.Name)
	}
	for _, v := range r.Variants {
		labels = append(labels, v.Label)
	}
	cells, variants, passes := order(cellNames), order(labels), order(r.Passes)
	slices.SortStableFunc(all, func(a, b group) int {
		return cmp.Or(cells[a.Cell]-cells[b.Cell], variants[a.Variant]-variants[b.Variant], passes[a.Pass]-passes[b.Pass])
	})
	return all
}

// nothing says why no trial of a group counts in full, or "".
func (g group) nothing() string {
	switch {
	case g.Counts > 0:
		return ""
	case g.Memory > 0:
		return "all " + count(g.Starved, "trial") + " got too little processor time: memory is shown, speed is not"
	default:
		return "all " + count(g.Starved, "trial") + " got too little processor time: none counts"
	}
}

// failure says of a group's failed trials what became of them.
func (g group) failure() string {
	first := g.Failed[0]
	text := fmt.Sprintf("%s failed: %s", count(len(g.Failed), "trial"), results.Plain(string(first.Status)))
	if n := len(first.Warnings); n > 0 {
		text += " (" + results.Plain(first.Warnings[n-1]) + ")"
	}
	return text
}
