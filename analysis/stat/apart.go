package stat

import (
	"math"
	"slices"
)

// Apart are two samples that were taken one after the other: two runs of a lab. A
// machine that wanders meets each of them in another mood, and what lasts from value to
// value does not average out: values that keep half of their deviation from one
// to the next are worth a third of as many that do not depend on each other. The
// permutation test knows nothing of that. Here the shift between the sides is held
// against an error that does.
//
// Sides whose rounds were dealt out in one sitting do not need it: what lasts meets both.
type Apart struct {
	base, new int
	shift     float64 // of logarithms: the median distance of a new value from a base one (Hodges and Lehmann)
	scatter   float64 // standard deviation of logarithms within a side
	kept      float64 // autocorrelation of ranks at a distance of one, of both sides
}

const (
	// assumed is what values are taken to keep from one to the next where they are too few to show
	// that they keep less. Where they show that they keep more, that is taken.
	assumed = 0.5
	// sure is the one-sided 90 % quantile with which they have to show it.
	sure = 1.2815515655446004
	// scatterShare is the share of all distances within a side that lie below the one that
	// scatter is read from, and scatterUnit that distance among normal values. Half of
	// them would bear more outliers, and be 0 of values of which seven in ten are tied.
	scatterShare = 2. / 3
	scatterUnit  = 1.3681413
	// scatterWorth is how many normal values a standard deviation needs for each of scatter's: 0.80 of 7
	// a side, 0.88 of 30 (simulated).
	scatterWorth = 0.8
)

// ApartOf takes values in the order in which they were measured. They must be
// positive.
func ApartOf(base, new []float64) Apart {
	a := Apart{base: len(base), new: len(new)}
	var between, within []float64
	for _, b := range base {
		for _, n := range new {
			between = append(between, math.Log(n)-math.Log(b))
		}
	}
	products, squares := 0.0, 0.0
	for _, side := range [][]float64{base, new} {
		ranks := centredRanks(side)
		for i := range side {
			for j := range i {
				within = append(within, math.Abs(math.Log(side[i])-math.Log(side[j])))
			}
			squares += ranks[i] * ranks[i]
			if i > 0 {
				products += ranks[i] * ranks[i-1]
			}
		}
	}
	if len(between) > 0 {
		slices.Sort(between)
		a.shift = medianSorted(between)
	}
	if len(within) > 0 {
		slices.Sort(within)
		a.scatter = within[int(scatterShare*float64(len(within)))] / scatterUnit
	}
	if squares > 0 {
		a.kept = products / squares
	}
	return a
}

// centredRanks are mid-ranks less their mean.
func centredRanks(s []float64) []float64 {
	ranks := make([]float64, len(s))
	for i, v := range s {
		for _, o := range s {
			if o < v {
				ranks[i]++
			} else if o == v {
				ranks[i] += 0.5
			}
		}
		ranks[i] -= float64(len(s)) / 2
	}
	return ranks
}

// P is the two-sided p of no shift between the sides, by Student's t. It is 1 where
// a side has no error to hold the shift against, and 0 where there is no scatter at all and a shift:
// it stands beside the permutation test's, which is never 0, and the larger counts.
func (a Apart) P() float64 {
	each, freedoms := a.errorOf(a.base, a.new)
	switch {
	case freedoms < 1 || a.shift == 0:
		return 1
	case each == 0:
		return 0
	}
	return min(1, max(0, 2*(1-studentBelow(math.Abs(a.shift)/each, freedoms))))
}

// Detectable is the smallest change, as a fraction, whose P would be below alpha
// in nine of ten such comparisons; NaN where the sides are too small for any.
func (a Apart) Detectable(alpha float64) float64 { return a.detectable(a.base, a.new, alpha) }

func (a Apart) detectable(base, new int, alpha float64) float64 {
	each, freedoms := a.errorOf(base, new)
	if freedoms < 1 {
		return math.NaN()
	}
	return math.Expm1(each * (StudentQuantile(1-alpha/2, freedoms) + StudentQuantile(detectPower, freedoms)))
}

// Rounds is how many values a side would show this shift in nine of ten such
// comparisons; 0 where 1000 would not.
func (a Apart) Rounds(alpha float64) int {
	low, high := 2, maxRounds
	size := math.Expm1(math.Abs(a.shift))
	if !(a.detectable(high, high, alpha) <= size) {
		return 0
	}
	for low < high {
		if middle := (low + high) / 2; a.detectable(middle, middle, alpha) <= size {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// errorOf is the standard error of the shift between sides of so many such values,
// and the degrees of freedom that its scatter has.
//
// A mean of n values of a series that keeps rho has the variance of one value times
// lasting(rho, n)/n; their scatter about that mean, which wanders with them, has lost as much
// (G. Box and G. Jenkins, "Time Series Analysis"); and the scatter is known
// as well as that of (1-rho²)/(1+rho²) times as many independent ones (M. Bartlett, Journal
// of the Royal Statistical Society 98, 1935). The shift's error is sqrt(pi/3) of a mean's.
func (a Apart) errorOf(base, new int) (each float64, freedoms int) {
	rho := a.keeps(base + new)
	variance, seen, left := 0.0, 0.0, 0.0
	for _, side := range []int{base, new} {
		n := float64(side)
		last := lasting(rho, n)
		variance += last / n
		seen += n - 1
		left += n - last
	}
	if !(left > 0) {
		return 0, 0
	}
	freedoms = int(scatterWorth * seen * (1 - rho*rho) / (1 + rho*rho))
	return a.scatter * math.Sqrt(math.Pi/3*variance*seen/left), freedoms
}

// keeps is the most that values may keep from one to the next for all that so many
// of both sides show. Of few values the autocorrelation comes out too low, by (1+4 rho)/n of a side
// (M. Kendall, Biometrika 41, 1954), and with a spread of 1/sqrt(n) of all.
func (a Apart) keeps(all int) float64 {
	n := float64(all)
	return max(0, a.kept, min(assumed, a.kept+2*(1+4*assumed)/n+sure/math.Sqrt(n)))
}

// lasting is how much larger the variance of the mean of n values is for what they
// keep: n of all, 1 of nothing, and (1+rho)/(1-rho) of many.
func lasting(rho, n float64) float64 {
	return (1+rho)/(1-rho) - 2*rho*(1-math.Pow(rho, n))/(n*(1-rho)*(1-rho))
}
