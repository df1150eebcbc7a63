package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// end ends the process, if it has not ended, and says how the trial went.
func (t *trial) end(ctx context.Context, err error) {
	if t.process == nil {
		t.record.Status = results.StatusSkipped
		t.warn("%v", err)
		if t.target != nil {
			t.target.Close()
		}
		if t.group != nil {
			t.group.Remove()
		}
		return
	}
	var fail *wire.FailError
	if t.placement == nil && (err == nil || errors.Is(err, wire.ErrClosed) || errors.As(err, &fail)) {
		// It said, or showed, that it is about to end by itself.
		if !t.process.Wait(exitLimit) {
			err = errors.Join(err, fmt.Errorf("%w: it did not end within %v after the last mark", os.ErrDeadlineExceeded, exitLimit))
		}
	}
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, proc.ErrExited) {
		t.process.Wait(time.Second) // it was met in the middle of its end
	}
	if t.sampler != nil && t.sampler.halted.Load() && err == nil {
		err = fmt.Errorf("%w: somebody stopped the process while it ran, so its times mean nothing", errDisturbed)
	}
	endedItself := t.process.Wait(0)
	if t.tracing != nil && err == nil {
		err = t.tracing.end(t, true, t.stamped)
	}
	if t.target != nil {
		t.target.Close()
	}
	if t.reporter != nil {
		err = errors.Join(err, t.reporter.close())
	}
	strays := t.process.End(true)
	if t.proc != nil {
		t.proc.Close()
	}
	if t.tracing != nil && err != nil {
		err = errors.Join(err, t.tracing.end(t, false, nil))
	}
	outOfMemory := int64(0)
	if t.group != nil {
		outOfMemory, _ = t.group.Killed()
		t.group.Remove()
	}
	status := t.process.Status()
	t.record.Exit.Stderr = t.process.Output.String()
	if status.Exited() {
		t.record.Exit.Code = status.ExitStatus()
	}
	if status.Signaled() {
		t.record.Exit.Signal = signalName(status.Signal())
	}
	if strays > 0 {
		t.warn("it left %d processes behind, which the lab ended", strays)
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	t.record.Status = judge(err, endedItself, outOfMemory > 0, t.record.Exit)
	if err != nil && t.record.Status != results.StatusOK && t.record.Status != results.StatusInterrupted {
		t.warn("%v", err)
	}
	t.summarise()
}

// lastWords is how long the wire is still read after the process has ended.
const lastWords = 200 * time.Millisecond

// exitLimit is how long a process may take to exit after its last mark; an
// allocator may print its statistics then.
const exitLimit = 10 * time.Second
