package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ToolError is a program that a pass needs and that cannot be used here.
type ToolError struct {
	Tool, Pass string
	Err        error // why; fs.ErrNotExist where it is not installed
}

func (e *ToolError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("%s is not installed, and pass %s needs it: %s", e.Tool, e.Pass, e.Remedy())
	}
	return fmt.Sprintf("%s does not work here, and pass %s needs it: %v", e.Tool, e.Pass, e.Err)
}

func (e *ToolError) Unwrap() error { return e.Err }

// Remedy is what to do about a tool that is not installed.
func (e *ToolError) Remedy() string { return "apt-get install -y " + e.Tool }

// toolLimit bounds a tool's start on a small program.
const toolLimit = 30 * time.Second

// findTool finds a program by name and asks it for its version, the first
// line of what it says.
func findTool(name, pass string) (path, version string, err error) {
	if path, err = exec.LookPath(name); err != nil {
		return "", "", &ToolError{name, pass, fs.ErrNotExist}
	}
	if path, err = filepath.Abs(path); err != nil { // measured processes run elsewhere
		return "", "", &ToolError{name, pass, err}
	}
	environment, _ := Environment()
	out, err := Run(environment, toolLimit, path, "--version")
	if err != nil {
		return "", "", &ToolError{name, pass, err}
	}
	version, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return path, version, nil
}

// try runs a tool on a program that does next to nothing, with the options
// that it will be used with: a container may forbid ptrace, an old version may lack an option.
func try(name, pass string, s Spec) error {
	if _, err := Run(s.Environment, toolLimit, s.Path, s.Args...); err != nil {
		return &ToolError{name, pass, err}
	}
	return nil
}

// trivial is a program to try a tool on.
func trivial() Spec {
	environment, _ := Environment()
	path, err := exec.LookPath("true")
	if err != nil {
		path = "/bin/true"
	}
	return Spec{Path: path, Environment: environment}
}

// Strace traces a process's system calls for memory.
type Strace struct {
	path    string
	Version string // "strace 6.1"
}

// FindStrace finds strace and tries whether it may trace here.
func FindStrace(pass string) (Strace, error) {
	path, version, err := findTool("strace", pass)
	if err != nil {
		return Strace{}, err
	}
	s := Strace{path, strings.Replace(version, "-- version ", "", 1)}
	return s, try("strace", pass, s.Wrap(trivial(), os.DevNull))
}

// Wrap makes a spec run under strace, which writes to the file log. The
// measured process stays the lab's own child, with its own end: strace runs
// beside it (-D), and the lab adopts it (Process.Adopt). Only calls for memory stop the
// process: a filter in the kernel lets all others pass (--seccomp-bpf). The allocator's
// settings reach the process and not strace itself.
func (s Strace) Wrap(spec Spec, log string) Spec {
	args := []string{
		"-D", "-f", "--seccomp-bpf", "-e", "trace=%memory", "-e", "signal=none",
		"--relative-timestamps=ns", // by the monotonic clock
		"-o", log,
	}
	for _, line := range spec.Environment {
		args = append(args, "-E", line)
	}
	spec.Args = append(append(args, "--", spec.Path), spec.Args...)
	spec.Path = s.path
	spec.Environment, _ = Environment()
	return spec
}

// Callgrind counts a process's instructions.
type Callgrind struct {
	path    string
	Version string // "valgrind-3.19.0"
}

// FindCallgrind finds valgrind and tries whether callgrind runs here.
func FindCallgrind(pass string) (Callgrind, error) {
	path, version, err := findTool("valgrind", pass)
	if err != nil {
		return Callgrind{}, err
	}
	c := Callgrind{path, version}
	return c, try("valgrind", pass, c.Wrap(trivial(), os.DevNull, os.DevNull, "main"))
}

// Wrap makes a spec run under callgrind, which writes its counts to the file
// out, a part for each time that the function begins and one for the end, and its own words to log. Threads take
// turns in the order in which they ask, as far as the kernel allows: that repeats better.
// What the user set for valgrind elsewhere (VALGRIND_OPTS, .valgrindrc) is left out.
func (c Callgrind) Wrap(spec Spec, out, log, function string) Spec {
	args := []string{
		"--command-line-only=yes", "--tool=callgrind", "--fair-sched=try", "--combine-dumps=yes", "--dump-before=" + function,
		"--callgrind-out-file=" + out, "--log-file=" + log, "--", spec.Path,
	}
	spec.Args = append(args, spec.Args...)
	spec.Path = c.path
	return spec
}
