package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Bounds of the permutation test: up to exactTotal values of both sides together
// the distribution is counted out (60 against 60 take 30 ms), beyond that it is drawn.
const (
	exactTotal   = 120
	permutations = 50_000
)

// Permutation is the two-sided p of the hypothesis that both samples are drawn
// from one distribution: the share of all ways to deal the values out to two sides of
// these sizes whose rank sum is at least as far from its mean as the one seen. Values
// that are equal share the mean of their ranks (mid-ranks), so p is right with any
// ties, and it is never 0: the deal seen is one of them.
//
// Up to 120 values every deal is counted; beyond, 50,000 are drawn with a
// fixed seed. It is an error if a side is empty or a value is NaN or infinite.
func Permutation(a, b []float64) (float64, error) {
	if _, err := checked("permutation test", a); err != nil {
		return 0, err
	}
	if _, err := checked("permutation test", b); err != nil {
		return 0, err
	}
	ranks, sum := midRanks(a, b)
	// Twice the rank sum's distance from its mean n(N+1)/2, which is a whole number.
	n, total := len(a), len(a)+len(b)
	far := abs(sum - n*(total+1))
	if total <= exactTotal {
		return countDeals(ranks, min(n, total-n), far), nil
	}
	return drawDeals(ranks, n, far), nil
}

// midRanks gives twice the mid-rank of every value, sorted, which is a whole
// number, and the sum of those of a.
func midRanks(a, b []float64) (ranks []int, sumA int) {
	type value struct {
		v float64
		a bool
	}
	all := make([]value, 0, len(a)+len(b))
	for _, v := range a {
		all = append(all, value{v, true})
	}
	for _, v := range b {
		all = append(all, value{v, false})
	}
	slices.SortFunc(all, func(x, y value) int { return compareFloat(x.v, y.v) })
	ranks = make([]int, len(all))
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		for k := i; k < j; k++ {
			ranks[k] = i + 1 + j // ranks i+1 … j, twice their mean
			if all[k].a {
				sumA += ranks[k]
			}
		}
		i = j
	}
	return ranks, sumA
}

// countDeals counts, for every rank sum, the subsets of n ranks that have it, and
// gives the share of those at least far from the mean. Counts are floating: of 120
// values there are more subsets than an int64 holds, and sums of positive numbers lose
// no more than their last digits.
func countDeals(ranks []int, n, far int) float64 {
	// Sums are counted in steps from the least rank: untied ranks are all even, so that
	// there are half as many.
	least, step := ranks[0], 0
	for _, r := range ranks {
		step = divisor(step, r-least)
	}
	if step == 0 {
		return 1 // all tied
	}
	mean := n * (len(ranks) + 1)
	at := func(s int) int { return n*least + s*step } // the rank sum
	most := 0
	for _, r := range ranks[len(ranks)-n:] {
		most += (r - least) / step
	}
	ways := make([][]float64, n+1) // ways[k][s]: subsets of k ranks with the sum s
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	reach := 0 // highest sum of any n of the ranks so far
	for i, r := range ranks {
		r = (r - least) / step
		reach = min(reach+r, most)
		for k := min(i+1, n); k >= 1; k-- {
			from, to := ways[k-1], ways[k]
			for s := reach; s >= r; s-- {
				to[s] += from[s-r]
			}
		}
	}
	all, beyond := 0.0, 0.0
	for s, w := range ways[n] {
		all += w
		if abs(at(s)-mean) >= far {
			beyond += w
		}
	}
	return min(beyond/all, 1)
}

// drawDeals estimates the same share; the deal seen counts as one of those drawn.
func drawDeals(ranks []int, n, far int) float64 {
	random := rand.New(rand.NewPCG(uint64(len(ranks)), uint64(n)))
	deck := slices.Clone(ranks)
	mean, beyond := n*(len(ranks)+1), 1
	for range permutations {
		sum := 0
		for i := range n {
			j := i + random.IntN(len(deck)-i)
			deck[i], deck[j] = deck[j], deck[i]
			sum += deck[i]
		}
		if abs(sum-mean) >= far {
			beyond++
		}
	}
	return float64(beyond) / (permutations + 1)
}

// SmallestP is the smallest p that Permutation can give for sides of n and m
// values, which it gives where they do not overlap and nothing is tied: two of all deals.
func SmallestP(n, m int) float64 {
	if n < 1 || m < 1 {
		return 1
	}
	a, _ := math.Lgamma(float64(n + m + 1))
	b, _ := math.Lgamma(float64(n + 1))
	c, _ := math.Lgamma(float64(m + 1))
	p := 2 * math.Exp(b+c-a)
	if n+m > exactTotal {
		p = max(p, 1.0/(permutations+1))
	}
	return min(p, 1)
}

// maxRounds bounds the answer of RoundsFor: no experiment may have more.
const maxRounds = 1000

// RoundsFor is the fewest values a side with which a test among a family of that
// size can fall below alpha after Holm, in the worst case, which is that it is the only one that does.
func RoundsFor(family int, alpha float64) (int, error) {
	for n := 2; n <= maxRounds; n++ {
		if SmallestP(n, n)*float64(family) < alpha {
			return n, nil
		}
	}
	return 0, fmt.Errorf("no number of rounds up to %d lets one of %d tests reach %g", maxRounds, family, alpha)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// divisor is the greatest that both have in common; 0 has all.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
