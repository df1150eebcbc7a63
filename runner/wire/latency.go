package wire

import (
	"math"
	"math/bits"
	"unsafe"
)

// Histogram is how often which latency was seen.
type Histogram struct {
	Counts [LatencyBuckets]uint64
	Total  uint64
	Max    uint64 // ns, exact
}

// Latency is the histograms of malloc (0) and free (1) by size class, over all
// threads, which must be parked. It is false but in pass latency.
func (m *Memory) Latency() (all [2][LatencyClasses]Histogram, timerNS uint64, ok bool) {
	if m.head.LatencyOffset == 0 {
		return all, 0, false
	}
	for i := range uint64(m.head.LaneCount) {
		l := (*latency)(unsafe.Pointer(&m.data[m.head.LatencyOffset+i*uint64(unsafe.Sizeof(latency{}))]))
		for op := range all {
			for class := range all[op] {
				h := &all[op][class]
				h.Max = max(h.Max, l.Max[op][class])
				for bucket, n := range l.Count[op][class] {
					h.Counts[bucket] += n
					h.Total += n
				}
			}
		}
	}
	return all, m.head.TimerNS, true
}

// Merge adds another histogram.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.Counts {
		h.Counts[i] += n
	}
	h.Total += o.Total
	h.Max = max(h.Max, o.Max)
}

// Quantile is the latency in ns that a share q of all calls did not exceed, to
// half a bucket: 3 %. It is false for an empty histogram.
func (h *Histogram) Quantile(q float64) (ns float64, ok bool) {
	if h.Total == 0 {
		return 0, false
	}
	rank := uint64(math.Ceil(q * float64(h.Total)))
	rank = min(max(rank, 1), h.Total)
	passed := uint64(0)
	for i, n := range h.Counts {
		if passed += n; passed >= rank {
			low, width := bucketRange(i)
			return min(low+width/2, float64(h.Max)), true
		}
	}
	return float64(h.Max), true
}

// bucketRange is the inverse of latency_bucket in latency.h.
func bucketRange(bucket int) (low, width float64) {
	if bucket < 2*LatencySub {
		return float64(bucket), 0 // whole ns
	}
	power := (bucket-2*LatencySub)/LatencySub + 5
	sub := (bucket - 2*LatencySub) % LatencySub
	width = math.Ldexp(1, power-bits.Len(LatencySub-1))
	return math.Ldexp(1, power) + float64(sub)*width, width
}

// ClassLimit is the largest size in bytes of a size class; 0 for the last,
// which has none.
func ClassLimit(class int) int64 {
	if class == LatencyClasses-1 {
		return 0
	}
	return 64 << (2 * class)
}
