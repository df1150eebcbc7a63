package runner

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// Reasons for which the lab itself rejects a trial.
var (
	errWrongAllocator  = errors.New("wrong allocator")
	errPreloadFailed   = errors.New("preload failed")
	errTunableRejected = errors.New("knob not in effect")
	errDisturbed       = errors.New("disturbed")
	errNeverReady      = errors.New("never ready")
	errLoadFailed      = errors.New("the load failed")
)

// judge says how a trial ended: err is what the conversation met, endedItself
// whether the process ended before the lab told it to, outOfMemory whether the
// kernel says that it killed for memory in the process's control group.
func judge(err error, endedItself, outOfMemory bool, exit results.Exit) results.Status {
	var fail *wire.FailError
	var fault *census.FaultError
	switch {
	case errors.Is(err, errInterrupted):
		return results.StatusInterrupted
	case errors.Is(err, errDisturbed):
		return results.StatusSamplerLost
	case errors.Is(err, errPreloadFailed):
		return results.StatusPreloadFailed
	case errors.Is(err, errWrongAllocator):
		return results.StatusWrongAllocator
	case errors.Is(err, errTunableRejected):
		return results.StatusTunableRejected
	case errors.As(err, &fail) && fail.Kind == wire.FailOutOfMemory:
		return results.StatusOutOfMemory
	case errors.As(err, &fail) && fail.Kind == wire.FailCorruption, errors.As(err, &fault):
		return results.StatusChecksumMismatch
	case outOfMemory:
		return results.StatusOOM
	case errors.Is(err, errNeverReady):
		return results.StatusNeverReady
	case errors.Is(err, errLoadFailed):
		return results.StatusLoadFailed
	case err == nil && exit.Stopped != "":
		return results.StatusOK
	case endedItself && exit.Signal == "SIGKILL":
		return results.StatusOOMSuspected
	case endedItself && exit.Signal != "":
		return results.StatusSignal
	case endedItself && (exit.Code != 0 || err != nil):
		return results.StatusExit
	case errors.Is(err, os.ErrDeadlineExceeded):
		return results.StatusTimeout
	case errors.Is(err, proc.ErrExited), err != nil:
		return results.StatusSamplerLost
	default:
		return results.StatusOK
	}
}

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return s.String()
}
