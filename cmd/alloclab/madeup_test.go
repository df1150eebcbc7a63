package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"alloclab/analysis/change"
	"alloclab/results"
)

// truth is the default family with the values of an ordinary trial.
var truth = map[string]float64{results.MetricRSSMean: 120 << 20, results.MetricRSSIdle: 40 << 20, results.MetricOpsPerCPUS: 2.5e6}

// madeUp is a run directory that no process was measured for: one variant in one cell,
// or two.
type madeUp struct {
	figures         map[string][]float64 // by metric and trial
	beside          map[string][]float64 // those of a second variant in the same rounds; nil where there is none
	trials          int
	failed, starved int // of the trials, the first of them
	machine         string
	governor        string
	build           string // of the allocator
	blocks          int    // parameter of the cell
	source          string // experiment file
}

func (m madeUp) write(dir string) error {
	run := results.Run{
		V: results.Version, Run: filepath.Base(dir), PlanHash: "plan", Rounds: m.trials, Passes: []string{results.PassTime},
		Experiment: results.Experiment{Name: "made-up", File: "made-up.toml", Source: m.source},
		Variants:   []results.Variant{{Label: "ptmalloc", Allocator: "ptmalloc"}},
		Cells: []results.Cell{{Name: "threads4k", Workload: "threads4k", Params: []results.Param{
			{Name: "blocks", Kind: "count", Value: m.blocks},
		}}},
		Fingerprint: results.Fingerprint{
			Memory: results.Fields{"thp": m.machine, "allocator ptmalloc": m.build},
			Time:   results.Fields{"governor": m.governor},
			Counts: results.Fields{"cpu_flags": m.machine},
		},
	}
	sides := []map[string][]float64{m.figures}
	if m.beside != nil {
		sides = append(sides, m.beside)
		run.Variants = append(run.Variants, results.Variant{Label: "beside", Allocator: "ptmalloc"})
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var text []byte
	for number := range m.trials * len(sides) {
		i, side := number/len(sides), number%len(sides)
		trial := results.Trial{
			V: results.Version, Run: run.Run, Plan: "plan", Machine: run.Fingerprint.Machine(), Trial: number + 1, Cell: "threads4k", Workload: "threads4k",
			Variant: run.Variants[side].Label, Allocator: "ptmalloc", Round: i + 1, Pass: results.PassTime, Status: results.StatusOK,
			Proof: results.Proof{ServedBy: "/lib/libc.so.6"}, Metrics: map[string]float64{}, CPU: results.CPU{Obtained: 1, Wanted: 1},
		}
		if i < m.failed {
			trial.Status, trial.Exit = results.StatusSignal, results.Exit{Signal: "SIGSEGV"}
		} else if i < m.failed+m.starved {
			trial.CPU.Wanted = 2
		}
		for name, values := range sides[side] {
			trial.Metrics[name] = values[i]
		}
		line, err := json.Marshal(trial)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	encoded, err := json.Marshal(run)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{results.RunFile: encoded, results.TrialsFile: text} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// makeUp is the script command "madeup DIR KEY=VALUE…": the name of a metric
// multiplies it; other keys are those of madeUp, and cv and seed of its noise.
func makeUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: madeup DIR KEY=VALUE…")
	}
	m := madeUp{trials: 10, machine: "madvise", governor: "performance", build: "2.36 abc", blocks: 100, figures: map[string][]float64{}}
	factors, cv, seed := map[string]float64{}, 0.004, 1
	for _, arg := range args[1:] {
		key, value, _ := strings.Cut(arg, "=")
		number, err := strconv.ParseFloat(value, 64)
		whole := int(number)
		switch key {
		case "machine":
			m.machine = value
		case "governor":
			m.governor = value
		case "build":
			m.build = value
		case "source":
			m.source = ts.ReadFile(value)
		case "trials":
			m.trials = whole
		case "failed":
			m.failed = whole
		case "starved":
			m.starved = whole
		case "blocks":
			m.blocks = whole
		case "cv":
			cv = number
		case "seed":
			seed = whole
		default:
			if ts.Check(err); truth[key] == 0 {
				ts.Fatalf("madeup has no %s", key)
			}
			factors[key] = number
		}
	}
	r := rand.New(rand.NewPCG(uint64(seed), 300))
	for _, name := range change.Family() {
		factor := 1.0
		if f, ok := factors[name]; ok {
			factor = f
		}
		for range m.trials {
			m.figures[name] = append(m.figures[name], truth[name]*factor*math.Exp(cv*r.NormFloat64()))
		}
	}
	if err := m.write(ts.MkAbs(args[0])); err != nil {
		ts.Fatalf("%v", fmt.Errorf("madeup: %w", err))
	}
}
