package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Tables of Student's t, for instance NIST/SEMATECH e-Handbook, 1.3.6.7.2.
func TestStudentQuantile(t *testing.T) {
	for _, test := range []struct {
		p        float64
		freedoms int
		want     float64
	}{{.975, 1, 12.706}, {.975, 2, 4.303}, {.975, 3, 3.182}, {.975, 4, 2.776}, {.975, 5, 2.571}, {.975, 13, 2.160}, {.975, 28, 2.048}, {.975, 100, 1.984}, {.95, 7, 1.895}, {.999, 10, 4.144}} {
		if got := StudentQuantile(test.p, test.freedoms); math.Abs(got-test.want) > 6e-4 {
			t.Errorf("t(%g, %d) = %.4f, want %.3f", test.p, test.freedoms, got, test.want)
		}
	}
}

func TestFitLine(t *testing.T) {
	x, y := []float64{1, 2, 4, 8}, []float64{13, 16, 22, 34} // 10 + 3 x
	l, err := FitLine(x, y)
	if err != nil || math.Abs(l.At0-10) > 1e-9 || math.Abs(l.PerX-3) > 1e-9 || l.Worst > 1e-9 || l.N != 4 || l.Low != 1 || l.High != 8 {
		t.Fatalf("%+v, %v", l, err)
	}
	if y, low, high := l.Predict(100); math.Abs(y-310) > 1e-6 || math.Abs(high-low) > 1e-6 {
		t.Errorf("at 100: %g, %g to %g", y, low, high)
	}
	for at, want := range map[float64]float64{1: 1, 3: 1, 8: 1, 16: 2, 0.5: 2} {
		if got := l.Beyond(at); got != want {
			t.Errorf("%g lies %g times beyond, want %g", at, got, want)
		}
	}
	for name, bad := range map[string][2][]float64{
		"lengths": {{1, 2, 3}, {1, 2}}, "two": {{1, 2, 2}, {1, 2, 3}}, "negative": {{1, 2, -3}, {1, 2, 3}}, "none": {nil, nil},
		"NaN": {{1, 2, 3}, {1, math.NaN(), 3}}, "zero": {{1, 2, 3}, {1, 0, 3}},
	} {
		if l, err := FitLine(bad[0], bad[1]); err == nil {
			t.Errorf("%s: no error, %+v", name, l)
		}
	}
}

// The interval holds a new value as often as it says, with few points and many,
// among them and far beyond.
func TestPredictionCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, rounds := range []int{1, 3, 10} {
		for _, at := range []float64{150, 4000} {
			held, sessions := 0, 3000
			for range sessions {
				var x, y []float64
				for _, size := range []float64{64, 128, 256, 512} {
					for range rounds {
						x, y = append(x, size), append(y, size*(1.1+.02*random.NormFloat64())+7)
					}
				}
				l, err := FitLine(x, y)
				if err != nil {
					t.Fatal(err)
				}
				truth := at*(1.1+.02*random.NormFloat64()) + 7
				if _, low, high := l.Predict(at); low <= truth && truth <= high {
					held++
				}
			}
			if share := float64(held) / float64(sessions); math.Abs(share-.95) > .015 {
				t.Errorf("%d rounds, at %g: held in %.1f %%", rounds, at, 100*share)
			}
		}
	}
}
