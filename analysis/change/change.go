// Package change compares: two runs, two variants of one run, or a history of
// runs. Its outcome is a verdict for every metric, with the figures that decided.
package change

import "alloclab/results"

// Verdict is the outcome of comparing one metric.
type Verdict string

// The verdicts. Unchanged is a statement (a change of the minimum effect would have
// been seen); Inconclusive is the lack of one.
const (
	Improved     Verdict = "improved"
	Regressed    Verdict = "regressed"
	Unchanged    Verdict = "unchanged"
	Inconclusive Verdict = "inconclusive"
)

// Side is one side of a comparison: the trials that count.
type Side struct {
	Label     string
	N         int
	Median    float64
	Low, High float64 // 95 % interval of the median
}

// Change is one metric of one cell and variant, compared.
type Change struct {
	Cell, Variant string
	Metric        results.Metric
	Pass          string // that both sides are of
	Base, New     Side
	Ratio         float64 // of medians, new over base
	Low, High     float64 // 95 % interval of the ratio; NaN where a side has fewer than 5 trials
	P             float64 // permutation test on mid-ranks, and where the sides are two runs the larger of that and stat.Apart's; NaN for a metric that repeats
	Adjusted      float64 // P after Holm over the family; NaN outside it
	MinEffect     float64 // as a fraction, the threshold used
	Detectable    float64 // smallest change, as a fraction, that these trials could have shown; NaN where none
	Gated         bool    // belongs to the family that decides; the others only describe
	Verdict       Verdict // "" for a metric that only describes
	Rounds        int     // how many a side it takes before any verdict can be reached; 0 where there are enough
	Accounts      []Account
	Warnings      []string
}

// Account is a ledger account below a metric that moved: what the change is made of. It
// is tested only there, and decides nothing.
type Account struct {
	Name      string // "idle.empty": mark and account
	Base, New Side   // bytes
	P         float64
	Adjusted  float64 // P after Holm over the accounts of this metric
	Moved     bool    // Adjusted is below the level and the medians differ by the metric's floor at least
}

// Comparison is the outcome of comparing two sets of trials.
type Comparison struct {
	Base, New string // names of the two: directories, or variants
	Changes   []Change
	Warnings  []string // residue: what differs between the sides and should not
	Differs   []string // builds, knobs and versions that differ: what is compared
	Refused   []Refusal
	Family    int     // tests that Holm counts
	Level     float64 // that p after Holm is compared with
	Failed    int     // trials of the new side that did not end as they should; of both, where they are of one run
	// Unstable says why the sitting proves nothing: its A/A pair differed. "" where it did not.
	Unstable string
}

// Refusal is what was not compared because the sides are not comparable.
type Refusal struct {
	Scope results.Scope // of the fingerprint; "" where the work itself differs
	Cell  string        // "" for all cells
	Gated bool          // a metric of the family is among what was refused
	Text  string        // which fields differ, and how
}

// Compared says that at least one metric of the family has figures on both sides.
func (c *Comparison) Compared() bool {
	for i := range c.Changes {
		if c.Changes[i].Gated && c.Changes[i].Base.N > 0 && c.Changes[i].New.N > 0 {
			return true
		}
	}
	return false
}

// Count is how many metrics of the family have that verdict.
func (c *Comparison) Count(v Verdict) int {
	n := 0
	for i := range c.Changes {
		if c.Changes[i].Gated && c.Changes[i].Verdict == v {
			n++
		}
	}
	return n
}
