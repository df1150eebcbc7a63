package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWanders(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, c := range []struct {
		keep          float64
		n             int
		least, atMost float64
	}{{0, 10, 0, 0.08}, {0, 30, 0, 0.08}, {0.5, 10, 0.3, 1}, {0.5, 30, 0.9, 1}} {
		found := 0
		for range 1000 {
			series := func() []float64 {
				x, s := r.NormFloat64(), []float64(nil)
				for range c.n {
					s = append(s, x)
					x = c.keep*x + math.Sqrt(1-c.keep*c.keep)*r.NormFloat64()
				}
				return s
			}
			if Wanders(series(), series()) {
				found++
			}
		}
		rate := float64(found) / 1000
		t.Logf("keeps %g, %d a side: told in %.1f %%", c.keep, c.n, 100*rate)
		if rate < c.least || rate > c.atMost {
			t.Errorf("keeps %g, %d a side: told in %.1f %%", c.keep, c.n, 100*rate)
		}
	}
	if Wanders(nil, []float64{1, 1, 1}) || Wanders() {
		t.Error("what does not vary wanders")
	}
}
