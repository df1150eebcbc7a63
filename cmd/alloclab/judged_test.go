package main

import (
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

func TestJudgedIn(t *testing.T) {
	e := &configs.Experiment{Passes: []string{results.PassTime}, Programs: make([]configs.Program, 2)}
	cells := judgedIn(e)
	for name, want := range map[string]int{results.MetricRSSMean: 2, results.MetricOpsPerCPUS: 0, results.MetricInstructions: 0} {
		m, ok := results.ByName(name)
		if got := cells(m); !ok || got != want {
			t.Errorf("%s is judged in %d cells, want %d", name, got, want)
		}
	}
}
