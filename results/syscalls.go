package results

import "slices"

// Syscalls is what a trial under strace asked of the kernel for memory: passes
// syscalls and counts. Phases are delimited by system calls of the target's
// own, made while all its threads are parked, and not by clocks.
type Syscalls struct {
	Tracer     string         `json:"tracer"`                     // "strace 6.1"
	Operations int64          `json:"operations,omitempty"`       // of the workload, from baseline to freed; absent where it counts none
	Phases     []SyscallPhase `json:"phases"`                     // in order, from start to end
	Unfinished int64          `json:"unfinished_calls,omitempty"` // calls whose end the tracer did not see
}

// SyscallPhase is the calls of one phase.
type SyscallPhase struct {
	Phase string         `json:"phase"` // PhaseStart, the name of the mark that ends it, or PhaseEnd
	End   float64        `json:"end_s"` // when it ended, since baseline: time under the tracer, parked time included
	Calls []SyscallCount `json:"calls"` // sorted by call and how
}

// SyscallCount is how often one call was made in a phase, and for how many
// bytes of addresses.
type SyscallCount struct {
	Call string `json:"call"` // "madvise"
	// How tells calls of one name apart that do different things: the
	// protection of mmap and mprotect, the advice of madvise, grow, shrink or query
	// of brk. It may be empty.
	How   string `json:"how,omitempty"`
	Count int64  `json:"count"` // failed ones included
	// Errors of them failed; their bytes are not in Bytes.
	Errors int64 `json:"errors,omitempty"`
	// Bytes is the length that was named, page by page or not; of brk and mremap by how
	// much it changed. They are bytes of addresses, and not of resident memory.
	Bytes int64 `json:"bytes"`
}

// Phases that lie beside the marks.
const (
	PhaseStart = "start" // before baseline: the dynamic linker, the allocator's own start, the lab's memory and stacks
	PhaseEnd   = "end"   // after the last mark: the process ends
)

// WorkPhases are what counts per operation are over: the idle window depends
// on time, and what the lab does afterwards is no behaviour of the program.
var WorkPhases = []string{MarkHold, MarkFreed}

// PerOperation is how many calls the workload made per operation from
// baseline to freed; false where it counts no operations or the trace ends before.
func (s *Syscalls) PerOperation() (float64, bool) {
	calls, phases := int64(0), 0
	for _, p := range s.Phases {
		if !slices.Contains(WorkPhases, p.Phase) {
			continue
		}
		phases++
		for _, c := range p.Calls {
			calls += c.Count
		}
	}
	if s.Operations <= 0 || phases != len(WorkPhases) {
		return 0, false
	}
	return float64(calls) / float64(s.Operations), true
}

// Phase returns the phase of that name, or nil.
func (s *Syscalls) Phase(name string) *SyscallPhase {
	for i := range s.Phases {
		if s.Phases[i].Phase == name {
			return &s.Phases[i]
		}
	}
	return nil
}

// Total is the sum over all calls of that name, however they were meant.
func (p *SyscallPhase) Total(call string) SyscallCount {
	sum := SyscallCount{Call: call}
	for _, c := range p.Calls {
		if c.Call == call {
			sum.Count, sum.Errors, sum.Bytes = sum.Count+c.Count, sum.Errors+c.Errors, sum.Bytes+c.Bytes
		}
	}
	return sum
}

// phaseOrder is the order of phases.
var phaseOrder = slices.Concat([]string{PhaseStart}, MarkOrder[1:], []string{PhaseEnd})

// phases checks that phases are known and in order.
func (v *validation) phases(what string, names []string) {
	place := -1
	for _, name := range names {
		at := slices.Index(phaseOrder, name)
		v.check(at >= 0, "%s: unknown phase %q", what, name)
		v.check(at < 0 || at > place, "%s: phase %s comes after phase %s", what, name, phaseOrder[max(place, 0)])
		place = max(at, place)
	}
}

func (v *validation) again() {
	t := v.trial
	v.check(len(t.Again) == 0 || t.Pass == PassCounts, "pass %s counted again, and does not count", t.Pass)
	for _, name := range sortedKeys(t.Again) {
		m, known := ByName(name)
		v.check(known && m.Pass() == PassCounts, "again holds %q, which is no count", name)
		v.check(finite(t.Again[name]) && t.Again[name] >= 0, "again: %s is %v", name, t.Again[name])
	}
}

func (v *validation) syscalls() {
	s := v.trial.Syscalls
	if s == nil {
		return
	}
	v.check(v.trial.Pass == PassSyscalls || v.trial.Pass == PassCounts, "pass %s has system calls, and is not traced", v.trial.Pass)
	v.check(s.Operations >= 0 && s.Unfinished >= 0, "syscalls: a count is negative")
	var names []string
	at := 0.0
	for _, p := range s.Phases {
		names = append(names, p.Phase)
		if p.Phase != PhaseStart {
			v.check(finite(p.End) && p.End >= at, "syscalls: phase %s ends at %v s, the one before at %v s", p.Phase, p.End, at)
			at = p.End
		}
		seen := map[[2]string]bool{}
		for _, c := range p.Calls {
			key := [2]string{c.Call, c.How}
			v.check(c.Call != "" && !seen[key], "syscalls: phase %s: %q %q is empty or comes twice", p.Phase, c.Call, c.How)
			seen[key] = true
			v.check(c.Count > 0 && c.Errors >= 0 && c.Errors <= c.Count && c.Bytes >= 0, "syscalls: phase %s: %s: %d calls, %d errors, %d bytes", p.Phase, c.Call, c.Count, c.Errors, c.Bytes)
		}
	}
	v.phases("syscalls", names)
	if value, ok := v.trial.Metrics[MetricMemoryCalls]; ok {
		per, known := s.PerOperation()
		v.check(known && per == value, "%s is %v, the calls say %v", MetricMemoryCalls, value, per)
	}
}
