package change

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"alloclab/results"
)

// noise is a series of commits that nothing changed: correlated from commit to
// commit (0.3), with 3 % of outliers, as series of shared machines are.
func noise(random *rand.Rand, n int, cv float64) []float64 {
	all := make([]float64, n)
	state := random.NormFloat64()
	for i := range all {
		state = .3*state + math.Sqrt(1-.3*.3)*random.NormFloat64()
		all[i] = math.Exp(cv * state)
		if random.Float64() < .03 {
			all[i] *= 1 + .1 + .2*random.Float64()
		}
	}
	return all
}

// TestSoakSeriesRates measures what the rule achieves: of series of 68 commits
// without a change, in how many there is an alarm at all; of series with a step at
// commit 60, in how many the step is found within 15 commits and how many commits
// that takes. docs/history.md has the figures.
func TestSoakSeriesRates(t *testing.T) {
	sessions := 1000
	if os.Getenv("ALLOCLAB_SOAK") != "" {
		sessions = 20000
	}
	alarmAt := func(metric string, values []float64, from int) int {
		m, _ := results.ByName(metric)
		s := Segment{Commits: make([]Commit, len(values))}
		for i, v := range values {
			if s.Commits[i].Median = v * level; m.Better == results.Higher {
				s.Commits[i].Median = level / v
			}
		}
		s.judge(m, true)
		for i := from; i < len(values); i++ {
			if s.Commits[i].Alarm {
				return i
			}
		}
		return -1
	}
	const memory, speed = results.MetricRSSIdle, results.MetricOpsPerCPUS // 2 % and 3 % are their least effects
	for _, c := range []struct {
		metric      string
		cv, step    float64
		least, most float64 // bars for the share of series that alarm
	}{
		{memory, .005, 0, 0, .01}, {memory, .01, 0, 0, .05}, {memory, .03, 0, 0, .12},
		{speed, .005, 0, 0, .005}, {speed, .01, 0, 0, .01}, {speed, .03, 0, 0, .08},
		{memory, .005, .05, .99, 1}, {memory, .01, .05, .98, 1}, {memory, .03, .05, 0, .6},
		{speed, .01, .05, .95, 1}, {speed, .03, .05, 0, .6},
		{memory, .01, .1, .99, 1}, {memory, .03, .1, .8, 1},
		{speed, .01, .1, .99, 1}, {speed, .03, .1, .7, 1}, {speed, .03, .2, .99, 1},
	} {
		t.Run(fmt.Sprintf("%s cv %g step %g", c.metric, c.cv, c.step), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(1000*c.cv), uint64(1000*c.step)))
			alarms, delay := 0, 0
			for range sessions {
				values := noise(random, 75, c.cv)
				first := 60
				if c.step == 0 {
					values, first = values[:68], 0
				}
				for i := 60; i < len(values); i++ {
					values[i] *= 1 + c.step
				}
				if at := alarmAt(c.metric, values, first); at >= 0 {
					alarms++
					delay += at - 60
				}
			}
			rate := float64(alarms) / float64(sessions)
			if c.step == 0 {
				t.Logf("false alarms: %.2f %% of series of 68 commits", 100*rate)
			} else {
				t.Logf("found: %.1f %%, %.1f commits later on average", 100*rate, float64(delay)/max(1, float64(alarms)))
			}
			if rate < c.least || rate > c.most {
				t.Errorf("%.3f of all series alarm, and the bar is %g to %g", rate, c.least, c.most)
			}
		})
	}
}
