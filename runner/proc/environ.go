package proc

import (
	"strconv"
	"strings"
)

// Environ is the environment that the process was started with, as "KEY=value":
// what it has set since is not in it. It needs the right to ptrace(2).
func (p *Process) Environ() ([]string, error) {
	b, err := p.readFile("environ", limitArgs)
	if err != nil {
		return nil, err
	}
	return splitNUL(string(b)), nil
}

// Cmdline is the process's arguments, as far as it has not overwritten them.
// A zombie has none.
func (p *Process) Cmdline() ([]string, error) {
	b, err := p.readFile("cmdline", limitArgs)
	if err != nil {
		return nil, err
	}
	return splitNUL(string(b)), nil
}

// splitNUL splits strings that each end with a zero byte; the last one may
// lack it.
func splitNUL(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
}

// FindByEnvironment lists the processes that were started with KEY=value, in
// ascending order: a trial's survivors, whoever their parent is and whatever
// session they opened. Processes whose environment may not be read are passed
// over: those of other users. Zombies have no environment, and a process in
// the middle of execve has none for that moment: only when two looks in a row
// find nothing is nothing left.
//
// A process id may be reused as soon as this returns: Open it and look at its
// Environ once more before it is signalled.
func (fs FS) FindByEnvironment(key, value string) ([]int, error) {
	all, err := fs.Pids()
	if err != nil {
		return nil, err
	}
	var found []int
	for _, pid := range all {
		text, err := fs.readText(limitArgs, "proc", strconv.Itoa(pid), "environ")
		if err == nil && hasEntry(text, key+"="+value) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// hasEntry reports whether one of the zero-terminated strings is want.
func hasEntry(text, want string) bool {
	for entry := range strings.SplitSeq(text, "\x00") {
		if entry == want {
			return true
		}
	}
	return false
}
