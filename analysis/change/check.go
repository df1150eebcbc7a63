package change

import (
	"fmt"
	"math"

	"alloclab/results"
)

// Watched are the metrics that a history judges unless others are named: the
// family, and counts, which are steady wherever they are taken.
var Watched = append(Family(), results.MetricInstructions, results.MetricMemoryCalls)

// Standing is what a history says of its newest commit: the last one in time.
type Standing struct {
	Commit  Commit // as in one of the series that have it: its name, address and time
	Series  int    // that are watched
	Judged  []Stand
	TooFew  int // series that have the newest commit and no band yet
	Missing int // series that have not the newest commit
}

// Stand is the newest commit in one series that has a band.
type Stand struct {
	Series Series
	Commit Commit
}

// Alarms are the stands that alarm.
func (s Standing) Alarms() (all []Stand) {
	for _, stand := range s.Judged {
		if stand.Commit.Alarm {
			all = append(all, stand)
		}
	}
	return all
}

// Again are the stands in which the newest commit is outside the band on the worse
// side, does not alarm, and was measured once: it must be measured again before it counts.
func (s Standing) Again() (all []Stand) {
	for _, stand := range s.Judged {
		if c := stand.Commit; !c.Alarm && c.Place == Worse && c.Runs == 1 {
			all = append(all, stand)
		}
	}
	return all
}

// Check judges the newest commit of a history. A series that two kinds of machines
// measured has a stand for each.
func Check(all []Series) Standing {
	var s Standing
	for _, series := range all {
		for _, segment := range series.Segments {
			last := segment.Commits[len(segment.Commits)-1]
			if s.Commit.Commit == "" || before(s.Commit, last) {
				s.Commit = last
			}
		}
	}
	for _, series := range all {
		if !series.Watched {
			continue
		}
		s.Series++
		there, judged := false, false
		for _, segment := range series.Segments {
			last := segment.Commits[len(segment.Commits)-1]
			if last.Commit != s.Commit.Commit {
				continue
			}
			there = true
			if last.Band != nil {
				judged = true
				s.Judged = append(s.Judged, Stand{series, last})
			}
		}
		switch {
		case !there:
			s.Missing++
		case !judged:
			s.TooFew++
		}
	}
	return s
}

// Comparison is the standing as a comparison of the newest commit with what the
// commits before it make normal, for the formats that hold one.
func (s Standing) Comparison() Comparison {
	c := Comparison{Base: "history", New: s.Commit.Commit}
	for _, stand := range s.Judged {
		now, m := stand.Commit, stand.Series.Metric
		ch := Change{Cell: stand.Series.Cell, Variant: stand.Series.Variant, Metric: m, Pass: m.Pass(), Gated: true, Verdict: Unchanged, MinEffect: m.MinEffect,
			Base: Side{Label: "normal", N: now.Band.N, Median: now.Band.Median, Low: now.Band.Low, High: now.Band.High},
			New:  Side{Label: now.Commit, N: now.N, Median: now.Median, Low: now.Low, High: now.High},
			Low:  math.NaN(), High: math.NaN(), P: math.NaN(), Adjusted: math.NaN()}
		if ch.Ratio = now.Median / now.Band.Median; now.Band.Median == 0 {
			ch.Ratio = math.NaN()
		}
		switch {
		case now.Alarm:
			ch.Verdict = Regressed
			ch.Warnings = []string{fmt.Sprintf("%d of the last %d commits are worse than normal", now.Outside, Recent)}
		case now.Place == Worse && now.Runs == 1:
			ch.Verdict = Inconclusive
			ch.Warnings = []string{"measured once and outside the band: measure it again"}
		}
		c.Changes = append(c.Changes, ch)
	}
	return c
}
