package runner

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// sampler reads RSS and the telemetry lanes at a fixed rate from one OS thread
// of its own. Deadlines are absolute, so that lateness does not add up; a tick
// that is missed is counted and never caught up.
type sampler struct {
	process *proc.Process
	memory  *wire.Memory // nil where the target has no lanes
	period  time.Duration
	clock   *activeClock
	series  *results.Series[results.Sample]
	mean    timeMean
	peak    int64
	figures results.Sampler
	firstMF int64 // minor faults at baseline

	group  *process.Group // of a program, whose children are counted too; nil where there is none
	family bool           // there is more than one process now
	shared atomic.Bool    // there has been

	phase  atomic.Pointer[string]
	stop   atomic.Bool
	halted atomic.Bool // the process was seen stopped (SIGSTOP, a debugger) by somebody else
	lost   atomic.Bool // the process could not be read any more
	ended  sync.WaitGroup
}

// faultEvery is how many ticks pass between readings of the fault counters,
// which take longer than statm and the lanes together.
const faultEvery = 10

// meanPhases are what rss_mean covers: what the lab does afterwards is no
// behaviour of the program.
var meanPhases = []string{results.MarkHold, results.MarkFreed, results.MarkIdle}

// startSampler begins to sample. It returns once the thread has set itself up.
func startSampler(process *proc.Process, group *process.Group, memory *wire.Memory, rate float64, clock *activeClock, phase string) *sampler {
	s := &sampler{
		process: process, group: group, memory: memory, period: time.Duration(float64(time.Second) / rate), clock: clock,
		series: results.NewSeries[results.Sample](),
	}
	s.setPhase(phase)
	if st, err := process.Stat(); err == nil {
		s.firstMF = st.Minflt
	}
	threads, _ := process.Threads()
	s.figures.RSSError = proc.RSSErrorBound(kernelRelease(), len(allowedCPUs()), len(threads))
	ready := make(chan struct{})
	s.ended.Add(1)
	go func() {
		defer s.ended.Done()
		runtime.LockOSThread() // never unlocked: the thread and its priority end with this goroutine
		s.figures.Priority = raisePriority()
		close(ready)
		s.run()
	}()
	<-ready
	return s
}

// setPhase names the mark that the target now works towards.
func (s *sampler) setPhase(mark string) { s.phase.Store(&mark) }

// finish ends the sampling and returns what it cost and missed.
func (s *sampler) finish() results.Sampler {
	s.stop.Store(true)
	s.ended.Wait()
	return s.figures
}

func (s *sampler) run() {
	var began, zero unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &began)
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &zero)
	start := time.Now() // the same instant by the cheaper clock: no system call
	next, last := int64(0), int64(0)
	for tick := int64(0); ; tick++ {
		if !s.sleep(zero.Nano()+last, zero.Nano()+next) {
			break
		}
		now := int64(time.Since(start))
		s.figures.Ticks++
		if gap := float64(now-last) / 1e9; gap > s.figures.MaxGap {
			s.figures.MaxGap = gap
		}
		last = now
		if !s.sample(tick%faultEvery == 0) {
			s.lost.Store(true)
			break
		}
		next += int64(s.period)
		if behind := now - next; behind >= 0 {
			missed := behind/int64(s.period) + 1
			s.figures.Missed += missed
			next += missed * int64(s.period)
		}
	}
	var end unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &end)
	s.figures.Cost = float64(end.Nano()-began.Nano()) / 1e9
}

// sleep waits from one instant to another of CLOCK_MONOTONIC. It is false where the sampling
// is to end: at a low rate nobody should wait for the next tick.
func (s *sampler) sleep(from, to int64) bool {
	const nap = int64(100 * time.Millisecond)
	for at := min(from+nap, to); ; at = min(at+nap, to) {
		deadline := unix.NsecToTimespec(at)
		for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &deadline, nil) == unix.EINTR {
		}
		if s.stop.Load() {
			return false
		}
		if at == to {
			return true
		}
	}
}

// sample takes one reading and reports whether the process could be read.
func (s *sampler) sample(faults bool) bool {
	t, running := s.clock.now()
	if !running {
		return true // parked: what is resident now is the mark's business
	}
	m, err := s.process.Statm()
	if err != nil {
		return false
	}
	if s.group != nil {
		m.Resident = s.ofFamily(m, faults)
	}
	row := results.Sample{T: t, RSS: m.Resident, Live: results.Absent, Operations: results.Absent, MinorFaults: results.Absent, Phase: *s.phase.Load()}
	if s.memory != nil {
		operations, live := s.memory.Live()
		row.Operations, row.Live = int64(operations), max(live, 0)
	}
	if faults {
		if st, err := s.process.Stat(); err == nil {
			row.MinorFaults = st.Minflt - s.firstMF
			if _, running := s.clock.now(); running && (st.State == "T" || st.State == "t") {
				s.halted.Store(true) // the lab stops it only while the clock is parked
			}
		}
	}
	s.series.Add(row)
	s.peak = max(s.peak, m.Resident)
	if slices.Contains(meanPhases, row.Phase) {
		s.mean.add(t, m.Resident)
	}
	return true
}

// ofFamily is the memory of the process and of all that it started: private pages
// each once, in the kernel's count for the control group, and the files of the first process, which the
// others share. Whether there are others is looked up now and then.
func (s *sampler) ofFamily(m proc.Statm, look bool) int64 {
	if look {
		n, err := s.group.Processes()
		s.family = err == nil && n > 1
	}
	if !s.family {
		return m.Resident
	}
	anonymous, err := s.group.Anonymous()
	if err != nil {
		return m.Resident
	}
	s.shared.Store(true)
	return anonymous + m.Shared
}

// raisePriority asks for the best priority that the kernel allows: a sampler
// that waits for a processor among busy workers misses ticks (p99 of the
// lateness of 10 ms ticks beside three spinning threads: 15.7 ms, with SCHED_FIFO 0.08 ms).
func raisePriority() string {
	fifo := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 10}
	if unix.SchedSetAttr(0, &fifo, 0) == nil {
		return "fifo"
	}
	if unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -15) == nil {
		return "nice"
	}
	return "normal"
}

// timeMean is a mean weighted by time: each value counts until the next.
type timeMean struct {
	sum, since, last float64
	value            int64
	started          bool
}

func (m *timeMean) add(t float64, value int64) {
	if m.started {
		m.sum += float64(m.value) * (t - m.last)
	} else {
		m.started, m.since = true, t
	}
	m.last, m.value = t, value
}

// until is the mean up to t, which is not before the last value.
func (m *timeMean) until(t float64) (float64, bool) {
	if !m.started || t <= m.since {
		return 0, false
	}
	return (m.sum + float64(m.value)*(t-m.last)) / (t - m.since), true
}
