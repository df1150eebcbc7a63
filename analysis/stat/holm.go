package stat

import (
	"math"
	"slices"
)

// Holm adjusts the p of a family of tests so that comparing each with alpha
// keeps the probability of any false one among them below alpha, whatever
// their dependence (S. Holm, "A simple sequentially rejective multiple test
// procedure", Scandinavian Journal of Statistics 6, 1979). The answer is in
// the order given. NaN stands for a test that was not made: it stays NaN and does not
// count.
func Holm(p []float64) []float64 {
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareFloat(p[a], p[b]) })
	adjusted := slices.Repeat([]float64{math.NaN()}, len(p))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(order)-rank)))
		adjusted[i] = highest
	}
	return adjusted
}
