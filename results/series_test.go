package results

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSeriesKeepsAllThatFits(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, seriesBuckets, seriesBuckets + 1, 2 * seriesBuckets} {
		s := NewSeries[Sample]()
		var want []Sample
		for i := range n {
			sample := Sample{T: float64(i), RSS: rand.Int64N(100), Phase: MarkHold}
			s.Add(sample)
			want = append(want, sample)
		}
		if diff := cmp.Diff(append([]Sample{}, want...), s.Rows()); diff != "" {
			t.Errorf("%d samples: %s", n, diff)
		}
	}
}

// TestSeriesTenMillion is a trial of 28 hours at 100 Hz: one spike and one dip
// of a single sample each, anywhere in it, and the last sample must survive.
func TestSeriesTenMillion(t *testing.T) {
	const n = 10_000_000
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		low, high := random.IntN(n), random.IntN(n)
		if low == high {
			high = (low + 1) % n
		}
		s := NewSeries[Sample]()
		for i := range n {
			sample := Sample{T: float64(i), RSS: 1000 + int64(i*7919%1000)}
			switch i {
			case low:
				sample.RSS = 1
			case high:
				sample.RSS = 1 << 40
			}
			s.Add(sample)
		}
		rows := s.Rows()
		if len(rows) > MaxRows || len(rows) < MaxRows/4 || s.Count() != n {
			t.Errorf("%d rows of %d samples", len(rows), s.Count())
		}
		if rows[0].T != 0 || rows[len(rows)-1].T != n-1 {
			t.Errorf("rows go from %v to %v", rows[0].T, rows[len(rows)-1].T)
		}
		gotLow, gotHigh := rows[0], rows[0]
		for i, row := range rows {
			if i > 0 && row.T <= rows[i-1].T {
				t.Fatalf("row %d is at %v, the one before at %v", i, row.T, rows[i-1].T)
			}
			if row.RSS < gotLow.RSS {
				gotLow = row
			}
			if row.RSS > gotHigh.RSS {
				gotHigh = row
			}
		}
		if gotLow.T != float64(low) || gotLow.RSS != 1 || gotHigh.T != float64(high) || gotHigh.RSS != 1<<40 {
			t.Errorf("lowest at %v, put at %d; highest at %v, put at %d", gotLow.T, low, gotHigh.T, high)
		}
	}
}

func TestSeriesAllocatesNothing(t *testing.T) {
	s := NewSeries[Sample]()
	sample := Sample{Phase: MarkHold}
	if n := testing.AllocsPerRun(100_000, func() { s.Add(sample); sample.T++; sample.RSS ^= 4096 }); n != 0 {
		t.Errorf("Add allocates %v times", n)
	}
	if cap(s.buckets) != seriesBuckets {
		t.Errorf("the buckets grew to %d", cap(s.buckets))
	}
}

func BenchmarkSeriesAdd(b *testing.B) {
	b.ReportAllocs()
	s := NewSeries[Sample]()
	sample := Sample{Phase: MarkHold}
	for b.Loop() {
		s.Add(sample)
		sample.T++
		sample.RSS ^= 4096
	}
}
