package process

import (
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// known are the children that the lab itself started and has not ended: any
// other child is a stray, left to the lab by a process that ended before it.
var known = struct {
	sync.Mutex
	pids map[int]bool
}{pids: map[int]bool{}}

func register(pid int) {
	known.Lock()
	known.pids[pid] = true
	known.Unlock()
}

// takeCharge makes orphans of measured processes the lab's own children, so
// that none escapes, whatever session or group it made for itself
// (PR_SET_CHILD_SUBREAPER, Linux 3.4), and keeps descriptors that the lab itself inherited
// from being inherited further (close_range(2), Linux 5.11).
var takeCharge = sync.OnceFunc(func() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
})

// Limits of ending a process.
const (
	Grace     = 2 * time.Second        // from SIGTERM to SIGKILL
	killLimit = 5 * time.Second        // until the kernel has ended what was killed
	drainTime = 200 * time.Millisecond // for output that is still in the pipe
)

// End ends the process and everything that it started, and releases what the
// lab holds of it. A process that has ended already is only cleaned up after;
// one that runs gets SIGTERM, then SIGKILL. It returns how many strays were
// killed.
func (p *Process) End(politely bool) (strays int) {
	p.end.Do(func() {
		p.endGroup(politely)
		strays = endStrays()
		p.release()
	})
	return strays
}

// EndGroup is End for a process beside which another one still runs: strays
// may be that one's, and are left alone.
func (p *Process) EndGroup(politely bool) {
	p.end.Do(func() {
		p.endGroup(politely)
		p.release()
	})
}

func (p *Process) endGroup(politely bool) {
	if politely && !p.Wait(0) {
		p.signalGroup(syscall.SIGTERM)
		p.signalGroup(syscall.SIGCONT)
		p.Wait(Grace)
	}
	p.signalGroup(syscall.SIGKILL)
	p.Wait(killLimit)
	known.Lock()
	delete(known.pids, p.Pid)
	known.Unlock()
}

// release lets go of the output and of adopted processes.
func (p *Process) release() {
	for _, pid := range p.adopted {
		if !reap(pid, drainTime) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			reap(pid, time.Second)
		}
		known.Lock()
		delete(known.pids, pid)
		known.Unlock()
	}
	select {
	case <-p.read:
	case <-time.After(drainTime):
	}
	p.pipe.Close()
}

// Signal sends a signal to the process alone.
func (p *Process) Signal(s syscall.Signal) error { return p.process.Signal(s) }

// Wait waits for the end of the process, no longer than that, and reports
// whether it has ended.
func (p *Process) Wait(within time.Duration) bool {
	select {
	case <-p.done:
		return true
	default:
	}
	select {
	case <-p.done:
		return true
	case <-time.After(within):
		return false
	}
}

func (p *Process) signalGroup(s syscall.Signal) { _ = syscall.Kill(-p.Pid, s) }

// endStrays kills children that nobody started here until there are none:
// the children of a killed one become ours in turn.
func endStrays() int {
	count := 0
	for deadline := time.Now().Add(killLimit); time.Now().Before(deadline); {
		strays := 0
		for _, pid := range children() {
			known.Lock()
			mine := known.pids[pid]
			known.Unlock()
			if mine {
				continue
			}
			strays++
			_ = syscall.Kill(pid, syscall.SIGKILL)
			reap(pid, time.Second)
		}
		if strays == 0 {
			break
		}
		count += strays
	}
	return count
}

// reap waits for the end of a child that was not started by Start, and
// reports whether there is none any more.
func reap(pid int, within time.Duration) bool {
	for deadline := time.Now().Add(within); ; time.Sleep(time.Millisecond) {
		if reaped, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); reaped == pid || err != nil && err != syscall.EINTR {
			return true
		}
		if !time.Now().Before(deadline) {
			return false
		}
	}
}

// Adopt makes a process that came with this one, a tracer beside it, part of
// it: it is no stray, and ends with it.
func (p *Process) Adopt(pid int) {
	register(pid)
	p.adopted = append(p.adopted, pid)
}

// children lists the lab's own children (CONFIG_PROC_CHILDREN, Linux 3.5).
func children() (pids []int) {
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		b, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		for _, field := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
