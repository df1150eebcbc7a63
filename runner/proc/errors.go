package proc

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The ways in which reading fails that a caller tells apart with errors.Is.
// What the kernel answered (EACCES, EMFILE) is wrapped as it came, so that
// errors.Is(err, fs.ErrPermission) works too.
var (
	// ErrParse is text that is not as proc(5) describes it. The offending
	// text is part of the message.
	ErrParse = errors.New("proc: unexpected text")
	// ErrExited is a process that has ended, is a zombie, or has no memory
	// of its own. A descriptor that was opened before the end gives it even
	// when the process id is in use again.
	ErrExited = errors.New("proc: process has exited")
	// ErrMount is a root below which no /proc was found.
	ErrMount = errors.New("proc: no proc file system")
	// ErrTooLarge is a file longer than the reader is willing to hold.
	ErrTooLarge = errors.New("proc: file too large")
)

// parseError says in which file which text was not understood.
func parseError(file, text string) error {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Errorf("%w: %s: %q", ErrParse, file, text)
}

// readError wraps the kernel's answer; ESRCH is ErrExited besides.
func readError(file string, pid int, err error) error {
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("%w: pid %d: %s: %w", ErrExited, pid, file, err)
	}
	return fmt.Errorf("proc: pid %d: %s: %w", pid, file, err)
}

// unwrapErrno finds what the kernel answered.
func unwrapErrno(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
