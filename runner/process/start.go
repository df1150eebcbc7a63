// Package process starts measured processes, watches and stops them, and
// leaves nothing running: a process, its output and its whole tree are one
// thing here.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec says what to start.
type Spec struct {
	Path        string
	Args        []string // without the program's own name
	Environment []string // all of it: nothing is inherited
	Dir         string
	Files       []*os.File // inherited as descriptors 3, 4, …
	CPUs        []int      // affinity; empty is the lab's own
	Group       *Group     // to be born in; nil is the lab's own
	Line        string     // Said is closed when a line of its output holds this; "" is never
}

// Process is a started process. Its standard input is empty, its output and
// errors are kept to their last 4 KiB.
type Process struct {
	Pid    int
	Output *Tail // standard output and error, as they came

	process *os.Process
	pipe    *os.File
	read    chan struct{} // closed when the output has ended
	done    chan struct{} // closed when the process has been reaped
	status  syscall.WaitStatus
	usage   syscall.Rusage
	end     sync.Once
	adopted []int // see Adopt
}

// spawner is one thread that lives as long as the lab and forks all measured
// processes: PR_SET_PDEATHSIG is sent when the *thread* that forked ends, and
// a child inherits that thread's affinity.
var spawner = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// Start starts a process in a group of its own. It dies with the lab, also
// when the lab is killed, and where memory runs out it is the kernel's first choice.
func Start(s Spec) (*Process, error) {
	takeCharge()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("a pipe for output: %w", err)
	}
	defer in.Close()

	p := &Process{Output: newTail(s.Line), pipe: out, read: make(chan struct{}), done: make(chan struct{})}
	attributes := &os.ProcAttr{
		Dir:   s.Dir,
		Env:   s.Environment,
		Files: append([]*os.File{null, in, in}, s.Files...),
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	started := make(chan error)
	spawner() <- func() {
		start := func() (err error) {
			p.process, err = os.StartProcess(s.Path, append([]string{s.Path}, s.Args...), attributes)
			return err
		}
		if s.Group != nil {
			outside := start
			start = func() error { return s.Group.start(attributes.Sys, outside) }
		}
		started <- withAffinity(s.CPUs, start)
	}
	if err := <-started; err != nil {
		out.Close()
		return nil, fmt.Errorf("starting %s: %w", s.Path, err)
	}
	p.Pid = p.process.Pid
	register(p.Pid)
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.Pid), []byte("1000"), 0) // a wish: without it the kernel chooses by size
	go func() {
		defer close(p.read)
		_, _ = p.Output.ReadFrom(out)
	}()
	go p.reap()
	return p, nil
}

func (p *Process) reap() {
	defer close(p.done)
	state, err := p.process.Wait()
	if err == nil {
		p.status = state.Sys().(syscall.WaitStatus)
		p.usage = *state.SysUsage().(*syscall.Rusage)
	}
}

func withAffinity(cpus []int, f func() error) error {
	if len(cpus) == 0 {
		return f()
	}
	var before, wanted unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	for _, cpu := range cpus {
		wanted.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &wanted); err != nil {
		return fmt.Errorf("binding to CPUs %v: %w", cpus, err)
	}
	return errors.Join(f(), unix.SchedSetaffinity(0, &before))
}

// Done is closed when the process has ended and was reaped.
func (p *Process) Done() <-chan struct{} { return p.done }

// Status is how the process ended; only valid once Done is closed.
func (p *Process) Status() syscall.WaitStatus { return p.status }

// CPUSeconds is the processor time of the process and of those of its children
// that it waited for; only valid once Done is closed.
func (p *Process) CPUSeconds() float64 {
	return float64(p.usage.Utime.Nano()+p.usage.Stime.Nano()) / 1e9
}

// Stop stops all threads of the process with SIGSTOP and waits until they
// have stopped; Continue lets them go on.
func (p *Process) Stop() error {
	if err := p.process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("SIGSTOP: %w", err)
	}
	// The kernel reports a stop when the last thread of the group has stopped
	// (do_signal_stop in kernel/signal.c).
	deadline := time.Now().Add(stopLimit)
	for wait := 20 * time.Microsecond; ; wait = min(2*wait, 2*time.Millisecond) {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.Pid, &info, unix.WSTOPPED|unix.WNOHANG, nil)
		switch {
		case err == nil && info.Signo != 0:
			return nil
		case err == unix.ECHILD: // reaped
			return p.endedError()
		case err != nil && err != unix.EINTR:
			return fmt.Errorf("waiting for pid %d to stop: %w", p.Pid, err)
		case time.Now().After(deadline):
			return fmt.Errorf("pid %d did not stop within %v", p.Pid, stopLimit)
		}
		select {
		case <-p.done:
			return p.endedError()
		case <-time.After(wait):
		}
	}
}

func (p *Process) endedError() error {
	return fmt.Errorf("pid %d ended while it was to be stopped: %w", p.Pid, os.ErrProcessDone)
}

const stopLimit = 10 * time.Second

// Continue lets a stopped process go on.
func (p *Process) Continue() error {
	if err := p.process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("SIGCONT: %w", err)
	}
	return nil
}

// Run runs a small helper of the lab's to its end and returns its output: the
// dynamic linker, a manifest. It is no measured process.
func Run(environment []string, limit time.Duration, path string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment
	cmd.WaitDelay = limit
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, lastLine(exit.Stderr))
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}
