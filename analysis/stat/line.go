package stat

import (
	"fmt"
	"math"
)

// Line is y = At0 + PerX x, fitted by least squares of relative residuals: a
// figure that is twice as large may lie twice as far off. That is how sizes and
// times behave over a wide range.
type Line struct {
	At0, PerX float64
	// Worst is the largest relative residual: how badly a straight line describes the points.
	Worst    float64
	N        int
	Low      float64 // the smallest and the largest x
	High     float64
	scatter  float64 // standard deviation of relative residuals, unbiased
	mean     float64 // of 1/x
	spread   float64 // sum of squares of 1/x about its mean
	freedoms int
}

// FitLine fits a line through points of positive x and y. It is an error if the
// lengths differ, a value is not positive and finite, or x has fewer than three
// distinct values: through two any line is perfect, and tells nothing of its errors.
func FitLine(x, y []float64) (Line, error) {
	if len(x) != len(y) {
		return Line{}, fmt.Errorf("line of %d values over %d", len(y), len(x))
	}
	distinct := map[float64]bool{}
	for i := range x {
		if !finite(x[i]) || !finite(y[i]) || x[i] <= 0 || y[i] <= 0 {
			return Line{}, fmt.Errorf("line: point %d is (%g, %g), and both must be positive", i, x[i], y[i])
		}
		distinct[x[i]] = true
	}
	if len(distinct) < 3 {
		return Line{}, fmt.Errorf("line: x has %d distinct values, and 3 are the fewest", len(distinct))
	}
	// y/x = PerX + At0/x: with weights 1/x^2 least squares of y is a plain one of this.
	// Residuals are then relative to x, and y is about proportional to it.
	n := float64(len(x))
	l := Line{N: len(x), Low: math.Inf(1), freedoms: len(x) - 2}
	var meanV float64
	for i := range x {
		l.mean += 1 / x[i] / n
		meanV += y[i] / x[i] / n
		l.Low, l.High = math.Min(l.Low, x[i]), math.Max(l.High, x[i])
	}
	var both float64
	for i := range x {
		u := 1/x[i] - l.mean
		l.spread += u * u
		both += u * (y[i]/x[i] - meanV)
	}
	if !(l.spread > 0) {
		return Line{}, fmt.Errorf("line: x from %g to %g is too narrow", l.Low, l.High)
	}
	l.At0 = both / l.spread
	l.PerX = meanV - l.At0*l.mean
	var squares float64
	for i := range x {
		r := y[i]/x[i] - l.PerX - l.At0/x[i]
		squares += r * r
		l.Worst = math.Max(l.Worst, math.Abs(r*x[i]/y[i]))
	}
	l.scatter = math.Sqrt(squares / float64(l.freedoms))
	return l, nil
}

// Predict is the line at x with the interval that holds one new y there with a
// probability of 95 %, if the line goes on as it is (the classical prediction interval,
// with Student's t; Draper and Smith, "Applied Regression Analysis", 1.4). How far
// beyond the points x lies is not its business: see Beyond.
func (l Line) Predict(x float64) (y, low, high float64) {
	u := 1/x - l.mean
	half := StudentQuantile(0.975, l.freedoms) * l.scatter * math.Sqrt(1+1/float64(l.N)+u*u/l.spread) * x
	y = l.At0 + l.PerX*x
	return y, y - half, y + half
}

// Beyond is how many times further out than the furthest point x lies: 1
// where it lies among them.
func (l Line) Beyond(x float64) float64 {
	return math.Max(1, math.Max(x/l.High, l.Low/x))
}

// StudentQuantile is the value that Student's t with so many degrees of freedom
// stays below with probability p, which lies above 0.5 and below 1.
func StudentQuantile(p float64, freedoms int) float64 {
	low, high := 0.0, 2.0
	for studentBelow(high, freedoms) < p && high < 1e15 {
		low, high = high, 2*high
	}
	for range 200 {
		middle := low + (high-low)/2
		if studentBelow(middle, freedoms) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// studentBelow is the distribution function for t >= 0, exact for whole degrees of
// freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
func studentBelow(t float64, freedoms int) float64 {
	angle := math.Atan(t / math.Sqrt(float64(freedoms)))
	sin, cos := math.Sin(angle), math.Cos(angle)
	sum, term := 0.0, 1.0
	if freedoms%2 == 0 {
		for k := 0; k <= freedoms-2; k += 2 {
			if k > 0 {
				term *= float64(k-1) / float64(k) * cos * cos
			}
			sum += term
		}
		return (1 + sin*sum) / 2
	}
	term = cos
	for k := 1; k <= freedoms-2; k += 2 {
		if k > 1 {
			term *= float64(k-1) / float64(k) * cos * cos
		}
		sum += term
	}
	if freedoms == 1 {
		sum = 0
	}
	return .5 + (angle+sin*sum)/math.Pi
}
