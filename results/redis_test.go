package results

import (
	"math"
	"testing"
)

// Each by hand, of figures that are all different.
func TestRedisRatios(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	one := func(s *AllocatorStats) *Mark {
		return &Mark{RSS: 2600, Resident: &Resident{Lab: 200, Heap: 2400}, AllocatorStats: s}
	}
	jemalloc := &AllocatorStats{Allocated: n(1000), WithCaches: n(1200), Active: n(1500), Resident: n(1800), Mapped: n(9000), SmallFree: n(60)}
	absent := math.NaN()
	for name, c := range map[string]struct {
		mark *Mark
		want []float64
	}{
		"all":                          {one(jemalloc), []float64{2.4, 1.25, 1.05, 1.2, 2400.0 / 1800}},
		"thread caches are told apart": {one(&AllocatorStats{Allocated: n(1000), Active: n(1500), Resident: n(1800)}), []float64{2.4, 1.5, absent, 1.2, 2400.0 / 1800}},
		"allocated alone":              {one(&AllocatorStats{Allocated: n(1000), Mapped: n(4000)}), []float64{2.4, absent, absent, absent, absent}},
		"nothing in use":               {one(&AllocatorStats{Allocated: n(0), Active: n(0), Resident: n(4096), SmallFree: n(4096)}), []float64{absent, absent, absent, absent, 2400.0 / 4096}},
		"it says nothing":              {one(nil), []float64{absent, absent, absent, absent, absent}},
		"RSS is not known":             {&Mark{RSS: 2600, AllocatorStats: jemalloc}, []float64{absent, 1.25, 1.05, 1.2, absent}},
		"a family": {&Mark{RSS: 2600, Processes: []ProcessMemory{{Pid: 1, RSS: 2600, PSS: 2600, Lab: 200}, {Pid: 2}}, AllocatorStats: jemalloc},
			[]float64{absent, 1.25, 1.05, 1.2, absent}},
	} {
		for i, got := range c.mark.RedisRatios().All() {
			if got.Known == math.IsNaN(c.want[i]) || got.Known && math.Abs(got.Value-c.want[i]) > 1e-9 {
				t.Errorf("%s: %s is %+v, want %v", name, RedisNames[i], got, c.want[i])
			}
		}
	}
}
