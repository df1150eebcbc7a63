package proc

import (
	"math"
	"testing"
)

const statText = "cpu  1100 120 1300 14000 150 16 17 18 90 1\ncpu0 100 20 300 4000 50 6 7 8 90 1\ncpu1 1000 100 1000 10000 100 10 10 10 0 0\nintr 1 2\n"

func TestParseCPUTime(t *testing.T) {
	for _, c := range []struct {
		cpus []int
		want CPUTime
	}{{[]int{0}, CPUTime{4.41, 0.08}}, {[]int{1}, CPUTime{21.3, 0.1}}, {[]int{0, 1}, CPUTime{25.71, 0.18}}} {
		got, err := parseCPUTime([]byte(statText), c.cpus)
		if err != nil || math.Abs(got.Busy-c.want.Busy) > 1e-9 || math.Abs(got.Steal-c.want.Steal) > 1e-9 {
			t.Errorf("%v: %+v, %v; want %+v", c.cpus, got, err, c.want)
		}
	}
	for _, text := range []string{"", "cpu0", "cpu0 1 2 3\n", "cpu0 1 2 3 4 5 6 7 x\n", "cpu  1 2 3 4 5 6 7 8\n"} {
		if _, err := parseCPUTime([]byte(text), []int{0}); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	live, err := NewFS("/").CPUTime([]int{0})
	if err != nil || live.Busy <= 0 || live.Steal > live.Busy {
		t.Errorf("live: %+v, %v", live, err)
	}
}

func FuzzCPUTime(f *testing.F) {
	f.Add([]byte(statText))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseCPUTime(b, []int{0, 1}); err == nil && (got.Busy < got.Steal || got.Steal < 0) {
			t.Errorf("%q gives %+v", b, got)
		}
	})
}
