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
	Low, High     float64 // 95 % interval of the ratio
	P             float64 // permutation test on mid-ranks; NaN for an exact metric
	Adjusted      float64 // P after Holm over the family
	MinEffect     float64 // as a fraction, the threshold used
	Detectable    float64 // smallest change, as a fraction, that these trials could have shown
	Gated         bool    // belongs to the family that decides; the others only describe
	Verdict       Verdict
	Warnings      []string
}

// Comparison is the outcome of comparing two sets of trials.
type Comparison struct {
	Base, New string // names of the two: directories, or variants
	Changes   []Change
	Warnings  []string // residue: what differs between the sides and should not
	// Unstable says why the sitting proves nothing: its A/A pair differed. "" where it did not.
	Unstable string
}
