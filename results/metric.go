package results

import "slices"

// Metric describes one figure that a trial can carry. The registry below is
// the only place that knows units, directions and scopes: the table, the
// comparison, the gate, the formats and the axes all read it.
type Metric struct {
	Name string
	// Unit is "B", "s", "1/s" or "1" (a plain count). Values are always
	// stored in the unit itself, never in thousands of it.
	Unit string
	// Better is the direction in which the figure improves. It is empty for
	// a figure that only describes: fewer arenas are neither good nor bad.
	Better Better
	// Scope is the part of the fingerprint that must agree before two values
	// may be compared.
	Scope Scope
	// Exact says that the figure is a count that is read and not sampled, and
	// that repeats from trial to trial: any difference is a change.
	Exact bool
	// MinEffect is the smallest difference worth a word, as a fraction of the
	// older value; Floor is the same in the metric's own unit. A difference
	// has to pass both, so that 40 KiB on a heap of 400 KiB is no finding.
	MinEffect float64
	Floor     float64
	Doc       string
}

// Better is the direction in which a metric improves.
type Better string

// The directions.
const (
	Lower  Better = "lower"
	Higher Better = "higher"
)

// Scope is the part of the machine's fingerprint on which a figure depends.
type Scope string

// The scopes. Two machines that differ only in governor may still compare
// memory; two that differ in page size may not.
const (
	ScopeMemory Scope = "memory"
	ScopeTime   Scope = "time"
	ScopeCounts Scope = "counts"
)

// Names of metrics.
const (
	MetricOpsPerS     = "ops_per_s"
	MetricOpsPerCPUS  = "ops_per_cpu_s"
	MetricWall        = "wall_s"
	MetricCPU         = "cpu_s"
	MetricParked      = "parked_s"
	MetricRSSPeak     = "rss_peak"
	MetricRSSMean     = "rss_mean"
	MetricRSSHold     = "rss_hold"
	MetricRSSFreed    = "rss_freed"
	MetricRSSIdle     = "rss_idle"
	MetricRSSPurged   = "rss_purged"
	MetricRSSFlushed  = "rss_flushed"
	MetricRSSExited   = "rss_exited"
	MetricMinorFaults = "minor_faults"
	MetricMajorFaults = "major_faults"
	MetricArenas      = "arenas"
	MetricMallocP50   = "malloc_p50"
	MetricMallocP99   = "malloc_p99"
	MetricMallocP999  = "malloc_p999"
	MetricMallocMax   = "malloc_max"
	MetricFreeP50     = "free_p50"
	MetricFreeP99     = "free_p99"
	MetricFreeP999    = "free_p999"
	MetricFreeMax     = "free_max"

	MetricInstructions = "instructions_per_op"
	MetricMemoryCalls  = "memory_calls_per_op"
)

// Minimum effects: the power that ten rounds give at the spread seen on two
// shared cores (cv 1 to 3 %) is worth nothing below them.
const (
	timeEffect   = 0.03
	memoryEffect = 0.02
	// Buckets are 1/16 of their value wide: a smaller change of a quantile may
	// be one bucket's edge.
	latencyEffect = 0.1
	latencyFloor  = 10e-9
	// Instructions of the presets' fixed work repeat to 0.1 % and better: docs/passes.md.
	countsEffect = 0.005
	callsFloor   = 0.0005    // calls per operation: a few calls more or less in a trial
	memoryFloor  = 256 << 10 // bytes: below it lie the sizes of stacks and tables, not of policy
)

var metrics = []Metric{
	{MetricOpsPerS, "1/s", Higher, ScopeTime, false, timeEffect, 0, "operations per second of wall time, parked time left out"},
	{MetricOpsPerCPUS, "1/s", Higher, ScopeTime, false, timeEffect, 0, "operations per second of CPU time that the workload's threads used"},
	{MetricWall, "s", Lower, ScopeTime, false, timeEffect, 0.001, "wall time from baseline to the end of the work, parked time left out"},
	{MetricCPU, "s", Lower, ScopeTime, false, timeEffect, 0.001, "CPU time of the workload's threads"},
	{MetricParked, "s", "", ScopeTime, false, timeEffect, 0.001, "time for which the lab held the threads still at marks: the lab's cost, not the allocator's"},
	{MetricRSSPeak, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "highest resident memory of the trial, without the lab's own"},
	{MetricRSSMean, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory from baseline to idle, weighted by time, without the lab's own"},
	{MetricRSSHold, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory while most is live"},
	{MetricRSSFreed, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory when the workload has freed all that it will"},
	{MetricRSSIdle, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory after the idle window: what the allocator gave back by itself shows here"},
	{MetricRSSPurged, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory after the allocator was told to give back"},
	{MetricRSSFlushed, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory after each thread emptied its cache and a second purge"},
	{MetricRSSExited, "B", Lower, ScopeMemory, false, memoryEffect, memoryFloor, "resident memory after the workers ended and a third purge"},
	{MetricMinorFaults, "1", Lower, ScopeMemory, false, memoryEffect, 64, "page faults served without the disk: pages touched for the first time, or again after they were returned"},
	{MetricMajorFaults, "1", Lower, ScopeMemory, false, memoryEffect, 1, "page faults that waited for the disk: in a sound trial there are none"},
	{MetricArenas, "1", "", ScopeMemory, true, 0, 0, "arenas of the allocator at hold"},
}

// latencyMetrics are taken in pass latency, and only there.
var latencyMetrics = []Metric{
	{MetricMallocP50, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that half of all calls of malloc did not exceed; each contains one reading of the clock"},
	{MetricMallocP99, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that 99 of 100 calls of malloc did not exceed"},
	{MetricMallocP999, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that 999 of 1000 calls of malloc did not exceed"},
	{MetricMallocMax, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "longest call of malloc"},
	{MetricFreeP50, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that half of all calls of free did not exceed; each contains one reading of the clock"},
	{MetricFreeP99, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that 99 of 100 calls of free did not exceed"},
	{MetricFreeP999, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "latency that 999 of 1000 calls of free did not exceed"},
	{MetricFreeMax, "s", Lower, ScopeTime, false, latencyEffect, latencyFloor, "longest call of free"},
}

// countsMetrics are taken in pass counts, and only there.
var countsMetrics = []Metric{
	{MetricInstructions, "1", Lower, ScopeCounts, false, countsEffect, 0, "instructions outside the kernel per operation, from baseline to freed, the workload's own included; page faults, cache misses and waiting do not show in it"},
	{MetricMemoryCalls, "1", Lower, ScopeCounts, false, countsEffect, callsFloor, "system calls for memory (brk, mmap, munmap, mremap, madvise, mprotect) per operation, from baseline to freed"},
}

// Pass is the pass in which the metric is taken.
func (m Metric) Pass() string {
	for pass, list := range map[string][]Metric{PassLatency: latencyMetrics, PassCounts: countsMetrics} {
		for _, l := range list {
			if l.Name == m.Name {
				return pass
			}
		}
	}
	return PassTime
}

// OfOperations says that the figure is of the workload's operations, which nobody counts in a user's program.
func (m Metric) OfOperations() bool { return m.Name == MetricOpsPerCPUS || m.Name == MetricOpsPerS }

// Repeats says that one trial is enough, and no test is needed: the figure is
// exact, or a count of fixed work that repeats within its minimum effect.
func (m Metric) Repeats() bool { return m.Exact || m.Pass() == PassCounts }

// Metrics is the registry, in the order in which tables and pages show it.
// The caller may keep and change the slice.
func Metrics() []Metric { return slices.Concat(metrics, latencyMetrics, countsMetrics) }

// Judged are the names of the metrics that have a better direction: only of these
// can it be said that they improved.
func Judged() []string {
	var names []string
	for _, m := range Metrics() {
		if m.Better != "" {
			names = append(names, m.Name)
		}
	}
	return names
}

// ByName returns the metric of that name, and whether there is one.
func ByName(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}
