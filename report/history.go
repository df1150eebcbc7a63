package report

import (
	"fmt"
	"io"
	"strings"

	"alloclab/analysis/change"
	"alloclab/results"
)

// Standing says in words what a history says of its newest commit.
func Standing(w io.Writer, s change.Standing, watched []string) error {
	var out strings.Builder
	alarms, again := s.Alarms(), s.Again()
	fmt.Fprintf(&out, "Newest commit %s of %s. Watched: %s, %d series.\n",
		results.Plain(s.Commit.Commit), s.Commit.Time.UTC().Format("2006-01-02 15:04"), strings.Join(watched, ", "), s.Series)
	for _, a := range alarms {
		fmt.Fprintf(&out, "ALARM  %s: %d of the last %d commits are worse than normal\n", stand(a), a.Commit.Outside, change.Recent)
	}
	for _, a := range again {
		fmt.Fprintf(&out, "AGAIN  %s: worse than normal, and measured once\n", stand(a))
	}
	for _, a := range s.Judged {
		if c := a.Commit; !c.Alarm && c.Place == change.Worse && c.Runs > 1 {
			fmt.Fprintf(&out, "WORSE  %s, measured %d times: it alarms when %d of %d commits are\n", stand(a), c.Runs, change.Alarming, change.Recent)
		}
	}
	switch {
	case s.Series == 0:
		out.WriteString("Nothing is watched here: no series has a metric that --metric names.\n")
	case len(s.Judged) == 0:
		fmt.Fprintf(&out, "Nothing can be judged yet: a series needs %d commits measured on one kind of machine.\n", change.Least+change.Recent)
	case len(alarms) > 0:
		fmt.Fprintf(&out, "%d of %d series alarm.\n", len(alarms), len(s.Judged))
	case len(again) > 0:
		out.WriteString("Measure this commit again in a fresh run and add that run too: the median of its runs then counts.\n")
	default:
		fmt.Fprintf(&out, "No alarm in %d series.\n", len(s.Judged))
	}
	if s.TooFew > 0 && len(s.Judged) > 0 {
		fmt.Fprintf(&out, "%d series have too few commits to be judged.\n", s.TooFew)
	}
	if s.Missing > 0 {
		fmt.Fprintf(&out, "%d series have no figure of this commit: did its trials fail?\n", s.Missing)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func stand(s change.Stand) string {
	m, c := s.Series.Metric, s.Commit
	return fmt.Sprintf("%s %s %s is %s; normal is %s to %s (%d commits)", results.Plain(s.Series.Cell), results.Plain(s.Series.Variant), m.Name,
		results.Value(m.Unit, c.Median), results.Value(m.Unit, c.Band.Low), results.Value(m.Unit, c.Band.High), c.Band.N)
}
