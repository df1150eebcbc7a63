package runner

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// usage is what the process and the machine have used so far.
type usage struct {
	run, wait float64 // of the process's threads: on a processor, and runnable without one
	busy      float64 // of all processors that it may use, whoever used them
	stolen    float64
	minor     int64
	major     int64
	pids      []int // of a program's tree
}

func readUsage(p *proc.Process, cpus []int) (usage, error) {
	var u usage
	threads, err := p.Threads()
	if err != nil {
		return u, err
	}
	for _, tid := range threads {
		s, err := p.Schedstat(tid)
		if errors.Is(err, proc.ErrExited) {
			continue
		}
		if err != nil {
			return u, err
		}
		u.run += float64(s.RunNs) / 1e9
		u.wait += float64(s.WaitNs) / 1e9
	}
	st, err := p.Stat()
	if err != nil {
		return u, err
	}
	u.minor, u.major = st.Minflt, st.Majflt
	host, err := proc.NewFS("/").CPUTime(cpus)
	if err != nil {
		return u, err
	}
	u.busy, u.stolen = host.Busy, host.Steal
	return u, nil
}

// work adds up what was used while the workload ran, from baseline to freed.
// What is used at marks in between is the lab's own.
type work struct {
	since                   usage // the last resume
	run, wait, busy, stolen float64
}

// resume begins a stretch of work.
func (w *work) resume(now usage) { w.since = now }

// pause ends it.
func (w *work) pause(now usage) {
	w.run += now.run - w.since.run
	w.wait += now.wait - w.since.wait
	w.busy += now.busy - w.since.busy
	w.stolen += now.stolen - w.since.stolen
}

// usage is what the measured process, or a program's whole tree, has used.
func (t *trial) usage() (usage, error) {
	if t.placement != nil {
		return t.treeUsage()
	}
	return readUsage(t.proc, t.mayUse())
}

// pauseWork ends a stretch of work at a mark.
func (t *trial) pauseWork() error {
	now, err := t.usage()
	if err == nil {
		t.work.pause(now)
		t.missing(now)
	}
	return err
}

// missing notes that a process of the program's tree has ended since the work
// began: what it used is in no count that is left.
func (t *trial) missing(now usage) {
	t.familyLost = t.familyLost || slices.ContainsFunc(append(slices.Clone(t.began.pids), t.work.since.pids...), func(pid int) bool { return !slices.Contains(now.pids, pid) })
}

// programWait is how long a program may have waited for a processor without being
// called starved: one that hardly runs waits a little at each wake-up.
const programWait = 0.02 // seconds

// measureWork takes the figures of speed, at freed: wall is active time since
// baseline.
func (t *trial) measureWork(wall float64) {
	run := t.work.run
	t.record.Metrics[results.MetricWall] = wall
	if t.familyLost {
		t.warn("children of it ended while it was measured: what they used is not known, so that processor time and page faults are absent")
		return
	}
	t.record.Metrics[results.MetricCPU] = run
	// What it waited for a processor it lost to others only as far as others
	// used the processors: with more threads than processors its own threads
	// wait for each other. Waiting for a lock is neither.
	others := max(0, t.work.busy-run-t.loadCPU)
	wait := min(max(0, t.work.wait), others)
	if t.placement != nil && wait < programWait {
		wait = 0
	}
	t.record.CPU = results.CPU{Obtained: run, Wanted: run + wait, Stolen: t.work.stolen}
	if t.placement != nil {
		return // nobody counts the operations of a program
	}
	if t.Pass == results.PassLatency {
		t.measureLatency()
		return // timing every call, it says nothing of throughput
	}
	telemetry := t.target.Memory.Telemetry()
	var operations, slowest, cpu float64
	for _, w := range telemetry.Work {
		operations += float64(w.Operations)
		slowest = math.Max(slowest, float64(w.WallNS)/1e9)
		cpu += float64(w.CPUNS) / 1e9
	}
	if slowest > 0 && operations > 0 {
		t.record.Metrics[results.MetricOpsPerS] = operations / slowest
	}
	if cpu > 0 && operations > 0 {
		t.record.Metrics[results.MetricOpsPerCPUS] = operations / cpu
	}
}

// measureLatency takes the histograms of all calls so far.
func (t *trial) measureLatency() {
	histograms, timer, ok := t.target.Memory.Latency()
	if !ok {
		return
	}
	for i, operation := range []string{"malloc", "free"} {
		var all wire.Histogram
		for class := range histograms[i] {
			h := &histograms[i][class]
			all.Merge(h)
			if h.Total > 0 {
				t.record.Latency = append(t.record.Latency, latencyOf(operation, h, timer, wire.ClassLimit(class)))
			}
		}
		if all.Total == 0 {
			continue
		}
		l := latencyOf(operation, &all, timer, 0)
		l.All = true
		t.record.Latency = append(t.record.Latency, l)
		for name, value := range map[string]float64{"p50": l.P50, "p99": l.P99, "p999": l.P999, "max": l.Max} {
			t.record.Metrics[operation+"_"+name] = value
		}
	}
}

func latencyOf(operation string, h *wire.Histogram, timerNS uint64, upTo int64) results.Latency {
	quantile := func(q float64) float64 {
		ns, _ := h.Quantile(q) // never of an empty histogram
		return ns / 1e9
	}
	return results.Latency{
		Operation: operation, UpTo: upTo, Calls: int64(h.Total),
		P50: quantile(0.5), P90: quantile(0.9), P99: quantile(0.99), P999: quantile(0.999), P9999: quantile(0.9999),
		Max: float64(h.Max) / 1e9, Timer: float64(timerNS) / 1e9,
	}
}

// measureFaults takes the fault counters, at idle.
func (t *trial) measureFaults() error {
	now, err := t.usage()
	if err != nil {
		return err
	}
	if t.missing(now); t.familyLost {
		t.idleAt, _ = t.clock.now()
		return nil
	}
	t.record.Metrics[results.MetricMinorFaults] = float64(now.minor - t.began.minor)
	t.record.Metrics[results.MetricMajorFaults] = float64(now.major - t.began.major)
	t.idleAt, _ = t.clock.now()
	return nil
}

// summarise derives the figures of memory from the marks and the series.
func (t *trial) summarise() {
	lab := float64(t.record.Lab())
	at := map[string]string{
		results.MarkHold: results.MetricRSSHold, results.MarkFreed: results.MetricRSSFreed, results.MarkIdle: results.MetricRSSIdle,
		results.MarkPurged: results.MetricRSSPurged, results.MarkFlushed: results.MetricRSSFlushed, results.MarkExited: results.MetricRSSExited,
	}
	parked, peak := 0.0, int64(0)
	for _, m := range t.record.Looks {
		parked += m.Parked
		peak = max(peak, m.HWM, m.RSS)
	}
	for _, m := range t.record.Marks {
		parked += m.Parked
		peak = max(peak, m.HWM, m.RSS)
		if memory, ok := m.Memory(); ok && at[m.Name] != "" {
			t.record.Metrics[at[m.Name]] = float64(memory)
		}
	}
	if t.placement != nil {
		peak = max(peak, t.familyPeak())
	}
	if len(t.record.Marks) > 0 {
		// VmHWM is kept from counters that each CPU adds to in batches, so it
		// can lie below what a mark or a sample saw.
		if t.sampler != nil {
			peak = max(peak, t.sampler.peak)
		}
		t.record.Metrics[results.MetricParked] = parked
		t.record.Metrics[results.MetricRSSPeak] = float64(peak) - lab
	}
	if t.sampler != nil && t.idleAt > 0 {
		if mean, ok := t.sampler.mean.until(t.idleAt); ok {
			// A mean of equal values can come out a rounding above them.
			t.record.Metrics[results.MetricRSSMean] = min(mean-lab, t.record.Metrics[results.MetricRSSPeak])
		}
	}
	if hold := t.record.Mark(results.MarkHold); hold != nil && hold.AllocatorStats != nil && hold.AllocatorStats.Arenas != nil {
		t.record.Metrics[results.MetricArenas] = float64(*hold.AllocatorStats.Arenas)
	}
	if t.placement != nil && t.children > 0 && t.group == nil {
		// Nobody counted the family between marks: these would be of its first process alone.
		delete(t.record.Metrics, results.MetricRSSPeak)
		delete(t.record.Metrics, results.MetricRSSMean)
		t.warn("no control group could be made, so the curve is of its first process alone, and its peak and mean are not known")
	}
	maps.DeleteFunc(t.record.Metrics, func(name string, _ float64) bool {
		metric, ok := results.ByName(name)
		return !ok || metric.Pass() != t.Pass // a figure is taken only from its own pass
	})
	if t.record.Status != results.StatusOK {
		return // why it failed is said; how well it was sampled does not matter
	}
	if s := t.record.Sampler; s.Ticks > 0 && float64(s.Missed) > 0.05*float64(s.Ticks+s.Missed) {
		t.warn("the sampler missed %d of %d ticks: the series is sparse", s.Missed, s.Ticks+s.Missed)
	}
	if t.record.Starved() {
		t.warn("starved: it got %.0f %% of the processor time it could have used", 100*t.record.CPU.Obtained/t.record.CPU.Wanted)
	}
}

// figures keeps what the workload says of itself at a mark; a later mark's
// word replaces an earlier one's.
func (t *trial) figures(lines string) {
	for name, text := range wire.Lines(lines, " ") {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			t.warn("the workload's figure %s is no number: %s", name, text)
			continue
		}
		if t.record.Figures == nil {
			t.record.Figures = map[string]float64{}
		}
		t.record.Figures[name] = value
	}
}
