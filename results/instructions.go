package results

import "slices"

// Instructions is how many instructions the process's threads executed outside
// the kernel, by phase: pass counts. They were counted in another process than
// the trial's system calls, which did the same work.
type Instructions struct {
	Tracer     string             `json:"tracer"` // "valgrind-3.19.0 callgrind"
	Operations int64              `json:"operations,omitempty"`
	Phases     []InstructionPhase `json:"phases"`
	// HandsOver says that the workload's threads hand work to each other. In
	// which turns they do so decides what the allocator meets: counts of such trials repeat to
	// some per cent, and not to a metric's MinEffect (docs/passes.md).
	HandsOver bool `json:"hands_over,omitempty"`
}

// CountsRepeat says that the trial's counts are those that any other trial of
// the same builds would have, to the metrics' MinEffect: that a gate may judge by one.
func (t *Trial) CountsRepeat() bool {
	return t.Pass == PassCounts && t.Counts() && t.Instructions != nil && !t.Instructions.HandsOver
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
