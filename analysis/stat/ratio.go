package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// intervalFrom is the fewest values a side of which resampling gives an interval that
// keeps its word: of 3 a side a "95 %" one held the truth in 89 %, of 2 in 68 %.
const intervalFrom = 5

// resamples is how many bootstrap samples an interval is read from: the 0.5 %
// tail of a 99 % interval then has 20.
const resamples = 4000

// Ratio is the ratio of two medians with what resampling says of it.
type Ratio struct {
	Value  float64
	sorted []float64 // of the resamples
	n      int       // values of the smaller side
}

// RatioOf is the median of new over the median of base. The interval is
// the percentile bootstrap's: each side is drawn anew from itself, with a seed
// that depends on its size alone. All values must be positive: a ratio of
// others says nothing.
//
// Swapping the sides gives the reciprocal, of the interval too.
func RatioOf(base, new []float64) (Ratio, error) {
	b, err := checked("ratio", base)
	if err != nil {
		return Ratio{}, err
	}
	n, err := checked("ratio", new)
	if err != nil {
		return Ratio{}, err
	}
	if b[0] <= 0 || n[0] <= 0 {
		return Ratio{}, fmt.Errorf("ratio of values that are not all positive: the least is %g", min(b[0], n[0]))
	}
	// The two sides need resamples that do not depend on each other; which side has
	// which must not depend on who is called base.
	swapped := slices.Compare(b, n) > 0
	if swapped {
		b, n = n, b
	}
	first, second := middles(len(b), 0), middles(len(n), 1)
	r := Ratio{medianSorted(n) / medianSorted(b), make([]float64, resamples), min(len(b), len(n))}
	for i := range r.sorted {
		r.sorted[i] = (n[second[i].low]/2 + n[second[i].high]/2) / (b[first[i].low]/2 + b[first[i].high]/2)
	}
	if swapped {
		r.Value = 1 / r.Value
		for i, v := range r.sorted {
			r.sorted[i] = 1 / v
		}
	}
	slices.Sort(r.sorted)
	if !finite(r.Value) || r.Value == 0 || !finite(r.sorted[resamples-1]) || r.sorted[0] == 0 {
		return Ratio{}, fmt.Errorf("ratio of %g and %g is beyond what a number holds", medianSorted(n), medianSorted(b))
	}
	return r, nil
}

// Interval holds the true ratio with the given confidence, 0.95 for instance.
// It is NaN where a side has fewer than 5 values.
func (r Ratio) Interval(confidence float64) (low, high float64) {
	if r.n < intervalFrom {
		return math.NaN(), math.NaN()
	}
	cut := int(math.Floor((1 - confidence) / 2 * resamples))
	return r.sorted[cut], r.sorted[resamples-1-cut]
}

// middle are the places, in the sorted sample, of the one or two values in the
// middle of a resample.
type middle struct{ low, high int32 }

var (
	middlesLock  sync.Mutex
	middlesCache = map[[2]int][]middle{}
)

// middles draws resamples of a sample of n. The median of a resample is made of the
// values at two places of the sorted sample, and the places do not depend on the
// values: they are drawn once for each size.
func middles(n, stream int) []middle {
	middlesLock.Lock()
	defer middlesLock.Unlock()
	key := [2]int{n, stream}
	if m, ok := middlesCache[key]; ok {
		return m
	}
	random := rand.New(rand.NewPCG(uint64(n), uint64(stream)))
	m, places := make([]middle, resamples), make([]int32, n)
	for i := range m {
		for j := range places {
			places[j] = int32(random.IntN(n))
		}
		slices.Sort(places)
		m[i] = middle{places[(n-1)/2], places[n/2]}
	}
	middlesCache[key] = m
	return m
}
