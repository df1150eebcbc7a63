package stat

import "math"

// Wanders says whether values that follow each other are alike, beyond chance
// (once in twenty): the pooled autocorrelation of ranks at a distance of one. Tests that
// suppose independent values then give a p that is too small. Values are in the order in which
// they were measured. Of ten a side it finds four in ten of those that keep half of their
// deviation from one to the next, of thirty nearly all.
func Wanders(samples ...[]float64) bool {
	products, squares, n := 0.0, 0.0, 0.0
	for _, s := range samples {
		ranks := make([]float64, len(s))
		for i, v := range s {
			for _, o := range s {
				if o < v {
					ranks[i]++
				} else if o == v {
					ranks[i] += 0.5
				}
			}
			ranks[i] -= float64(len(s)) / 2 // their mean
		}
		for i, r := range ranks {
			squares += r * r
			if i > 0 {
				products += r * ranks[i-1]
			}
		}
		n += float64(len(s))
	}
	if squares == 0 {
		return false
	}
	// Independent values have -1/n on each side, and a spread of 1/sqrt(n) in all.
	expected := -float64(len(samples)) / n
	return products/squares > expected+normal90/math.Sqrt(n)
}

const normal90 = 1.6448536269514722 // one-sided 95 %
