package proc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Threads lists the ids of the process's threads in ascending order. Threads
// that start or end meanwhile may be missed.
func (p *Process) Threads() ([]int, error) {
	fd, err := openAt(p.dir, "task", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, p.openError("task", err)
	}
	list, err := names(fd, "task")
	if err != nil {
		return nil, p.openError("task", unwrapErrno(err))
	}
	return numbers(list), nil
}

// numbers keeps the names that are ids, sorted.
func numbers(names []string) []int {
	ids := make([]int, 0, len(names))
	for _, name := range names {
		if id, err := strconv.Atoi(name); err == nil && id > 0 && name[0] != '+' {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Schedstat is /proc/PID/task/TID/schedstat: what the scheduler gave a thread
// since it began (Documentation/scheduler/sched-stats.rst).
type Schedstat struct {
	RunNs      int64 // on a CPU, ns
	WaitNs     int64 // runnable but waiting for a CPU, ns
	Timeslices int64
}

// Schedstat reads one thread's. A thread that has ended is ErrExited. The
// kernel needs CONFIG_SCHED_INFO, which every distribution has; without it
// the error is Unsupported or the figures are 0.
func (p *Process) Schedstat(tid int) (Schedstat, error) {
	name := "task/" + strconv.Itoa(tid) + "/schedstat"
	b, err := p.readFile(name, limitSmall)
	if err == nil {
		return parseSchedstat(string(b))
	}
	var st unix.Stat_t
	if unix.Fstatat(p.dir, "task/"+strconv.Itoa(tid), &st, 0) == unix.ENOENT {
		return Schedstat{}, fmt.Errorf("%w: thread %d of pid %d", ErrExited, tid, p.pid)
	}
	return Schedstat{}, err
}

// parseSchedstat reads "run wait timeslices".
func parseSchedstat(text string) (Schedstat, error) {
	f := strings.Fields(text)
	if len(f) != 3 {
		return Schedstat{}, parseError("schedstat", text)
	}
	var v [3]int64
	for i, s := range f {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return Schedstat{}, parseError("schedstat", text)
		}
		v[i] = n
	}
	return Schedstat{RunNs: v[0], WaitNs: v[1], Timeslices: v[2]}, nil
}
