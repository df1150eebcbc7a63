package proc

import (
	"fmt"
	"strconv"
	"strings"
)

// StackPointer is a thread's, from /proc/PID/task/TID/syscall, which needs the
// right to attach by ptrace(2). ok is false for a thread that runs at the moment.
func (p *Process) StackPointer(tid int) (at uint64, ok bool, err error) {
	b, err := p.readFile("task/"+strconv.Itoa(tid)+"/syscall", limitSmall)
	if err != nil {
		return 0, false, err
	}
	return parseSyscall(string(b))
}

// parseSyscall reads "running", or numbers of which the last but one is the
// stack pointer: call and six arguments before it, or -1 outside of a call.
func parseSyscall(text string) (at uint64, ok bool, err error) {
	f := strings.Fields(text)
	if len(f) == 1 && f[0] == "running" {
		return 0, false, nil
	}
	if len(f) != 9 && len(f) != 3 {
		return 0, false, parseError("syscall", text)
	}
	at, err = strconv.ParseUint(f[len(f)-2], 0, 64)
	if err != nil {
		return 0, false, parseError("syscall", text)
	}
	return at, true, nil
}

// Uid is the process's real user id, from status.
func (p *Process) Uid() (int, error) {
	b, err := p.read(&p.status, "status", make([]byte, 4096))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "Uid:"); ok {
			f := strings.Fields(value)
			if len(f) == 0 {
				return 0, parseError("status", line)
			}
			uid, err := strconv.Atoi(f[0])
			if err != nil {
				return 0, parseError("status", line)
			}
			return uid, nil
		}
	}
	return 0, fmt.Errorf("%w: status: no Uid", ErrParse)
}
