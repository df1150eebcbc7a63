package change

import (
	"math"
	"slices"
	"sort"
	"time"

	"alloclab/results"
)

// The rule by which a history alarms: of the last Recent commits, at least
// Alarming, the newest among them, lie outside the band on the worse side. The band is the median of the
// Window commits before those, plus and minus the largest of the metric's minimum
// effect, its floor, and NoiseFactor robust standard deviations. Below Least
// commits there is no band. docs/history.md has what the rule achieves.
const (
	Recent      = 4
	Alarming    = 3
	Window      = 30
	Least       = 10
	NoiseFactor = 2.5
	// madSigma makes the median absolute deviation of a normal sample its
	// standard deviation.
	madSigma = 1.4826
)

// Where a value lies against a band.
const (
	Within = 0
	Worse  = 1
	Better = -1
)

// Series is one metric of one cell and variant over commits.
type Series struct {
	Cell, Variant string
	Metric        results.Metric
	Watched       bool      // may alarm
	Segments      []Segment // one a fingerprint, in the order of their first commits
}

// Segment is the part of a series that one machine measured, as far as the
// metric depends on it: figures of two segments are never compared.
type Segment struct {
	Machine string
	Commits []Commit // in the order of their times
	Levels  []int    // places at which a new level begins, an annotation: see levels
}

// Commit is what is known of one commit: all its runs joined.
type Commit struct {
	Commit, URL string
	Time        time.Time
	Runs, N     int // N is of all trials
	Median      float64
	Low, High   float64
	Band        *Band // nil where too few commits stand before it
	Place       int   // Within, Worse or Better, against Band; Within where there is none
	Outside     int   // how many of the last Recent commits, this one included, are Worse against Band
	Alarm       bool
}

// Band is what the commits before make normal.
type Band struct {
	Median, Low, High float64
	N                 int // commits behind it
}

// Histories puts points into series, in the order of cells, variants and
// metrics as they first appear. Only the metrics named in watched can alarm: each
// further series adds its false alarms. A point found twice counts once; several runs of one
// commit on one kind of machine are joined by the median of their medians. Points of metrics
// that this version does not know are left out and counted.
func Histories(points []results.Point, watched []string) (all []Series, unknown int) {
	type key struct{ cell, variant, metric string }
	type runKey struct{ machine, commit, run string }
	place := map[key]int{}
	runs := map[key]map[runKey]results.Point{}
	for _, p := range points {
		m, ok := results.ByName(p.Metric)
		if !ok {
			unknown++
			continue
		}
		k := key{p.Cell, p.Variant, p.Metric}
		if _, seen := place[k]; !seen {
			place[k] = len(all)
			runs[k] = map[runKey]results.Point{}
			all = append(all, Series{Cell: p.Cell, Variant: p.Variant, Metric: m, Watched: slices.Contains(watched, m.Name)})
		}
		runs[k][runKey{p.Machine, p.Commit, p.Run}] = p
	}
	for k, i := range place {
		machines := map[string]map[string][]results.Point{}
		for r, p := range runs[k] {
			if machines[r.machine] == nil {
				machines[r.machine] = map[string][]results.Point{}
			}
			machines[r.machine][r.commit] = append(machines[r.machine][r.commit], p)
		}
		for machine, commits := range machines {
			segment := Segment{Machine: machine}
			for _, some := range commits {
				segment.Commits = append(segment.Commits, join(some))
			}
			sort.Slice(segment.Commits, func(a, b int) bool { return before(segment.Commits[a], segment.Commits[b]) })
			segment.judge(all[i].Metric, all[i].Watched)
			segment.Levels = levels(segment.medians(), all[i].Metric)
			all[i].Segments = append(all[i].Segments, segment)
		}
		sort.Slice(all[i].Segments, func(a, b int) bool {
			return before(all[i].Segments[a].Commits[0], all[i].Segments[b].Commits[0])
		})
	}
	return all, unknown
}

func before(a, b Commit) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.Before(b.Time)
	}
	return a.Commit < b.Commit
}

// join is one commit of all its runs. Its interval holds those of all runs.
func join(points []results.Point) Commit {
	sort.Slice(points, func(a, b int) bool { return points[a].Run < points[b].Run })
	c := Commit{Commit: points[0].Commit, Time: points[0].When(), Runs: len(points), Low: math.Inf(1), High: math.Inf(-1)}
	var medians []float64
	for _, p := range points {
		medians = append(medians, p.Median)
		c.N += p.N
		c.Low, c.High = math.Min(c.Low, p.Low), math.Max(c.High, p.High)
		if t := p.When(); t.Before(c.Time) {
			c.Time = t
		}
		if c.URL == "" {
			c.URL = p.URL
		}
	}
	c.Median = median(medians)
	return c
}

func (s *Segment) medians() []float64 {
	values := make([]float64, len(s.Commits))
	for i, c := range s.Commits {
		values[i] = c.Median
	}
	return values
}

// judge finds bands and alarms.
func (s *Segment) judge(m results.Metric, watched bool) {
	values := s.medians()
	for i := range s.Commits {
		c := &s.Commits[i]
		first := i + 1 - Recent
		if first < Least {
			continue
		}
		band := bandOf(values[max(0, first-Window):first], m)
		c.Band = &band
		for _, v := range values[first : i+1] {
			if band.place(v, m) == Worse {
				c.Outside++
			}
		}
		c.Place = band.place(c.Median, m)
		// The newest must be one of them: a commit that mends a regression does not alarm for it.
		c.Alarm = watched && c.Place == Worse && c.Outside >= Alarming
	}
}

func bandOf(values []float64, m results.Metric) Band {
	middle := median(values)
	away := make([]float64, len(values))
	for i, v := range values {
		away[i] = math.Abs(v - middle)
	}
	half := max(m.MinEffect*math.Abs(middle), m.Floor, NoiseFactor*madSigma*median(away))
	return Band{Median: middle, Low: middle - half, High: middle + half, N: len(values)}
}

// place is where a value lies. A metric without a direction has no worse side.
func (b Band) place(v float64, m results.Metric) int {
	switch {
	case m.Better == "" || v >= b.Low && v <= b.High:
		return Within
	case (v > b.High) == (m.Better == results.Lower):
		return Worse
	default:
		return Better
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

const (
	levelWindow = 24 // commits in which a new level is looked for
	leastLevel  = 5  // the fewest that make one
)

// levels are the places at which the level changed, by Pettitt's test on ranks
// (Applied Statistics 28, 1979) in every window of 24 commits: it looks at
// levels and not at single commits, so outliers do not move it. Noise that lasts over
// several commits does, and nobody has counted how many windows were tried: it says
// where to look, and decides nothing.
func levels(values []float64, m results.Metric) []int {
	const significance = 0.001
	type split struct {
		at    int
		power float64
	}
	var splits []split
	for from := range max(1, len(values)-levelWindow+1) {
		part := values[from:min(len(values), from+levelWindow)]
		n := len(part)
		best, sum := split{}, 0.0
		for i := range n {
			for _, v := range part {
				sum += sign(part[i] - v)
			}
			if i+1 >= leastLevel && n-i-1 >= leastLevel && math.Abs(sum) > best.power {
				best = split{i + 1, math.Abs(sum)}
			}
		}
		size := float64(n)
		if best.at == 0 || 2*math.Exp(-6*best.power*best.power/(size*size*size+size*size)) > significance {
			continue
		}
		old := median(part[:best.at])
		if math.Abs(median(part[best.at:])-old) >= max(m.MinEffect*math.Abs(old), m.Floor) {
			splits = append(splits, split{from + best.at, best.power})
		}
	}
	// Neighbouring windows see the same change: the clearest view of it stands.
	sort.SliceStable(splits, func(a, b int) bool { return splits[a].power > splits[b].power })
	var found []int
	for _, s := range splits {
		if !slices.ContainsFunc(found, func(at int) bool { return at-s.at < levelWindow/2 && s.at-at < levelWindow/2 }) {
			found = append(found, s.at)
		}
	}
	slices.Sort(found)
	return found
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
