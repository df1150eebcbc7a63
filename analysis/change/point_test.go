package change

import (
	"math"
	"testing"

	"alloclab/results"
)

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
