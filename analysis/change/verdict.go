package change

import (
	"fmt"
	"math"
	"slices"

	"alloclab/analysis/stat"
	"alloclab/results"
)

// tested is a change while it is judged.
type tested struct {
	Change
	pair      pair
	base, new []float64
	ratio     stat.Ratio
	dealt     float64    // p of the permutation test alone; P is it, or the larger of two where the sides are two runs
	sittings  stat.Apart // where the sides are two runs
	fault     string     // why there is no ratio or no p; "" where there are both
}

func (t *tested) warn(format string, args ...any) {
	t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...))
}

// figures works out what does not depend on the rest of the family.
func (t *tested) figures() {
	t.P, t.Adjusted, t.Detectable = math.NaN(), math.NaN(), math.NaN()
	t.Ratio, t.Low, t.High = math.NaN(), math.NaN(), math.NaN()
	if len(t.base) == 0 {
		t.fault = t.pair.base.absent(t.Metric)
		return
	}
	if len(t.new) == 0 {
		t.fault = t.pair.new.absent(t.Metric)
		return
	}
	ratio, err := stat.RatioOf(t.base, t.new)
	if err != nil {
		t.fault = err.Error()
		return
	}
	t.ratio, t.Ratio = ratio, ratio.Value
	t.Low, t.High = ratio.Interval(0.95)
	if !t.Metric.Repeats() {
		if t.dealt, err = stat.Permutation(t.base, t.new); err != nil {
			t.fault = err.Error()
			return
		}
		t.P = t.dealt
		if t.pair.apart {
			t.sittings = stat.ApartOf(t.base, t.new)
			t.P = max(t.dealt, t.sittings.P())
		}
	}
}

// decide gives a metric of the family its verdict.
func (t *tested) decide(family int, r Rules) {
	if !t.Gated {
		return
	}
	t.Verdict = Inconclusive
	if t.Metric.Repeats() && len(t.base) > 0 && len(t.new) > 0 {
		t.decideRepeating()
		return
	}
	if t.fault != "" {
		t.warn("%s", t.fault)
		return
	}
	if n := min(len(t.base), len(t.new)); stat.SmallestP(len(t.base), len(t.new))*float64(family) >= r.alpha() {
		rounds, err := stat.RoundsFor(family, r.alpha())
		if err != nil {
			t.warn("%v", err)
			return
		}
		t.Rounds = max(rounds, n+1)
		t.warn("it takes %d rounds to decide among %d tests, and %d against %d trials count", t.Rounds, family, len(t.base), len(t.new))
		return
	}
	each := r.alpha() / float64(family) // what Holm leaves in the worst case
	t.Detectable = stat.Detectable(t.base, t.new, t.least(), each)
	if t.pair.apart {
		t.Detectable = max(t.Detectable, t.sittings.Detectable(each))
	}
	low, high := t.ratio.Interval(confidence)
	switch {
	case t.Adjusted < r.alpha() && t.worthAWord(t.Ratio):
		t.Verdict = t.direction()
		t.accounts(r)
	case t.pair.apart && t.dealt < each && t.worthAWord(t.Ratio):
		t.maybeLasting(each)
	case !t.worthAWord(low) && !t.worthAWord(high):
		t.Verdict = Unchanged
	}
}

// maybeLasting says what would tell a difference that chance does not explain from
// one that noise does which lasts from trial to trial.
func (t *tested) maybeLasting(alpha float64) {
	const text = "chance from trial to trial does not explain the difference, but two runs on a machine that wanders may differ so: "
	if rounds := t.sittings.Rounds(alpha); rounds > min(len(t.base), len(t.new)) {
		t.warn(text+"%d rounds a run, or alloclab ab, would tell", rounds)
		return
	}
	t.warn(text + "alloclab ab would tell")
}

// least is the smallest change that is worth a word, as a fraction of the
// smaller median: the minimum effect, or the floor where that is more.
func (t *tested) least() float64 {
	return max(t.MinEffect, t.Metric.Floor/math.Min(t.Base.Median, t.New.Median))
}

// worthAWord says whether a ratio is as far from 1 as the least change. A
// change and its reverse are equally far: 1.02 and 1/1.02. The end of an interval that
// there is not (NaN) may be anywhere.
func (t *tested) worthAWord(ratio float64) bool {
	const rounding = 1e-12
	return !(math.Abs(math.Log(ratio)) < math.Log1p(t.least())-rounding)
}

// decideRepeating compares figures that repeat: no chance is in them, so there
// is nothing to test, and one trial is enough. What differs by less than the minimum
// effect and the floor is the same. They may be 0, where there is no ratio.
func (t *tested) decideRepeating() {
	differ := func(a, b float64) bool {
		d := math.Abs(a - b)
		return d > 0 && d >= t.MinEffect*math.Min(a, b) && d >= t.Metric.Floor
	}
	t.Detectable, t.Verdict = t.MinEffect, Unchanged
	if differ(t.Base.Median, t.New.Median) {
		t.Verdict = t.direction()
	}
	for _, side := range [][]float64{t.base, t.new} {
		if least, most := slices.Min(side), slices.Max(side); differ(least, most) {
			t.Verdict = Inconclusive
			t.warn("what should repeat does not: %s to %s among the trials of one side", results.Number(least), results.Number(most))
			return
		}
	}
	for _, side := range []picked{t.pair.base, t.pair.new} {
		for _, trial := range side.trials {
			if again, twice := trial.Again[t.Metric.Name]; twice && trial.Pass == t.Metric.Pass() && !trial.Repeats(t.Metric.Name) {
				t.Verdict = Inconclusive
				t.warn("the same work counted again in one trial gave %s and %s: threads or a clock of the allocator decide, and a count is not to be judged by",
					results.Number(trial.Metrics[t.Metric.Name]), results.Number(again))
				return
			}
		}
	}
}

func (t *tested) direction() Verdict {
	if (t.New.Median > t.Base.Median) == (t.Metric.Better == results.Higher) {
		return Improved
	}
	return Regressed
}

// otherWork says that an exact count that nobody calls better or worse differs: the
// two sides did not do the same. It is "" where they did.
func (t *tested) otherWork() string {
	if !t.Metric.Exact || t.Metric.Better != "" || t.Base.N == 0 || t.New.N == 0 || t.Base.Median == t.New.Median {
		return ""
	}
	return fmt.Sprintf("%s %s: %s is %s on one side and %s on the other: the work itself has changed, whatever the other figures say",
		t.Cell, t.Variant, t.Metric.Name, results.Number(t.Base.Median), results.Number(t.New.Median))
}
