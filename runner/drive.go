package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/proc"
)

// overtimeError ends a trial that took longer than it may.
type overtimeError struct {
	limit time.Duration
	when  string
}

func (e *overtimeError) Error() string { return fmt.Sprintf("%v passed %s", e.limit, e.when) }

// Unwrap makes it a timeout.
func (e *overtimeError) Unwrap() error { return os.ErrDeadlineExceeded }

// errEnded ends a trial whose program ended before it should have.
var errEnded = errors.New("it ended by itself")

// atOnce says that the program is ready as soon as it starts.
func (p *program) atOnce() bool { return p.ReadyPort == 0 && p.ReadyLine == "" }

// endsItself says that the program does its work and ends.
func (p *program) endsItself() bool { return len(p.Load) == 0 && p.Duration == 0 }

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
	if p.endsItself() {
		return t.runToEnd(ctx, o)
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
	if err := t.purge(o); err != nil {
		return err
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
		t.poller = t.startPoller(allocators.Dialect(t.placement.proof.Dialect))
		if t.agent != nil && t.placement.atOnce() {
			return t.agent.release()
		}
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

// wait lets time pass while the program runs.
func (t *trial) wait(ctx context.Context, d time.Duration, when string) error {
	select {
	case <-time.After(d):
		return nil
	case <-t.process.Done():
		return t.ended(when)
	case <-ctx.Done():
		return &overtimeError{t.limit, when}
	}
}

// runToEnd watches a program that does its work and ends. Where there is an
// agent, it keeps the program at its end until it has been looked at.
func (t *trial) runToEnd(ctx context.Context, o *observer) error {
	var exit <-chan struct{}
	if t.agent != nil {
		exit = t.agent.exit
	}
	select {
	case <-exit:
		if err := t.markProgram(o, results.MarkFreed, 0); err != nil {
			return err
		}
		if err := t.measureFaults(); err != nil {
			return err
		}
		if err := t.purge(o); err != nil {
			return err
		}
		if t.agent != nil {
			if err := t.agent.release(); err != nil {
				return err
			}
		}
		if !t.process.Wait(exitLimit) {
			return &overtimeError{exitLimit, "after its exit, and it was still there"}
		}
	case <-t.process.Done():
		t.idleAt, _ = t.clock.now()
		t.clock.park(time.Now())
		t.record.Metrics[results.MetricWall] = t.idleAt
		t.record.Metrics[results.MetricCPU] = t.process.CPUSeconds()
	case <-ctx.Done():
		return &overtimeError{t.limit, "before it ended"}
	}
	return nil
}

// purge has the agent tell the allocator to give back what it can, and looks
// once more.
func (t *trial) purge(o *observer) error {
	if t.agent == nil {
		return nil
	}
	if t.children > 0 {
		t.warn("it was not told to give back what it can: only its first process can be, and there are others")
		return nil
	}
	t.sampler.setPhase(results.MarkPurged)
	t.clock.resume()
	took, ok, err := t.agent.purge()
	if err != nil {
		t.clock.park(time.Now())
		if t.process.Wait(0) {
			return t.ended("at the purge")
		}
		t.loseAgent(err)
		return nil
	}
	if !ok {
		t.clock.park(time.Now())
		return nil
	}
	return t.markProgram(o, results.MarkPurged, took)
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
	if !t.process.Wait(t.patience) {
		t.warn("it did not end within %v after %s: the lab ended it", t.patience, t.record.Exit.Stopped)
		_ = t.process.Signal(unix.SIGKILL)
	}
	return nil
}
