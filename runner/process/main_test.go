package process

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable tells the test binary which process of a test it is.
const childVariable = "PROCESS_TEST_CHILD"

// markVariable is in the environment of everything that a test starts, so that
// survivors are found.
const markVariable = "PROCESS_TEST_MARK"

func TestMain(m *testing.M) {
	if kind := os.Getenv(childVariable); kind != "" {
		child(kind)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(kind string) {
	switch kind {
	case "sleep":
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready", os.Getpid())
		time.Sleep(time.Hour)
	case "busy": // four threads, each at work
		for range 4 {
			go func() {
				runtime.LockOSThread()
				for n := 1; n > 0; {
					n ^= 2
				}
			}()
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "spam":
		line := []byte(strings.Repeat("x", 1<<20-1) + "\n")
		for range 1 << 10 {
			if _, err := os.Stdout.Write(line); err != nil {
				os.Exit(9)
			}
		}
		fmt.Print("the end")
	case "family": // leaves a stubborn grandchild, in a session of its own, that holds its output
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"=stubborn")
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			os.Exit(9)
		}
		if os.Getenv("STAY") != "" {
			time.Sleep(time.Hour)
		}
		time.Sleep(200 * time.Millisecond) // until the grandchild has said that it is there
	case "lab": // starts a process and waits to be killed
		p, err := Start(Spec{Path: os.Args[0], Environment: []string{childVariable + "=stubborn", markVariable + "=" + os.Getenv(markVariable)}})
		if err != nil {
			fmt.Println(err)
			os.Exit(9)
		}
		for !strings.HasPrefix(p.Output.String(), "ready") {
			time.Sleep(time.Millisecond)
		}
		fmt.Println(p.Pid)
		time.Sleep(time.Hour)
	}
}

// survivors are processes of the test that are still there; a zombie is not.
func survivors(mark string) (pids []string) {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		b, err := os.ReadFile(path) // empty for a zombie
		if err == nil && slices.Contains(strings.Split(string(b), "\x00"), markVariable+"="+mark) {
			pids = append(pids, filepath.Base(filepath.Dir(path)))
		}
	}
	return pids
}

// markOf is of this run of the test alone.
func markOf(t *testing.T, kind string) string { return fmt.Sprint(t.Name(), kind, os.Getpid()) }

// start starts the test binary as a child of that kind, and has its end checked.
func start(t *testing.T, kind string, more ...string) *Process {
	t.Helper()
	mark := markOf(t, kind)
	p, err := Start(Spec{Path: os.Args[0], Environment: append([]string{childVariable + "=" + kind, markVariable + "=" + mark}, more...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.End(false)
		if left := survivors(mark); left != nil {
			t.Errorf("processes %v survived", left)
		}
	})
	return p
}

// shell starts a script, which gets no variables.
func shell(t *testing.T, script string) *Process {
	t.Helper()
	p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", script}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.End(false) })
	return p
}

// await polls for what another process does; only a process that hangs makes it fail.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: ", what)
		}
	}
}

func ready(t *testing.T, p *Process) {
	t.Helper()
	await(t, "ready", func() bool { return strings.Contains(p.Output.String(), "ready") })
}
