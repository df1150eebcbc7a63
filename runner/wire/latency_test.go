package wire

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// bucketOf is latency_bucket of latency.h, written anew.
func bucketOf(ns uint64) int {
	for i := LatencyBuckets - 1; i > 0; i-- {
		if low, _ := bucketRange(i); float64(ns) >= low {
			return i
		}
	}
	return 0
}

func TestQuantile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var values []float64
	for range 100_000 {
		ns := uint64(math.Exp(3 + 2*r.NormFloat64()))
		h.Counts[bucketOf(ns)]++
		h.Total++
		h.Max = max(h.Max, ns)
		values = append(values, float64(ns))
	}
	slices.Sort(values)
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 0.9999} {
		want := values[int(math.Ceil(q*float64(len(values))))-1]
		got, ok := h.Quantile(q)
		if !ok || math.Abs(got-want) > 0.032*want+0.5 {
			t.Errorf("quantile %g is %g, sorted values say %g", q, got, want)
		}
	}
	if got, _ := h.Quantile(1); got > float64(h.Max) {
		t.Errorf("quantile 1 is %g, above the maximum %d", got, h.Max)
	}
	if _, ok := new(Histogram).Quantile(0.5); ok {
		t.Error("an empty histogram has a median")
	}
}

func TestBucketRangesTile(t *testing.T) {
	end := 0.0
	for i := range LatencyBuckets {
		low, width := bucketRange(i)
		if low != end {
			t.Fatalf("bucket %d begins at %g and the one before ends at %g", i, low, end)
		}
		end = low + max(width, 1)
		if i >= 2*LatencySub && width/low > 1.0/LatencySub {
			t.Errorf("bucket %d is %g wide at %g", i, width, low)
		}
	}
	if end != math.Ldexp(1, 40) {
		t.Errorf("the last bucket ends at %g, not at 2^40 ns", end)
	}
}

func TestClassLimit(t *testing.T) {
	want := []int64{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 0}
	for class := range LatencyClasses {
		if got := ClassLimit(class); got != want[class] {
			t.Errorf("class %d ends at %d, not %d", class, got, want[class])
		}
	}
}
