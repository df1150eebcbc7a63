package stat

import (
	"fmt"
	"math"
	"slices"
)

// Slope is how fast y grows with x, robustly: up to 29 % of the points may lie
// anywhere without moving it far.
type Slope struct {
	PerX      float64 // the median of the slopes of all pairs of points
	Low, High float64 // 95 % interval; with fewer than 5 points it is the range of the pairs' slopes
	N         int     // points that it was computed of, after thinning
}

// slopePoints bounds the work: 1000 points have half a million pairs.
const slopePoints = 1000

// TheilSen fits a line through points. The interval is Sen's: it holds the
// slopes that Kendall's test would not refuse at 5 %, with his variance for
// tied x (P. K. Sen, "Estimates of the regression coefficient based on Kendall's
// tau", JASA 63, 1968). It supposes residuals that do not depend on each other: of
// a series sampled faster than it changes the interval is too narrow.
//
// Of more than 1000 points, every one that falls at an even step in the order of x
// is used, the first and the last always. It is an error if the lengths differ, a
// value is NaN or infinite, or x has fewer than three distinct values.
func TheilSen(x, y []float64) (Slope, error) {
	if len(x) != len(y) {
		return Slope{}, fmt.Errorf("slope of %d values over %d", len(y), len(x))
	}
	type point struct{ x, y float64 }
	points := make([]point, len(x))
	for i := range x {
		if !finite(x[i]) || !finite(y[i]) {
			return Slope{}, fmt.Errorf("slope: point %d is (%g, %g)", i, x[i], y[i])
		}
		points[i] = point{x[i], y[i]}
	}
	slices.SortFunc(points, func(a, b point) int {
		if a.x != b.x {
			return compareFloat(a.x, b.x)
		}
		return compareFloat(a.y, b.y)
	})
	if n := len(points); n > slopePoints {
		thin := make([]point, slopePoints)
		for i := range thin {
			thin[i] = points[i*(n-1)/(slopePoints-1)]
		}
		points = thin
	}
	n := float64(len(points))
	variance := n * (n - 1) * (2*n + 5)
	distinct := 0
	for i := 0; i < len(points); {
		j := i
		for j < len(points) && points[j].x == points[i].x {
			j++
		}
		u := float64(j - i)
		variance -= u * (u - 1) * (2*u + 5)
		distinct++
		i = j
	}
	if distinct < 3 {
		return Slope{}, fmt.Errorf("slope: x has %d distinct values, and 3 are the fewest", distinct)
	}
	slopes := make([]float64, 0, len(points)*(len(points)-1)/2)
	for i := range points {
		for j := i + 1; j < len(points); j++ {
			if dx := points[j].x - points[i].x; dx > 0 {
				slopes = append(slopes, points[j].y/dx-points[i].y/dx)
			}
		}
	}
	slices.Sort(slopes)
	for _, s := range []float64{slopes[0], slopes[len(slopes)-1]} {
		if !finite(s) {
			return Slope{}, fmt.Errorf("slope: two points are so near in x that their slope is %g", s)
		}
	}
	pairs := float64(len(slopes))
	wide := normal95 * math.Sqrt(variance/18)
	low := max(int(math.Floor((pairs-wide)/2))-1, 0)
	high := min(int(math.Ceil((pairs+wide)/2)), len(slopes)-1)
	return Slope{PerX: medianSorted(slopes), Low: slopes[low], High: slopes[high], N: len(points)}, nil
}
