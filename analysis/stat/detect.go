package stat

import (
	"math"
	"slices"
)

// detectPower is the share of comparisons in which a change of the size that
// Detectable names is found.
const detectPower = 0.90

// Detectable is the smallest change, as a fraction, that nine of ten
// comparisons with as many values and as much scatter as these would find: it
// has to pass the test at alpha, and the medians seen have to differ by
// minEffect. alpha is what Holm leaves of the level in the worst case. Values
// must be positive.
//
// The scatter is a robust one of logarithms about each side's own median,
// taken as normal; the rank test is taken as Student's with pi/3 times as many
// values, and a median needs pi/2 times as many as a mean. It is an estimate
// for people. It is NaN where no change at all could have been found, since the
// sides are too small for alpha.
func Detectable(base, new []float64, minEffect, alpha float64) float64 {
	if SmallestP(len(base), len(new)) >= alpha {
		return math.NaN()
	}
	sigma := logScatter(base, new)
	per := sigma * math.Sqrt(1/float64(len(base))+1/float64(len(new)))
	freedom := float64(len(base) + len(new) - 2)
	test := per * math.Sqrt(math.Pi/3) * (student(1-alpha/2, freedom) + student(detectPower, freedom))
	seen := math.Log1p(minEffect) + per*math.Sqrt(math.Pi/2)*quantile(detectPower)
	return math.Expm1(max(test, seen))
}

// logScatter is the standard deviation of the logarithms of both samples
// about their medians, from the median distance.
func logScatter(samples ...[]float64) float64 {
	var distances []float64
	for _, s := range samples {
		logs := make([]float64, len(s))
		for i, v := range s {
			logs[i] = math.Log(v)
		}
		slices.Sort(logs)
		middle := medianSorted(logs)
		for _, l := range logs {
			distances = append(distances, math.Abs(l-middle))
		}
	}
	slices.Sort(distances)
	n := float64(len(distances))
	const normal = 1.482602218505602                      // of a normal distribution, per median distance
	lost := n / max(1, n-float64(len(samples))*4/math.Pi) // each side's median was fitted to it
	return normal * medianSorted(distances) * lost
}

// student is the quantile of Student's t, by its expansion about the normal one (Abramowitz and Stegun 26.7.5).
func student(p, freedom float64) float64 {
	z := quantile(p)
	z3, z5, z7 := z*z*z, z*z*z*z*z, z*z*z*z*z*z*z
	return z + (z3+z)/(4*freedom) + (5*z5+16*z3+3*z)/(96*freedom*freedom) +
		(3*z7+19*z5+17*z3-15*z)/(384*freedom*freedom*freedom)
}

// quantile is that of the standard normal distribution.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
