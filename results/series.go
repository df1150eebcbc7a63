package results

// MaxRows bounds the rows of a trial's samples.
const MaxRows = 20000

// Each bucket gives at most three rows, and the first sample stands alone. The
// number is even, so that halving leaves no bucket half full.
const seriesBuckets = (MaxRows - 1) / 3 &^ 1

// Series collects the samples of one trial in constant memory (1.2 MB),
// however long the trial is. It is made for the sampler's loop: Add never
// allocates and costs a few comparisons; once per doubling of the length it
// merges all buckets, which takes some 100 us.
//
// Consecutive samples share a bucket, which keeps those of lowest and highest
// RSS and the last. When all buckets are used, neighbours are merged and each
// covers twice as many samples. So the true minimum, maximum, first and last
// sample always survive, a spike is never averaged away, and nothing at all
// is lost up to 13,332 samples: 133 s at 100 Hz.
//
// The zero Series cannot be used; see NewSeries. It is not safe for use from
// two goroutines at once.
type Series struct {
	buckets []bucket
	width   int64 // samples that a bucket covers
	count   int64 // samples added
	first   Sample
}

// bucket keeps rows with their place in the series: it orders them, and tells
// that two of them are one and the same sample.
type bucket struct {
	low, high, last       Sample
	lowAt, highAt, lastAt int64
}

// NewSeries makes an empty series, with all the memory it will ever use.
func NewSeries() *Series {
	return &Series{buckets: make([]bucket, 0, seriesBuckets), width: 1}
}

// Count is the number of samples added.
func (s *Series) Count() int64 { return s.count }

// Add adds one sample. Samples come in the order of time.
func (s *Series) Add(sample Sample) {
	at := s.count
	s.count++
	if at == 0 {
		s.first = sample
	}
	if i := len(s.buckets) - 1; i >= 0 && at < int64(i+1)*s.width {
		b := &s.buckets[i]
		if sample.RSS < b.low.RSS {
			b.low, b.lowAt = sample, at
		}
		if sample.RSS > b.high.RSS {
			b.high, b.highAt = sample, at
		}
		b.last, b.lastAt = sample, at
		return
	}
	if len(s.buckets) == cap(s.buckets) {
		s.halve()
	}
	s.buckets = append(s.buckets, bucket{sample, sample, sample, at, at, at})
}

// halve merges neighbouring buckets; each then covers twice as many samples.
func (s *Series) halve() {
	for i := 0; i < len(s.buckets); i += 2 {
		merged, next := s.buckets[i], &s.buckets[i+1]
		if next.low.RSS < merged.low.RSS {
			merged.low, merged.lowAt = next.low, next.lowAt
		}
		if next.high.RSS > merged.high.RSS {
			merged.high, merged.highAt = next.high, next.highAt
		}
		merged.last, merged.lastAt = next.last, next.lastAt
		s.buckets[i/2] = merged
	}
	s.buckets = s.buckets[:len(s.buckets)/2]
	s.width *= 2
}

// Rows returns what is kept, in the order of time: at most MaxRows samples.
func (s *Series) Rows() []Sample {
	rows := make([]Sample, 0, min(3*len(s.buckets)+1, MaxRows))
	if s.count > 0 {
		rows = append(rows, s.first)
	}
	for i := range s.buckets {
		b := &s.buckets[i]
		low, high := row{b.low, b.lowAt}, row{b.high, b.highAt}
		if low.at > high.at {
			low, high = high, low
		}
		before := int64(0) // the first sample is there already
		for _, r := range []row{low, high, {b.last, b.lastAt}} {
			if r.at > before {
				rows = append(rows, r.sample)
				before = r.at
			}
		}
	}
	return rows
}

type row struct {
	sample Sample
	at     int64
}
