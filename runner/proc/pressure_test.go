package proc

import (
	"errors"
	"math"
	"testing"
)

func TestParsePressure(t *testing.T) {
	got, err := parsePressure(fixtureFiles(t, "host-hybrid-6.18.txtar")["proc/pressure/io"])
	want := Pressure{Some10: 0.12, SomeTotal: 18.278782, Full10: 0, FullTotal: 6.758175}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	// Kernels before 5.13 write no line full for the CPU.
	if p, err := parsePressure("some avg10=1.50 avg60=0.00 avg300=0.00 total=7\n"); err != nil || p.Some10 != 1.5 || p.SomeTotal != 7e-6 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{
		"", "full avg10=0 avg60=0 avg300=0 total=0\n", "some avg10=x avg60=0 avg300=0 total=0\n",
		"some avg10=NaN avg60=0 avg300=0 total=0\n", "some avg60=0 avg10=0 avg300=0 total=0\n",
		"some avg10=0 avg60=0 avg300=0 total=-1\n", "all avg10=0 avg60=0 avg300=0 total=0\n", "some\n",
	} {
		if p, err := parsePressure(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, p, err)
		}
	}
}

func FuzzPressure(f *testing.F) {
	seed(f, "pressure/memory")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parsePressure(text); err == nil && (math.IsNaN(p.Some10+p.Full10) || p.SomeTotal < 0) {
			t.Errorf("%q: %+v", text, p)
		}
	})
}
