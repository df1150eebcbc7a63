package results

// MaxRows bounds the rows of a trial's samples.
const MaxRows = 20000

// Each bucket gives at most three rows, and the first sample stands alone. The
// number is even, so that halving leaves no bucket half full.
const seriesBuckets = (MaxRows - 1) / 3 &^ 1

// Series collects the rows of one trial, samples for one, in constant memory (of samples 1.2 MB),
// however long the trial is. It is made for the sampler's loop: Add never
// allocates and costs a few comparisons; once per doubling of the length it
// merges all buckets, which takes some 100 us.
//
// Consecutive samples share a bucket, which keeps those of lowest and highest
// RSS, or whatever the row's height is, and the last. When all buckets are used, neighbours are merged and each
// covers twice as many samples. So the true minimum, maximum, first and last
// sample always survive, a spike is never averaged away, and nothing at all
// is lost up to 13,332 samples: 133 s at 100 Hz.
//
// The zero Series cannot be used; see NewSeries. It is not safe for use from
// two goroutines at once.
type Series[T interface{ height() int64 }] struct {
	buckets []bucket[T]
	width   int64 // samples that a bucket covers
	count   int64 // samples added
	first   T
}

// bucket keeps rows with their place in the series: it orders them, and tells
// that two of them are one and the same sample.
type bucket[T any] struct {
	low, high, last       T
	lowAt, highAt, lastAt int64
}

// NewSeries makes an empty series, with all the memory it will ever use.
func NewSeries[T interface{ height() int64 }]() *Series[T] {
	return &Series[T]{buckets: make([]bucket[T], 0, seriesBuckets), width: 1}
}

// Count is the number of samples added.
func (s *Series[T]) Count() int64 { return s.count }

// Add adds one sample. Samples come in the order of time.
func (s *Series[T]) Add(sample T) {
	at := s.count
	s.count++
	if at == 0 {
		s.first = sample
	}
	if i := len(s.buckets) - 1; i >= 0 && at < int64(i+1)*s.width {
		b := &s.buckets[i]
		if sample.height() < b.low.height() {
			b.low, b.lowAt = sample, at
		}
		if sample.height() > b.high.height() {
			b.high, b.highAt = sample, at
		}
		b.last, b.lastAt = sample, at
		return
	}
	if len(s.buckets) == cap(s.buckets) {
		s.halve()
	}
	s.buckets = append(s.buckets, bucket[T]{sample, sample, sample, at, at, at})
}

// halve merges neighbouring buckets; each then covers twice as many samples.
func (s *Series[T]) halve() {
	for i := 0; i < len(s.buckets); i += 2 {
		merged, next := s.buckets[i], &s.buckets[i+1]
		if next.low.height() < merged.low.height() {
			merged.low, merged.lowAt = next.low, next.lowAt
		}
		if next.high.height() > merged.high.height() {
			merged.high, merged.highAt = next.high, next.highAt
		}
		merged.last, merged.lastAt = next.last, next.lastAt
		s.buckets[i/2] = merged
	}
	s.buckets = s.buckets[:len(s.buckets)/2]
	s.width *= 2
}

// Rows returns what is kept, in the order of time: at most MaxRows samples.
func (s *Series[T]) Rows() []T {
	rows := make([]T, 0, min(3*len(s.buckets)+1, MaxRows))
	if s.count > 0 {
		rows = append(rows, s.first)
	}
	for i := range s.buckets {
		b := &s.buckets[i]
		low, high := row[T]{b.low, b.lowAt}, row[T]{b.high, b.highAt}
		if low.at > high.at {
			low, high = high, low
		}
		before := int64(0) // the first sample is there already
		for _, r := range []row[T]{low, high, {b.last, b.lastAt}} {
			if r.at > before {
				rows = append(rows, r.sample)
				before = r.at
			}
		}
	}
	return rows
}

type row[T any] struct {
	sample T
	at     int64
}
