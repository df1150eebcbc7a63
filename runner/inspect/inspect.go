// Package inspect looks at a process that runs, from outside: it reads /proc,
// the process's memory and the files that it maps. It stops nothing, writes
// nothing and preloads nothing.
package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
)

// AccessError is a process that may not be looked at from here, or is not there.
type AccessError struct {
	PID    int
	Why    error
	Remedy string
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("process %d: %v; %s", e.PID, e.Why, e.Remedy)
}

func (e *AccessError) Unwrap() error { return e.Why }

// look is one inspection in progress.
type look struct {
	fs     proc.FS
	p      *proc.Process
	out    results.Inspection
	uses   []proc.MappingUse
	memory *os.File // nil where it may not be read
	infos  []census.HeapInfo
	stacks []uint64 // stack pointers
}

// Look inspects a process. An AccessError comes with what could be read
// without access to its memory map: its name and its sums.
func Look(fs proc.FS, pid int) (results.Inspection, error) {
	began := time.Now()
	p, err := fs.Open(pid)
	if err != nil {
		return results.Inspection{}, access(pid, err, true)
	}
	defer p.Close()
	l := &look{fs: fs, p: p}
	l.out = results.Inspection{V: results.Version, Look: results.Look{Taken: began.UTC().Format(time.RFC3339)}}
	l.out.Process.PID = pid
	if err := l.task(); err != nil {
		return l.out, access(pid, err, false)
	}
	before, err := p.Maps()
	if err != nil {
		return l.out, access(pid, err, false)
	}
	if l.memory, err = p.Mem(); err != nil {
		l.missing("its memory (heaps and arenas, stacks of threads, bound calls)", err, ptraceRemedy)
	} else {
		defer l.memory.Close()
	}
	l.readStacks()
	from := time.Now()
	if l.uses, err = p.Smaps(); err != nil {
		return l.out, access(pid, err, false)
	}
	rollup, err := p.SmapsRollup()
	if err != nil {
		return l.out, access(pid, err, false)
	}
	l.out.Look.KindsTook = time.Since(from).Seconds()
	l.sums(rollup)
	l.heaps()
	l.kinds()
	l.settings()
	l.allocators()
	l.out.Questions = questions(&l.out)
	if err := l.end(before, began); err != nil {
		return l.out, access(pid, err, false)
	}
	return l.out, nil
}

const (
	accessRemedy = "look as the user whose process it is, or as root: sudo alloclab inspect PID (in a container also with CAP_SYS_PTRACE)"
	ptraceRemedy = "root may read it; others where kernel.yama.ptrace_scope is 0: sudo alloclab inspect PID"
)

// access says what an error of reading means.
func access(pid int, err error, opening bool) error {
	remedy := accessRemedy
	switch {
	case errors.Is(err, proc.ErrExited):
		remedy = "it has ended, or is a thread of the kernel: nothing is left to look at"
	case errors.Is(err, fs.ErrNotExist) && opening:
		err = errors.New("no such process here")
		remedy = "either it has ended, or /proc hides it (mount option hidepid) or is that of another PID namespace: look as its user, as root, or from its own container"
	case !errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("process %d: %w", pid, err)
	}
	return &AccessError{PID: pid, Why: err, Remedy: strings.ReplaceAll(remedy, "PID (", strconv.Itoa(pid)+" (")}
}

func (l *look) missing(what string, err error, remedy string) {
	l.out.Missing = append(l.out.Missing, results.Missing{What: what, Why: err.Error(), Remedy: strings.ReplaceAll(remedy, "inspect PID", "inspect "+strconv.Itoa(l.p.Pid()))})
}

// task fills in what everyone may read.
func (l *look) task() error {
	status, err := l.p.Status()
	if err != nil {
		return err
	}
	stat, err := l.p.Stat()
	if err != nil {
		return err
	}
	t := &l.out.Process
	t.Name, t.Threads = stat.Comm, status.Threads
	if t.UID, err = l.p.Uid(); err != nil {
		return err
	}
	if u, err := user.LookupId(strconv.Itoa(t.UID)); err == nil {
		t.User = u.Username
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err == nil {
		t.Up = max(0, float64(now.Nano())/1e9-stat.Starttime)
		t.Started = time.Now().Add(-time.Duration(t.Up * float64(time.Second))).UTC().Format(time.RFC3339)
	}
	l.out.Look.RSSBefore = status.VmRSS
	m := &l.out.Memory
	m.RSS, m.HWM, m.Swap, m.Locked = status.VmRSS, status.VmHWM, status.VmSwap, status.VmLck
	m.THPDisallowed = status.THPEnabled != nil && !*status.THPEnabled
	if exe, err := l.p.Exe(); err == nil {
		t.Exe = exe
	}
	return nil
}

// sums takes the kernel's own count.
func (l *look) sums(r proc.SmapsRollup) {
	m := &l.out.Memory
	m.RSS, m.PSS, m.Anonymous, m.Swap = r.Rss, r.Pss, r.Anonymous, r.Swap
	m.LazyFree, m.HugePages, m.Locked = r.LazyFree, r.AnonHugePages, r.Locked
	m.THP = l.fs.TransparentHugePages().Enabled
	for _, u := range l.uses {
		m.Hugetlb += u.Hugetlb
	}
}

// readStacks asks where each thread's stack is. A thread that runs does not
// say; its stack may be told by its guard page.
func (l *look) readStacks() {
	if l.memory == nil {
		return // the same right is needed
	}
	threads, err := l.p.Threads()
	if err != nil {
		return
	}
	for _, tid := range threads {
		if at, ok, err := l.p.StackPointer(tid); err == nil && ok {
			l.stacks = append(l.stacks, at)
		}
	}
	slices.Sort(l.stacks)
}

// end reads once more, to say how far the process ran on meanwhile.
func (l *look) end(before []proc.Mapping, began time.Time) error {
	after, err := l.p.Maps()
	if err != nil {
		return err
	}
	status, err := l.p.Status()
	if err != nil {
		return err
	}
	l.out.Look.MapsChanged = !slices.Equal(before, after)
	l.out.Look.RSSAfter = status.VmRSS
	l.out.Memory.HWM = max(status.VmHWM, l.out.Memory.HWM)
	l.out.Look.Took = time.Since(began).Seconds()
	return nil
}
