package results

import (
	"math"
	"strings"
	"testing"
)

// countedTrial is a sound trial of pass counts.
func countedTrial() *Trial {
	t := soundTrial(3)
	t.Pass, t.Marks, t.Sampler, t.CPU, t.IdleFall = PassCounts, []Mark{}, Sampler{}, CPU{}, nil
	t.Syscalls = &Syscalls{Tracer: "strace 6.1", Operations: 1000, Phases: []SyscallPhase{
		{Phase: PhaseStart, Calls: []SyscallCount{{Call: "mmap", How: "PROT_READ file", Count: 3, Bytes: 12288}}},
		{Phase: MarkHold, End: 1, Calls: []SyscallCount{{Call: "brk", How: "grow", Count: 7, Bytes: 7 << 20}, {Call: "brk", How: "query", Count: 1}, {Call: "mmap", How: "PROT_NONE", Count: 2, Errors: 1, Bytes: 64 << 20}}},
		{Phase: MarkFreed, End: 2, Calls: []SyscallCount{{Call: "brk", How: "shrink", Count: 5, Bytes: 5 << 20}}},
		{Phase: PhaseEnd, End: 2, Calls: []SyscallCount{}},
	}}
	t.Instructions = &Instructions{Tracer: "valgrind-3.19.0 callgrind", Operations: 1000, Phases: []InstructionPhase{
		{PhaseStart, 1_000_000}, {MarkHold, 900_000}, {MarkFreed, 12_500}, {PhaseEnd, 99},
	}}
	t.Metrics = map[string]float64{MetricMemoryCalls: 0.015, MetricInstructions: 912.5}
	return t
}

func TestCountedTrialIsSound(t *testing.T) {
	c := countedTrial()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if sum := c.Syscalls.Phase(MarkHold).Total("brk"); sum != (SyscallCount{Call: "brk", Count: 8, Bytes: 7 << 20}) {
		t.Errorf("%+v", sum)
	}
	if c.Syscalls.Phase(MarkIdle) != nil {
		t.Error("there is no idle phase")
	}
}

// Counts repeat where the second is within a fifth of what is worth a word.
func TestRepeats(t *testing.T) {
	c := countedTrial()
	if c.Repeats(MetricInstructions) {
		t.Error("counted once, and it repeats")
	}
	for _, one := range []struct {
		metric string
		again  float64
		want   bool
	}{
		{MetricInstructions, 912.5, true}, {MetricInstructions, 913.4, true}, {MetricInstructions, 913.5, false}, {MetricInstructions, 911.5, false},
		{MetricMemoryCalls, 0.01509, true}, {MetricMemoryCalls, 0.0152, false}, {MetricWall, 0, false},
	} {
		c.Again = map[string]float64{one.metric: one.again}
		if got := c.Repeats(one.metric); got != one.want {
			t.Errorf("%s %v, again %v: %v", one.metric, c.Metrics[one.metric], one.again, got)
		}
	}
}

// Per operation is over the work alone, and absent where that is not whole.
func TestPerOperation(t *testing.T) {
	c := countedTrial()
	if v, ok := c.Syscalls.PerOperation(); !ok || v != 0.015 {
		t.Error(v, ok)
	}
	if v, ok := c.Instructions.PerOperation(); !ok || v != 912.5 {
		t.Error(v, ok)
	}
	c.Syscalls.Phases, c.Instructions.Phases = c.Syscalls.Phases[:2], c.Instructions.Phases[:2]
	if _, ok := c.Syscalls.PerOperation(); ok {
		t.Error("calls per operation of half the work")
	}
	if _, ok := c.Instructions.PerOperation(); ok {
		t.Error("instructions per operation of half the work")
	}
	c = countedTrial()
	c.Syscalls.Operations, c.Instructions.Operations = 0, 0
	if _, ok := c.Syscalls.PerOperation(); ok {
		t.Error("calls per operation of none")
	}
	if _, ok := c.Instructions.PerOperation(); ok {
		t.Error("instructions per operation of none")
	}
}

func TestValidateNamesTheFaultOfCounts(t *testing.T) {
	for want, spoil := range map[string]func(*Trial){
		"pass time has system calls":                               func(t *Trial) { t.Pass = PassTime },
		"pass syscalls has instructions":                           func(t *Trial) { t.Pass = PassSyscalls },
		"syscalls: a count is negative":                            func(t *Trial) { t.Syscalls.Unfinished = -1 },
		`syscalls: unknown phase "lunch"`:                          func(t *Trial) { t.Syscalls.Phases[1].Phase = "lunch" },
		"syscalls: phase start comes after phase hold":             func(t *Trial) { p := t.Syscalls.Phases; p[0], p[1] = p[1], p[0] },
		"syscalls: phase freed ends at 0.5 s, the one before at 1": func(t *Trial) { t.Syscalls.Phases[2].End = .5 },
		"syscalls: phase hold ends at NaN":                         func(t *Trial) { t.Syscalls.Phases[1].End = math.NaN() },
		`phase hold: "brk" "grow" is empty or comes twice`:         func(t *Trial) { t.Syscalls.Phases[1].Calls[1].How = "grow" },
		`phase freed: "" "shrink" is empty`:                        func(t *Trial) { t.Syscalls.Phases[2].Calls[0].Call = "" },
		"phase hold: mmap: 2 calls, 3 errors":                      func(t *Trial) { t.Syscalls.Phases[1].Calls[2].Errors = 3 },
		"phase freed: brk: 5 calls, 0 errors, -1 bytes":            func(t *Trial) { t.Syscalls.Phases[2].Calls[0].Bytes = -1 },
		"phase freed: brk: 0 calls":                                func(t *Trial) { t.Syscalls.Phases[2].Calls[0].Count = 0 },
		"memory_calls_per_op is 0.015, the calls say 0.016":        func(t *Trial) { t.Syscalls.Phases[2].Calls[0].Count = 6 },
		"instructions_per_op is 912.5, the phases say 913.5":       func(t *Trial) { t.Instructions.Phases[2].Count += 1000 },
		"instructions: phase end has -1":                           func(t *Trial) { t.Instructions.Phases[3].Count = -1 },
		"pass syscalls counted again":                              func(t *Trial) { t.Pass, t.Again = PassSyscalls, map[string]float64{MetricInstructions: 1} },
		`again holds "wall_s", which is no count`:                  func(t *Trial) { t.Again = map[string]float64{MetricWall: 1} },
		"again: instructions_per_op is -1":                         func(t *Trial) { t.Again = map[string]float64{MetricInstructions: -1} },
		"instructions: operations are negative":                    func(t *Trial) { t.Instructions.Operations = -1 },
		"instructions: phase hold comes after phase freed":         func(t *Trial) { p := t.Instructions.Phases; p[1], p[2] = p[2], p[1] },
		`instructions: unknown phase "baseline"`:                   func(t *Trial) { t.Instructions.Phases[0].Phase = MarkBaseline },
	} {
		c := countedTrial()
		spoil(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
