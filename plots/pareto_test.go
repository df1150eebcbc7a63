package plots

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alloclab/analysis/rank"
	"alloclab/results"
)

// ranked is a run of many variants whose points lie on each other in part.
func ranked(rounds int) (results.Run, []results.Trial) {
	run := results.Run{
		Experiment: results.Experiment{Name: "try", Remedies: true}, Rounds: rounds,
		Cells: []results.Cell{{Name: "iobuf", Workload: "iobuf"}},
	}
	var trials []results.Trial
	add := func(allocator, label string, tuned bool, idle, mean, speed, p99 float64) {
		v := results.Variant{Label: label, Allocator: allocator, Knobs: map[string]any{}}
		if tuned {
			v.Knobs["x"] = 1.0
		}
		run.Variants = append(run.Variants, v)
		for round := range rounds {
			noise := 1 + .03*float64(round-rounds/2)
			for _, pass := range []string{results.PassTime, results.PassLatency} {
				trials = append(trials, results.Trial{Cell: "iobuf", Variant: label, Allocator: allocator, Pass: pass, Status: results.StatusOK, Round: round + 1,
					Metrics: map[string]float64{results.MetricRSSIdle: idle * noise * (1 << 20), results.MetricRSSMean: mean * noise * (1 << 20),
						results.MetricOpsPerCPUS: speed * noise, results.MetricMallocP99: p99 * noise}})
			}
		}
	}
	add("ptmalloc", "ptmalloc", false, 531, 530, 61e4, 3.1e-6)
	add("ptmalloc", "ptmalloc malloc_trim every 10 s", true, 21, 200, 60e4, 3.3e-6)
	for i := range 6 {
		add("ptmalloc", fmt.Sprintf("ptmalloc knob=%d <&>", i), true, 529+float64(i), 525, 60e4+1e4*float64(i), 3e-6)
	}
	add("jemalloc", "jemalloc background, decay 1 s", true, 18, 220, 110e4, 1.5e-6)
	add("tcmalloc", "tcmalloc", false, 537, 540, 131e4, .9e-6)
	add("mimalloc", "mimalloc with a label that is longer than there is room for in a column", false, 480, 500, 90e4, 90e-6)
	run.Variants = append(run.Variants, results.Variant{Label: "failed", Allocator: "x"})
	trials = append(trials, results.Trial{Cell: "iobuf", Variant: "failed", Pass: results.PassTime, Status: results.StatusSignal})
	return run, trials
}

func TestPareto(t *testing.T) {
	run, trials := ranked(5)
	dir := t.TempDir()
	if *keep != "" {
		dir = *keep
	}
	if _, err := Draw(dir, run, trials, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, results.FiguresDir, "pareto-iobuf.svg"))
	if err != nil {
		t.Fatal(err)
	}
	svg := string(text)
	for _, want := range []string{"down and right is better", "down and left is better", "jemalloc background, decay 1 s", "failed: no trial that counts", ">12<", "knob=3 &lt;&amp;&gt;"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%q is not in it", want)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error("a coordinate is no number")
	}
	run.Experiment.Remedies = false
	paths, err := Draw(t.TempDir(), run, trials, nil)
	if err != nil || strings.Contains(strings.Join(paths, " "), "pareto") {
		t.Errorf("a run that tries no remedies has no such figure: %v, %v", paths, err)
	}
}

// One panel, a single trial, and none: nothing is drawn of what is not there.
func TestParetoOfLittle(t *testing.T) {
	run, trials := ranked(1)
	for i := range trials {
		delete(trials[i].Metrics, results.MetricMallocP99)
	}
	r := rank.Rank(run, trials)
	if len(r) != 1 {
		t.Fatalf("%d rankings", len(r))
	}
	var out bytes.Buffer
	if err := Pareto("t", "c", r[0]).WriteSVG(&out); err != nil || !strings.Contains(out.String(), "no trial that counts has both figures") {
		t.Errorf("%v", err)
	}
	for i := range trials {
		delete(trials[i].Metrics, results.MetricOpsPerCPUS)
	}
	if f := Pareto("t", "c", rank.Rank(run, trials)[0]); f != nil {
		t.Error("a figure without a point")
	}
}

// The stairs are what no other beats in both figures, whatever is on them.
func TestStairs(t *testing.T) {
	run, trials := ranked(5)
	r := rank.Rank(run, trials)[0]
	for _, trade := range trades {
		all := trade.points(r)
		stairs := trade.stairs(r, all)
		if len(stairs) == 0 || len(stairs) == len(all) {
			t.Errorf("%d of %d points are stairs", len(stairs), len(all))
		}
		for i := 1; i < len(stairs); i++ { // from the cheapest on, memory must fall
			cheaper := stairs[i-1].cost.Value < stairs[i].cost.Value
			if trade.more {
				cheaper = stairs[i-1].cost.Value > stairs[i].cost.Value
			}
			if !cheaper || stairs[i].memory.Value >= stairs[i-1].memory.Value {
				t.Errorf("%+v after %+v", stairs[i], stairs[i-1])
			}
		}
	}
}
