package change

import "alloclab/results"

// Watched are the metrics that a history judges unless others are named.
var Watched = []string{results.MetricRSSMean, results.MetricRSSIdle, results.MetricOpsPerCPUS}

// Standing is what a history says of its newest commit.
type Standing struct {
	Commit  Commit // in one of the series that have it: its name and time
	Series  int    // that are watched
	Judged  int
	TooFew  int // series that have the newest commit and no band yet
	Missing int // series that have not the newest commit
	Alarms  []Stand
	// Again are series of which the newest commit is outside the band on the worse side,
	// without an alarm, and was measured once: it must be measured again before it counts.
	Again []Stand
}

// Stand is the newest commit in one series.
type Stand struct {
	Series Series
	Commit Commit
}

// Check judges the newest commit of a history: the last one in time.
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
		var stands []Commit
		for _, segment := range series.Segments {
			if last := segment.Commits[len(segment.Commits)-1]; last.Commit == s.Commit.Commit {
				stands = append(stands, last)
			}
		}
		if len(stands) == 0 {
			s.Missing++
			continue
		}
		judged, alarm := false, false
		for _, c := range stands {
			if c.Band == nil {
				continue
			}
			judged = true
			switch {
			case c.Alarm:
				if !alarm {
					s.Alarms = append(s.Alarms, Stand{series, c})
				}
				alarm = true
			case c.Place == Worse && c.Runs == 1:
				s.Again = append(s.Again, Stand{series, c})
			}
		}
		if judged {
			s.Judged++
		} else {
			s.TooFew++
		}
	}
	return s
}
