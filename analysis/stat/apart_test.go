package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// wandering draws n values that keep so much of their deviation from one to the next.
func wandering(r *rand.Rand, n int, cv, keep, center float64) []float64 {
	x, s := r.NormFloat64(), make([]float64, n)
	for i := range s {
		s[i] = center * math.Exp(cv*x)
		x = keep*x + math.Sqrt(1-keep*keep)*r.NormFloat64()
	}
	return s
}

// TestApartHolds: p below a level is about as rare as the level says, where values keep as much
// as is assumed, and rarer where they keep less. What independent values
// cost by it shrinks as they are enough to show that they are.
func TestApartHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	const level, draws = 0.02, 4000
	for _, c := range []struct {
		n, m   int
		keep   float64
		shift  float64 // in standard deviations
		lo, hi float64
	}{
		{10, 10, 0.5, 0, 0.004, 0.03}, {30, 30, 0.5, 0, 0.004, 0.03}, {8, 30, 0.5, 0, 0.004, 0.035},
		{10, 10, 0, 0, 0, 0.01}, {30, 30, 0, 0, 0, 0.02},
		{10, 10, 0.8, 0, 0.02, 0.2}, // more than is assumed deceives, less so the more values show it
		{30, 30, 0, 1.5, 0.95, 1}, {10, 10, 0, 5, 0.95, 1},
	} {
		found := 0
		for range draws {
			if ApartOf(wandering(r, c.n, 0.03, c.keep, 1), wandering(r, c.m, 0.03, c.keep, math.Exp(0.03*c.shift))).P() < level {
				found++
			}
		}
		rate := float64(found) / draws
		t.Logf("%d and %d values that keep %g, %g standard deviations apart: p below %g in %.1f %%", c.n, c.m, c.keep, c.shift, level, 100*rate)
		if rate < c.lo || rate > c.hi {
			t.Errorf("%d and %d values that keep %g, %g standard deviations apart: p below %g in %.1f %%, want %g to %g", c.n, c.m, c.keep, c.shift, level, 100*rate, c.lo, c.hi)
		}
	}
}

// TestApartSymmetry: swapped sides, another unit and time run backwards change nothing.
func TestApartSymmetry(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for range 200 {
		base, new := wandering(r, 2+r.IntN(20), 0.03, 0.5, 1e6), wandering(r, 2+r.IntN(20), 0.03, 0.5, 1.02e6)
		if r.IntN(2) == 0 {
			for i := range base {
				base[i] = 4096 * math.Round(base[i]/4096)
			}
		}
		there := ApartOf(base, new)
		if p := there.P(); !(p >= 0 && p <= 1) {
			t.Fatalf("p %g", p)
		}
		other := func(s []float64) []float64 {
			s = slices.Clone(s)
			for i := range s {
				s[i] /= 3
			}
			slices.Reverse(s)
			return s
		}
		for what, a := range map[string]Apart{"swapped": ApartOf(new, base), "scaled and reversed": ApartOf(other(base), other(new))} {
			if math.Abs(a.P()-there.P()) > 1e-9 || math.Abs(a.Detectable(0.01)-there.Detectable(0.01)) > 1e-9 || a.Rounds(0.01) != there.Rounds(0.01) {
				t.Fatalf("%s: %+v is %+v", what, there, a)
			}
		}
	}
}

func TestApart(t *testing.T) {
	flat := slices.Repeat([]float64{4096}, 10)
	for name, c := range map[string]struct {
		base, new []float64
		p         float64
	}{
		"all tied":         {flat, flat, 1},
		"no scatter":       {flat, slices.Repeat([]float64{4097}, 10), 0},
		"one value a side": {[]float64{1}, []float64{2}, 1},
		"none":             {nil, flat, 1},
	} {
		if p := ApartOf(c.base, c.new).P(); p != c.p {
			t.Errorf("%s: p %g, want %g", name, p, c.p)
		}
	}
	for _, rho := range []float64{0, 0.3, 0.5, 0.9} {
		for _, n := range []int{1, 2, 10, 200} {
			sum := 1.0
			for k := 1; k < n; k++ {
				sum += 2 * (1 - float64(k)/float64(n)) * math.Pow(rho, float64(k))
			}
			if got := lasting(rho, float64(n)); math.Abs(got-sum) > 1e-9 {
				t.Errorf("lasting(%g, %d) is %g, and the sum over all pairs %g", rho, n, got, sum)
			}
		}
	}
	// Values that show that they keep nothing are taken so, and those that show more than is assumed too.
	a := Apart{base: 500, new: 500}
	if k := a.keeps(1000); k > 0.06 {
		t.Errorf("a thousand values without autocorrelation are taken to keep %g", k)
	}
	if a.kept = 0.8; a.keeps(1000) != 0.8 || a.keeps(20) != 0.8 {
		t.Errorf("values that keep 0.8 are taken to keep %g", a.keeps(1000))
	}
}

// TestApartDetectable: a change of the size named is found about nine times of ten, and
// by as many rounds as are named.
func TestApartDetectable(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	const alpha = 0.01 / 3
	for _, n := range []int{10, 30} {
		var said []float64
		for range 400 {
			said = append(said, ApartOf(wandering(r, n, 0.03, 0.5, 1), wandering(r, n, 0.03, 0.5, 1)).Detectable(alpha))
		}
		slices.Sort(said)
		effect, found := medianSorted(said), 0
		for range 400 {
			if ApartOf(wandering(r, n, 0.03, 0.5, 1), wandering(r, n, 0.03, 0.5, 1+effect)).P() < alpha {
				found++
			}
		}
		t.Logf("%d a side: detectable %.1f %%, found in %.1f %%", n, 100*effect, float64(found)/4)
		if found < 310 || found > 396 {
			t.Errorf("%d a side: a change of %.1f %% is found in %d of 400", n, 100*effect, found)
		}
	}
	a := ApartOf(wandering(r, 10, 0.03, 0, 1), wandering(r, 10, 0.03, 0, 1.06))
	rounds := a.Rounds(alpha)
	size := math.Expm1(math.Abs(a.shift))
	if rounds <= 10 || a.detectable(rounds, rounds, alpha) > size || a.detectable(rounds-1, rounds-1, alpha) <= size {
		t.Errorf("%d rounds for %+v", rounds, a)
	}
	if n := (Apart{base: 10, new: 10, shift: 1e-6, scatter: 0.1}).Rounds(alpha); n != 0 {
		t.Errorf("%d rounds find a change of a millionth", n)
	}
}
