// Package stat holds tests and intervals: numbers in, numbers out. Nothing here
// knows what the numbers measure. What is random is seeded: the same numbers give
// the same answer, on any machine.
package stat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

const normal95 = 1.959963984540054 // two-sided 95 % quantile of the normal distribution

// Median is the middle of the values with an interval that supposes nothing
// of their distribution.
type Median struct {
	Value     float64
	Low, High float64 // two order statistics
	// Confidence is the probability with which the interval holds the true
	// median: at least 0.95, or less where even the range of all values cannot
	// reach that (fewer than 6 values).
	Confidence float64
	N          int
}

// MedianOf returns the median of the values and the narrowest symmetric pair of
// order statistics that holds the true one with 95 %, by the binomial
// distribution. It is an error if there is no value, or one is NaN or infinite.
func MedianOf(values []float64) (Median, error) {
	sorted, err := checked("median", values)
	if err != nil {
		return Median{}, err
	}
	n := len(sorted)
	// The interval [k-th, (n+1-k)-th] misses with 2 P(Binomial(n, 1/2) < k).
	k, miss := 0, 0.0
	for tail := 0.0; k < (n+1)/2; k++ {
		tail += binomialHalf(n, k)
		if 2*tail > 0.05 {
			break
		}
		miss = 2 * tail
	}
	if k == 0 {
		k, miss = 1, 2*binomialHalf(n, 0)
	}
	if n == 1 {
		miss = 1
	}
	return Median{medianSorted(sorted), sorted[k-1], sorted[n-k], 1 - miss, n}, nil
}

// binomialHalf is the probability of k heads in n tosses.
func binomialHalf(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(a - b - c - float64(n)*math.Ln2)
}

// checked returns the values sorted, as a copy.
func checked(what string, values []float64) ([]float64, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("%s of no value", what)
	}
	for i, v := range values {
		if !finite(v) {
			return nil, fmt.Errorf("%s: value %d is %g", what, i, v)
		}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted, nil
}

func medianSorted(s []float64) float64 {
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return s[n/2-1]/2 + s[n/2]/2
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func compareFloat(a, b float64) int { return cmp.Compare(a, b) }
