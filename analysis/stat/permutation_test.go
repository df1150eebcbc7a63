package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// enumerate deals the values out in every way, with ranks of its own.
func enumerate(a, b []float64) float64 {
	all := append(append([]float64{}, a...), b...)
	rank := func(v float64) float64 {
		below, equal := 0, 0
		for _, o := range all {
			if o < v {
				below++
			} else if o == v {
				equal++
			}
		}
		return float64(below) + (float64(equal)+1)/2
	}
	mean := float64(len(a)) * float64(len(all)+1) / 2
	sum := 0.0
	for _, v := range a {
		sum += rank(v)
	}
	seen, deals, beyond := math.Abs(sum-mean), 0, 0
	for set := range 1 << len(all) {
		n, sum := 0, 0.0
		for i, v := range all {
			if set>>i&1 == 1 {
				n++
				sum += rank(v)
			}
		}
		if n != len(a) {
			continue
		}
		deals++
		if math.Abs(sum-mean) >= seen-1e-9 {
			beyond++
		}
	}
	return float64(beyond) / float64(deals)
}

// TestPermutationAgainstEnumeration: every pair of samples of one to five values out of
// three, so with every pattern of ties that so few can have, and random larger ones.
func TestPermutationAgainstEnumeration(t *testing.T) {
	compare := func(a, b []float64) {
		t.Helper()
		got, err := Permutation(a, b)
		if want := enumerate(a, b); err != nil || math.Abs(got-want) > 1e-12 || got <= 0 || got > 1 {
			t.Fatalf("%v against %v: p %g, enumerated %g, %v", a, b, got, want, err)
		}
	}
	multisets := func(n int) (all [][]float64) {
		for low := range n + 1 {
			for middle := range n + 1 - low {
				var s []float64
				for i := range n {
					switch {
					case i < low:
						s = append(s, 1)
					case i < low+middle:
						s = append(s, 2)
					default:
						s = append(s, 3)
					}
				}
				all = append(all, s)
			}
		}
		return all
	}
	for n := 1; n <= 5; n++ {
		for m := 1; m <= 5; m++ {
			for _, a := range multisets(n) {
				for _, b := range multisets(m) {
					compare(a, b)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a, b := make([]float64, 1+r.IntN(6)), make([]float64, 1+r.IntN(6))
		for i := range a {
			a[i] = float64(r.IntN(6))
		}
		for i := range b {
			b[i] = r.Float64()
		}
		compare(a, b)
	}
}

func TestPermutation(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b []float64
		want float64
	}{
		// R's help page of wilcox.test: p-value = 0.2544 for two sides.
		{"R, untied", []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}, 0.254412},
		{"all tied", []float64{11, 11, 11, 11, 11}, []float64{11, 11, 11, 11}, 1},
		{"one differs", []float64{11, 11, 11, 11, 11}, []float64{11, 11, 11, 10}, 4.0 / 9},
		{"apart", []float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 2.0 / 252},
	} {
		if got, err := Permutation(c.a, c.b); err != nil || math.Abs(got-c.want) > 5e-7 {
			t.Errorf("%s: p %g, want %g, %v", c.name, got, c.want, err)
		}
	}
	for name, bad := range map[string][2][]float64{
		"empty": {{}, {1}}, "NaN": {{1, math.NaN()}, {1}}, "infinite": {{1}, {math.Inf(-1)}},
	} {
		if p, err := Permutation(bad[0], bad[1]); err == nil {
			t.Errorf("%s: no error, p %g", name, p)
		}
	}
}

// What is drawn agrees with what is counted, and large samples are not refused.
func TestPermutationDrawn(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, shift := range []float64{0, 0.4, 0.8} {
		a, b := make([]float64, 25), make([]float64, 25)
		for i := range a {
			a[i], b[i] = math.Round(4*r.NormFloat64()), math.Round(4*(r.NormFloat64()+shift))
		}
		ranks, sum := midRanks(a, b)
		far := abs(sum - 25*51)
		counted, drawn := countDeals(ranks, 25, far), drawDeals(ranks, 25, far)
		if d := math.Abs(counted - drawn); d > 4*math.Sqrt(counted*(1-counted)/permutations)+2.0/permutations {
			t.Errorf("shift %g: counted %g, drawn %g", shift, counted, drawn)
		}
	}
	a, b := make([]float64, 90), make([]float64, 90)
	for i := range a {
		a[i], b[i] = r.NormFloat64(), r.NormFloat64()+3
	}
	if p, err := Permutation(a, b); err != nil || p > 1e-4 || p <= 0 {
		t.Errorf("90 against 90, far apart: p %g, %v", p, err)
	}
}

func TestRoundsFor(t *testing.T) {
	for family, want := range map[int]int{1: 5, 2: 6, 3: 6, 4: 6, 5: 7, 17: 7, 18: 8, 64: 8, 65: 9, 900: 10} {
		n, err := RoundsFor(family, 0.01)
		if err != nil || n != want {
			t.Errorf("family of %d: %d rounds, want %d, %v", family, n, want, err)
		}
		// By the deals themselves: C(2n, n) of them, two of which are extreme.
		deals := 1.0
		for i := 1; i <= n; i++ {
			deals = deals * float64(n+i) / float64(i)
		}
		if p := 2 / deals * float64(family); p >= 0.01 {
			t.Errorf("family of %d: %d rounds reach only %g", family, n, p)
		}
	}
	if n, err := RoundsFor(1e8, 0.01); err != nil || n < 15 {
		t.Errorf("a huge family: %d, %v", n, err)
	}
	if _, err := RoundsFor(1, 0); err == nil {
		t.Error("a level of 0 can be reached")
	}
	if p := SmallestP(0, 5); p != 1 {
		t.Errorf("an empty side reaches %g", p)
	}
}

func TestHolm(t *testing.T) {
	nan := math.NaN()
	// p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") in R: 0.04 0.06 0.06 0.06.
	for _, c := range []struct{ p, want []float64 }{
		{[]float64{0.01, 0.02, 0.03, 0.04}, []float64{0.04, 0.06, 0.06, 0.06}},
		{[]float64{0.04, 0.01, 0.03, 0.02}, []float64{0.06, 0.04, 0.06, 0.06}},
		{[]float64{0.2, nan, 0.001}, []float64{0.2, nan, 0.002}},
		{[]float64{0.9, 0.8}, []float64{1, 1}},
		{nil, nil},
	} {
		got := Holm(c.p)
		for i := range c.want {
			if math.Abs(got[i]-c.want[i]) > 1e-12 || math.IsNaN(got[i]) != math.IsNaN(c.want[i]) {
				t.Errorf("Holm(%v) = %v, want %v", c.p, got, c.want)
				break
			}
		}
	}
}
