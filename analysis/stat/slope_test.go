package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTheilSen(t *testing.T) {
	line := func(n int, at func(i int) float64) (x, y []float64) {
		for i := range n {
			x, y = append(x, float64(i)), append(y, at(i))
		}
		return x, y
	}
	x, y := line(20, func(i int) float64 { return 3 + 2*float64(i) })
	s, err := TheilSen(x, y)
	if err != nil || s.PerX != 2 || s.Low != 2 || s.High != 2 || s.N != 20 {
		t.Fatalf("a straight line: %+v, %v", s, err)
	}
	for i := range 5 { // a quarter of the points are nonsense
		y[3*i] = 1e6
	}
	if s, err = TheilSen(x, y); err != nil || s.PerX < 1.9 || s.PerX > 30 {
		t.Errorf("five of twenty points far away: %+v, %v", s, err)
	}
	x, y = line(5000, func(i int) float64 { return -0.5 * float64(i) })
	if s, err = TheilSen(x, y); err != nil || math.Abs(s.PerX+0.5) > 1e-12 || s.N != slopePoints {
		t.Errorf("5000 points: %+v, %v", s, err)
	}
	// Sen's example of 1968: the published estimate is 4, with a 93 % interval from
	// the 4th to the 15th of 18 slopes.
	x = []float64{1, 2, 3, 4, 10, 12, 18}
	y = []float64{9, 15, 19, 20, 45, 55, 78}
	if s, err = TheilSen(x, y); err != nil || s.PerX != 4 {
		t.Errorf("Sen's example: %+v, %v", s, err)
	}
	for name, bad := range map[string][2][]float64{
		"lengths":  {{1, 2, 3}, {1, 2}},
		"empty":    {},
		"two x":    {{1, 1, 2, 2}, {1, 2, 3, 4}},
		"NaN":      {{1, 2, math.NaN()}, {1, 2, 3}},
		"infinite": {{1, 2, 3}, {1, 2, math.Inf(1)}},
		"overflow": {{0, 1e-300, 1}, {0, 1e300, 1}},
	} {
		if s, err := TheilSen(bad[0], bad[1]); err == nil {
			t.Errorf("%s: no error, %+v", name, s)
		}
	}
}

// The interval holds the true slope as often as it says, also with tied x.
func TestTheilSenCoverage(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, ties := range []bool{false, true} {
		held, tried := 0, 1500
		for range tried {
			var x, y []float64
			for i := range 24 {
				at := float64(i)
				if ties {
					at = float64(i / 3)
				}
				x, y = append(x, at), append(y, 5+0.3*at+r.NormFloat64())
			}
			s, err := TheilSen(x, y)
			if err != nil {
				t.Fatal(err)
			}
			if s.Low <= 0.3 && 0.3 <= s.High {
				held++
			}
		}
		if rate := float64(held) / float64(tried); rate < 0.94 || rate > 0.985 {
			t.Errorf("ties %v: the 95 %% interval held the slope in %.1f %% of fits", ties, 100*rate)
		}
	}
}

// Order and shift of the points change nothing; mirrored points mirror the slope.
func TestTheilSenSymmetry(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x, y []float64
	for i := range 30 {
		x, y = append(x, float64(i*i)), append(y, r.NormFloat64())
	}
	want, err := TheilSen(x, y)
	if err != nil {
		t.Fatal(err)
	}
	mirrored := slices.Clone(y)
	for i := range mirrored {
		mirrored[i] = -mirrored[i]
	}
	got, err := TheilSen(x, mirrored)
	if err != nil || math.Abs(got.PerX+want.PerX) > 1e-12 || math.Abs(got.Low+want.High) > 1e-12 || math.Abs(got.High+want.Low) > 1e-12 {
		t.Errorf("mirrored: %+v, want the mirror of %+v, %v", got, want, err)
	}
	r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i]; y[i], y[j] = y[j], y[i] })
	if got, err = TheilSen(x, y); err != nil || got != want {
		t.Errorf("shuffled: %+v, want %+v, %v", got, want, err)
	}
}
