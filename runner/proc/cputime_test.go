package proc

import (
	"math"
	"testing"
)

func TestParseCPUTime(t *testing.T) {
	got, err := parseCPUTime([]byte("cpu  100 20 300 4000 50 6 7 8 90 1\ncpu0 1 2 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (CPUTime{Busy: 4.41, Steal: 0.08}); math.Abs(got.Busy-want.Busy) > 1e-9 || got.Steal != want.Steal {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, text := range []string{"", "cpu", "cpu  1 2 3", "intr 1 2", "cpu  1 2 3 4 5 6 7 x"} {
		if _, err := parseCPUTime([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	live, err := NewFS("/").CPUTime()
	if err != nil || live.Busy <= 0 || live.Steal > live.Busy {
		t.Errorf("live: %+v, %v", live, err)
	}
}

func FuzzCPUTime(f *testing.F) {
	f.Add([]byte("cpu  100 20 300 4000 50 6 7 8 90 1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseCPUTime(b); err == nil && (got.Busy < got.Steal || got.Steal < 0) {
			t.Errorf("%q gives %+v", b, got)
		}
	})
}
