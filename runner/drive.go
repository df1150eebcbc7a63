package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// errEnded ends a trial whose program ended before it should have.
var errEnded = errors.New("it ended by itself")

// startProgram starts the user's program under its variant.
func (t *trial) startProgram() (err error) {
	p := t.placement
	if p.ReadyPort != 0 && answers(p.ReadyPort) {
		return fmt.Errorf("port %d is in use by another program: end that one, or give %s another port", p.ReadyPort, p.name)
	}
	if t.newGroup != nil { // before it starts: what it has touched and forked is not moved
		if t.group, err = t.newGroup(); err != nil {
			return err
		}
	}
	t.process, err = process.Start(process.Spec{
		Path: p.path, Args: p.Command[1:], Environment: p.start(), Dir: p.directory(), CPUs: t.cpus, Line: p.ReadyLine, Group: t.group,
	})
	if err != nil {
		return err
	}
	t.proc, err = proc.NewFS("/").Open(t.process.Pid)
	if err != nil && t.process.Wait(lastWords) {
		return t.ended("before it could be looked at")
	}
	return err
}

// drive takes the program from its start to its end.
func (t *trial) drive(ctx context.Context) error {
	p := t.placement
	t.record.Proof = p.proof
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	if err := t.awaitReady(ctx); err != nil {
		return err
	}
	o := &observer{process: t.process, proc: t.proc, dialect: allocators.Dialect(p.proof.Dialect), blocks: t.blocks, stopped: t.stopped}
	if err := t.markProgram(o, results.MarkBaseline, 0); err != nil {
		return err
	}
	if err := t.resumeProgram(results.MarkBaseline); err != nil {
		return err
	}
	if len(p.Load) == 0 && p.Duration == 0 {
		return t.runToEnd(ctx)
	}
	if err := t.load(ctx, o); err != nil {
		return err
	}
	if err := t.markProgram(o, results.MarkFreed, 0); err != nil {
		return err
	}
	if p.After > 0 {
		if err := t.resumeProgram(results.MarkFreed); err != nil {
			return err
		}
		if err := t.wait(ctx, seconds(p.After), "in the time after its load"); err != nil {
			return err
		}
		if err := t.markProgram(o, results.MarkIdle, 0); err != nil {
			return err
		}
	}
	if t.sampler.lost.Load() {
		return fmt.Errorf("%w: RSS could not be read any more while it ran", errDisturbed)
	}
	return t.stop(ctx)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// resumeProgram lets the clock go on to the next mark.
func (t *trial) resumeProgram(from string) error {
	next := results.MarkFreed
	switch {
	case from == results.MarkFreed:
		next = results.MarkIdle
	case from == results.MarkBaseline && len(t.placement.Load) > 1:
		next = results.MarkHold
	}
	if from == results.MarkBaseline {
		if err := t.begin(); err != nil {
			return err
		}
		t.sampler = startSampler(t.proc, t.group, nil, t.rate, &t.clock, next)
		return nil
	}
	now, err := t.usage()
	if err != nil {
		return err
	}
	t.work.resume(now)
	t.sampler.setPhase(next)
	t.clock.resume()
	return nil
}

// ended says that the program ended too early.
func (t *trial) ended(when string) error {
	text := when
	if children, err := proc.NewFS("/").Children(os.Getpid()); err == nil && t.process.Status().Exited() && t.process.Status().ExitStatus() == 0 && len(children) > 0 {
		text += "; if it put itself into the background, tell it to stay in the foreground (redis: --daemonize no, nginx: -g 'daemon off;')"
	}
	return fmt.Errorf("%w %s", errEnded, text)
}

// answers says whether something on this machine accepts connections at a port.
func answers(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), time.Second); err == nil {
			c.Close()
			return true
		}
	}
	return false
}

// readyEvery is how often a program is asked whether it is ready.
const readyEvery = 5 * time.Millisecond

// awaitReady waits until the program is ready, and until the library that is to serve
// it is there: a program is not what it will be before its linker is done.
func (t *trial) awaitReady(ctx context.Context) error {
	p := t.placement
	what := "it had " + p.library + " mapped"
	ready := func() bool { return t.hasMapped(p.library) }
	switch {
	case p.ReadyPort != 0:
		what = fmt.Sprintf("port %d accepted a connection", p.ReadyPort)
		ready = func() bool { return answers(p.ReadyPort) }
	case p.ReadyLine != "":
		what = fmt.Sprintf("it printed %q", p.ReadyLine)
		ready = func() bool {
			select {
			case <-t.process.Output.Said():
				return true
			default:
				return false
			}
		}
	}
	for ticker := time.NewTicker(readyEvery); ; {
		if ready() {
			break
		}
		select {
		case <-t.process.Done():
			return t.ended("before " + what)
		case <-ctx.Done():
			return fmt.Errorf("%w: %v passed before %s", errNeverReady, t.limit, what)
		case <-ticker.C:
		}
	}
	if !t.hasMapped(p.library) {
		return fmt.Errorf("%w: %s is not mapped in it once it is ready: it, or a script before it, was started without the variant's environment", errPreloadFailed, p.library)
	}
	return nil
}

// hasMapped says whether the measured process has a file mapped.
func (t *trial) hasMapped(path string) bool {
	mappings, err := t.proc.Maps()
	if err != nil {
		return false
	}
	return mapped(mappings)(path)
}

// mapped is a lookup of files among mappings, whatever links lead to them.
func mapped(mappings []proc.Mapping) func(path string) bool {
	return func(path string) bool {
		last := ""
		for _, m := range mappings {
			file := m.File()
			if file == "" || file == last {
				continue
			}
			last = file
			if file == path || same(file, path) {
				return true
			}
		}
		return false
	}
}

// wait lets time pass while the program runs.
func (t *trial) wait(ctx context.Context, d time.Duration, when string) error {
	select {
	case <-time.After(d):
		return nil
	case <-t.process.Done():
		return t.ended(when)
	case <-ctx.Done():
		return fmt.Errorf("%w %s", os.ErrDeadlineExceeded, when)
	}
}

// load drives the program: all commands in turn, none longer than the time given. Before the last of
// several the program holds most, and is looked at.
func (t *trial) load(ctx context.Context, o *observer) error {
	p := t.placement
	if len(p.Load) == 0 {
		return t.wait(ctx, seconds(p.Duration), "before its time was over")
	}
	var over <-chan time.Time
	if p.Duration > 0 {
		over = time.After(seconds(p.Duration))
	}
	for i, command := range p.Load {
		if i > 0 && i == len(p.Load)-1 {
			if err := t.markProgram(o, results.MarkHold, 0); err != nil {
				return err
			}
			if err := t.resumeProgram(results.MarkHold); err != nil {
				return err
			}
		}
		if err := t.command(ctx, command, over); err != nil {
			return err
		}
	}
	return nil
}

// command runs one command of the user's beside the program, to its end or
// until the time is over.
func (t *trial) command(ctx context.Context, command []string, over <-chan time.Time) error {
	name := strings.Join(command, " ")
	path, err := t.placement.find(command[0])
	if err != nil {
		return fmt.Errorf("%w: %w", errLoadFailed, err)
	}
	c, err := process.Start(process.Spec{Path: path, Args: command[1:], Environment: t.placement.environment, Dir: t.placement.directory()})
	if err != nil {
		return fmt.Errorf("%w: %w", errLoadFailed, err)
	}
	finish := func() {
		c.EndGroup(true)
		t.loadCPU += c.CPUSeconds()
	}
	select {
	case <-c.Done():
		finish()
	case <-over:
		finish()
		return nil
	case <-t.process.Done():
		finish()
		return t.ended("under " + name + quoted(c.Output.String()))
	case <-ctx.Done():
		finish()
		return fmt.Errorf("%w under %s%s", os.ErrDeadlineExceeded, name, quoted(c.Output.String()))
	}
	switch status := c.Status(); {
	case status.Signaled():
		return fmt.Errorf("%w: %s was ended by %s%s", errLoadFailed, name, signalName(status.Signal()), quoted(c.Output.String()))
	case status.ExitStatus() != 0:
		if t.process.Wait(lastWords) { // it failed because the program is gone
			return t.ended("under " + name + quoted(c.Output.String()))
		}
		return fmt.Errorf("%w: %s ended with exit code %d%s", errLoadFailed, name, status.ExitStatus(), quoted(c.Output.String()))
	}
	return nil
}

// runToEnd watches a program that does its work and ends.
func (t *trial) runToEnd(ctx context.Context) error {
	select {
	case <-t.process.Done():
	case <-ctx.Done():
		return fmt.Errorf("%w: it had not ended", os.ErrDeadlineExceeded)
	}
	ended, _ := t.clock.now()
	t.clock.park(time.Now())
	t.record.Metrics[results.MetricWall] = ended
	t.record.Metrics[results.MetricCPU] = t.process.CPUSeconds()
	t.idleAt = ended
	return nil
}

// stop ends the program as the experiment says.
func (t *trial) stop(ctx context.Context) error {
	p := t.placement
	if len(p.StopCommand) > 0 {
		t.record.Exit.Stopped = strings.Join(p.StopCommand, " ")
		if err := t.command(ctx, p.StopCommand, nil); err != nil && !errors.Is(err, errEnded) {
			return fmt.Errorf("stopping it: %w", err)
		}
	} else {
		t.record.Exit.Stopped = p.StopSignal
		if err := t.process.Signal(unix.SignalNum(p.StopSignal)); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping it: %w", err)
		}
	}
	if !t.process.Wait(exitLimit) {
		t.warn("it did not end within %v after %s: the lab ended it", exitLimit, t.record.Exit.Stopped)
	}
	return nil
}
