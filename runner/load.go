package runner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"alloclab/results"
	"alloclab/runner/process"
)

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
		return &overtimeError{t.limit, "under " + name + quoted(c.Output.String())}
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
