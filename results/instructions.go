package results

import (
	"math"
	"slices"
)

// Instructions is how many instructions the process's threads executed outside
// the kernel, by phase: pass counts. They were counted in another process than
// the trial's system calls, which did the same work.
type Instructions struct {
	Tracer     string             `json:"tracer"` // "valgrind-3.19.0 callgrind"
	Operations int64              `json:"operations,omitempty"`
	Phases     []InstructionPhase `json:"phases"`
}

// steady is the part of a metric's MinEffect and Floor by which two counts of
// the same work in one trial may differ, if counts of two trials are to be judged by the whole of it.
const steady = 0.2

// Repeats says that a metric of pass counts came out the same when the trial
// counted the same work again, far within what is worth a word. Where it did not, threads took other
// turns, or the allocator's clock of time struck elsewhere: then one count is not to be judged by.
func (t *Trial) Repeats(metric string) bool {
	m, known := ByName(metric)
	first, ok := t.Metrics[metric]
	again, twice := t.Again[metric]
	return known && ok && twice && math.Abs(again-first) <= max(steady*m.MinEffect*first, steady*m.Floor)
}

// InstructionPhase is the count of one phase.
type InstructionPhase struct {
	Phase string `json:"phase"` // PhaseStart, the name of the mark that ends it, or PhaseEnd
	Count int64  `json:"instructions"`
}

// PerOperation is instructions per operation from baseline to freed; false
// where the workload counts no operations or the count ends before.
func (c *Instructions) PerOperation() (float64, bool) {
	sum, phases := int64(0), 0
	for _, p := range c.Phases {
		if slices.Contains(WorkPhases, p.Phase) {
			sum += p.Count
			phases++
		}
	}
	if c.Operations <= 0 || phases != len(WorkPhases) {
		return 0, false
	}
	return float64(sum) / float64(c.Operations), true
}

func (v *validation) instructions() {
	c := v.trial.Instructions
	if c == nil {
		return
	}
	v.check(v.trial.Pass == PassCounts, "pass %s has instructions, and does not count them", v.trial.Pass)
	v.check(c.Operations >= 0, "instructions: operations are negative")
	var names []string
	for _, p := range c.Phases {
		names = append(names, p.Phase)
		v.check(p.Count >= 0, "instructions: phase %s has %d", p.Phase, p.Count)
	}
	v.phases("instructions", names)
	if value, ok := v.trial.Metrics[MetricInstructions]; ok {
		per, known := c.PerOperation()
		v.check(known && per == value, "%s is %v, the phases say %v", MetricInstructions, value, per)
	}
}
