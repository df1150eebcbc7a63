package results

import "testing"

func TestSalvage(t *testing.T) {
	starved := CPU{Obtained: 0.5, Wanted: 1}
	trials := []Trial{
		{Cell: "a", Variant: "x", Pass: PassTime, Status: StatusOK, CPU: CPU{Obtained: 1, Wanted: 1}, Metrics: map[string]float64{MetricRSSIdle: 1}},
		{Cell: "a", Variant: "x", Pass: PassTime, Status: StatusOK, CPU: starved, Metrics: map[string]float64{MetricRSSIdle: 2}},
		{Cell: "a", Variant: "y", Pass: PassTime, Status: StatusOK, CPU: starved, Metrics: map[string]float64{MetricRSSIdle: 3, MetricOpsPerS: 4}},
		{Cell: "a", Variant: "y", Pass: PassTime, Status: StatusSignal, CPU: starved},
		{Cell: "a", Variant: "y", Pass: PassLatency, Status: StatusOK, CPU: starved, Metrics: map[string]float64{MetricMallocP50: 1}},
	}
	got := Salvage(trials)
	for i, want := range []bool{true, false, true, false, false} {
		if got[i].Counts() != want || (got[i].Salvaged != nil) != (i == 2) {
			t.Errorf("trial %d: counts %v, salvaged %v", i, got[i].Counts(), got[i].Salvaged)
		}
	}
	if _, speed := got[2].Metrics[MetricOpsPerS]; speed || got[2].Metrics[MetricRSSIdle] != 3 {
		t.Errorf("of a salvaged trial remain %v, want its memory alone", got[2].Metrics)
	}
	if trials[2].Counts() || len(trials[2].Metrics) != 2 {
		t.Error("the trials that were given have been changed")
	}
}
