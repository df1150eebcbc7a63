package change

import (
	"math"
	"testing"

	"alloclab/results"
)

// TestMedianInterval: the places are those of the tables for the sign test, and
// of any sample size the interval is as narrow as 95 % allows.
func TestMedianInterval(t *testing.T) {
	for _, c := range []struct{ n, low, high int }{ // places from 1
		{1, 1, 1}, {2, 1, 2}, {5, 1, 5}, {6, 1, 6}, {8, 1, 8}, {9, 2, 8}, {10, 2, 9}, {12, 3, 10}, {15, 4, 12}, {20, 6, 15}, {30, 10, 21}, {100, 40, 61},
	} {
		values := make([]float64, c.n)
		for i := range values {
			values[(i*7)%c.n] = float64(i + 1)
		}
		if c.n%7 == 0 {
			t.Fatal("7 does not shuffle these")
		}
		median, low, high := medianInterval(values)
		if median != float64(c.n+1)/2 || low != float64(c.low) || high != float64(c.high) {
			t.Errorf("%d values: %g in %g to %g, want %g in %d to %d", c.n, median, low, high, float64(c.n+1)/2, c.low, c.high)
		}
	}
	many := make([]float64, 2000)
	for i := range many {
		many[i] = float64(i)
	}
	if median, low, high := medianInterval(many); median != 999.5 || math.Abs(median-low-44) > 2 || math.Abs(high-median-44) > 2 {
		t.Errorf("2000 values: %g in %g to %g", median, low, high)
	}
}

func TestSummaries(t *testing.T) {
	run := results.Run{Cells: []results.Cell{{Name: "a"}, {Name: "b"}}, Variants: []results.Variant{{Label: "v"}, {Label: "w"}}}
	trial := func(cell, variant string, rss float64, change func(*results.Trial)) results.Trial {
		t := results.Trial{Cell: cell, Variant: variant, Pass: results.PassTime, Status: results.StatusOK, Machine: results.Machine{Memory: "m", Time: "t"},
			Metrics: map[string]float64{results.MetricRSSIdle: rss, results.MetricWall: rss / 100}}
		if change != nil {
			change(&t)
		}
		return t
	}
	trials := []results.Trial{
		trial("b", "w", 7, nil), trial("a", "v", 3, nil), trial("a", "v", 1, nil), trial("a", "v", 2, nil),
		trial("a", "v", 1000, func(t *results.Trial) { t.Status = results.StatusTimeout }),
		trial("a", "v", 1000, func(t *results.Trial) { t.CPU = results.CPU{Wanted: 1, Obtained: .5} }),
		trial("a", "v", 1000, func(t *results.Trial) { t.Pass = results.PassLatency }),
		trial("a", "w", 4, nil), trial("a", "w", 5, func(t *results.Trial) { t.Machine.Memory = "n" }),
	}
	all, warnings := Summaries(run, trials)
	want := []Summary{ // wall_s stands before rss_idle in the registry
		{Cell: "a", Variant: "v", N: 3, Median: .02, Low: .01, High: .03, Machine: "t"},
		{Cell: "a", Variant: "v", N: 3, Median: 2, Low: 1, High: 3, Machine: "m"},
		{Cell: "a", Variant: "w", N: 2, Median: .045, Low: .04, High: .05, Machine: "t"},
		{Cell: "b", Variant: "w", N: 1, Median: .07, Low: .07, High: .07, Machine: "t"},
		{Cell: "b", Variant: "w", N: 1, Median: 7, Low: 7, High: 7, Machine: "m"},
	}
	if len(all) != len(want) || len(warnings) != 1 {
		t.Fatalf("%d summaries and %v", len(all), warnings)
	}
	for i := range want {
		got := all[i]
		got.Metric = results.Metric{}
		got.Median = math.Round(got.Median*1e9) / 1e9
		if got != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got, want[i])
		}
	}
	points := Points(all, "r", "c", "2026-01-01T00:00:00Z", "")
	if len(points) != 5 || points[1].Metric != results.MetricRSSIdle || points[1].Median != 2 || points[1].Machine != "m" {
		t.Errorf("%+v", points)
	}
}
