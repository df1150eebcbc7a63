package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestExit(t *testing.T) {
	p := shell(t, "cat; echo out; echo err >&2; pwd; echo $#; exit 3")
	<-p.Done()
	if s := p.Status(); !s.Exited() || s.ExitStatus() != 3 {
		t.Errorf("%v", s)
	}
	if strays := p.End(true); strays != 0 {
		t.Errorf("%d strays", strays)
	}
	here, _ := os.Getwd()
	if got := p.Output.String(); got != "out\nerr\n"+here+"\n0\n" {
		t.Errorf("%q", got)
	}
	if p.End(true) != 0 || !p.Wait(0) {
		t.Error("ended twice")
	}
}

func TestSignal(t *testing.T) {
	p := shell(t, "kill -SEGV $$")
	<-p.Done()
	if s := p.Status(); !s.Signaled() || s.Signal() != syscall.SIGSEGV {
		t.Errorf("%v", s)
	}
}

func TestStartFails(t *testing.T) {
	fds := openDescriptors(t)
	for _, path := range []string{"/nowhere/at/all", "/etc/passwd", "/"} {
		if p, err := Start(Spec{Path: path}); err == nil || !strings.Contains(err.Error(), "starting "+path) {
			t.Errorf("%v, %v", p, err)
		}
	}
	if p, err := Start(Spec{Path: "/bin/true", CPUs: []int{1000}}); err == nil {
		p.End(false)
		t.Error("a process was bound to CPU 1000")
	}
	if now := openDescriptors(t); now != fds {
		t.Errorf("%d descriptors before, %d after", fds, now)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestNoDescriptorIsLeft(t *testing.T) {
	shell(t, "true").End(true) // the poller's and the spawner's own
	fds := openDescriptors(t)
	for range 10 {
		p := shell(t, "echo x")
		<-p.Done()
		p.End(true)
	}
	if now := openDescriptors(t); now > fds {
		t.Errorf("%d descriptors before, %d after ten processes", fds, now)
	}
}

// A process gets the files named, its standard ones, and no other.
func TestDescriptorsOfTheProcess(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", "echo hi >&3; ls -l /proc/$$/fd"}, Environment: []string{"PATH=/bin:/usr/bin"}, Files: []*os.File{f}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	p.End(true)
	if b, _ := os.ReadFile(f.Name()); string(b) != "hi\n" {
		t.Errorf("%q", b)
	}
	out := p.Output.String()
	if !strings.Contains(out, " 0 -> /dev/null") || !strings.Contains(out, " 3 -> "+f.Name()) || strings.Contains(out, "/dev/zero") || strings.Contains(out, " 4 -> ") {
		t.Errorf("%s", out)
	}
}

func TestGroupAndOOMScore(t *testing.T) {
	p := start(t, "sleep")
	if group, err := syscall.Getpgid(p.Pid); err != nil || group != p.Pid {
		t.Errorf("group %d of pid %d, %v", group, p.Pid, err)
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.Pid)); err != nil || strings.TrimSpace(string(b)) != "1000" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestAffinity(t *testing.T) {
	masks := func() map[string]unix.CPUSet {
		tasks, _ := os.ReadDir("/proc/self/task")
		all := map[string]unix.CPUSet{}
		for _, task := range tasks {
			var tid int
			var set unix.CPUSet
			_, _ = fmt.Sscan(task.Name(), &tid)
			if unix.SchedGetaffinity(tid, &set) == nil {
				all[task.Name()] = set
			}
		}
		return all
	}
	var own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		t.Fatal(err)
	}
	last := 0
	for cpu := range len(own) * 64 {
		if own.IsSet(cpu) {
			last = cpu
		}
	}
	of := func(cpus []int) unix.CPUSet {
		p, err := Start(Spec{Path: os.Args[0], Environment: []string{childVariable + "=sleep"}, CPUs: cpus})
		if err != nil {
			t.Fatal(err)
		}
		defer p.End(false)
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(p.Pid, &set); err != nil {
			t.Fatal(err)
		}
		return set
	}
	var want unix.CPUSet
	want.Set(last)
	if got := of([]int{last}); got != want {
		t.Errorf("%v instead of CPU %d", got, last)
	}
	if got := of(nil); got != own {
		t.Errorf("%v after a process that was bound", got)
	}
	for task, set := range masks() {
		if set != own {
			t.Errorf("the lab's own thread %s is bound to %v", task, set)
		}
	}
}

// states are the states of all threads, and what they have used of the processors.
func states(t *testing.T, pid int) (states string, ticks string) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || tasks == nil {
		t.Fatal(tasks, err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		states += f[0]
		ticks += f[11] + "+" + f[12] + " "
	}
	return states, ticks
}

func TestStopStopsAllThreads(t *testing.T) {
	p := start(t, "busy")
	ready(t, p)
	for range 5 {
		if err := p.Stop(); err != nil {
			t.Fatal(err)
		}
		s, before := states(t, p.Pid)
		if len(s) < 5 || strings.Trim(s, "T") != "" {
			t.Errorf("threads are %s after Stop", s)
		}
		time.Sleep(30 * time.Millisecond) // three ticks of the kernel's clock
		if s, after := states(t, p.Pid); strings.Trim(s, "T") != "" || after != before {
			t.Errorf("threads are %s and went on from %s to %s", s, before, after)
		}
		if err := p.Continue(); err != nil {
			t.Fatal(err)
		}
		await(t, "a thread runs again", func() bool { s, _ := states(t, p.Pid); return strings.Contains(s, "R") })
	}
}

func TestStopOfAnEndedProcess(t *testing.T) {
	p := shell(t, "exit 0")
	<-p.Done()
	if err := p.Stop(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Stop after the end: %v", err)
	}
	if err := p.Continue(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Continue after the end: %v", err)
	}
}

// A process that ends at any moment around Stop neither hangs nor is taken for stopped.
func TestStopOfAnEndingProcess(t *testing.T) {
	failed := 0
	for i := range 60 {
		p := shell(t, "read x; exit 0")
		if i%2 == 0 {
			_ = syscall.Kill(p.Pid, syscall.SIGKILL)
		}
		err := p.Stop()
		switch {
		case err == nil:
			if s, _ := states(t, p.Pid); s != "T" {
				t.Errorf("stopped and in state %s", s)
			}
		case !errors.Is(err, os.ErrProcessDone):
			t.Error(err)
		default:
			failed++
		}
		p.End(false)
		if !p.Wait(0) {
			t.Error("did not end")
		}
	}
	if failed == 0 {
		t.Error("each of 30 killed processes was stopped")
	}
}

func TestEndOfAStoppedProcess(t *testing.T) {
	p := start(t, "sleep")
	ready(t, p)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	p.End(true)
	if s := p.Status(); !p.Wait(0) || !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("%v", s)
	}
}

func TestEndOfAStubbornProcess(t *testing.T) {
	p := start(t, "stubborn")
	ready(t, p)
	p.End(true)
	if s := p.Status(); !s.Signaled() || s.Signal() != syscall.SIGKILL {
		t.Errorf("%v", s)
	}
}

// A grandchild in a session of its own, that ignores SIGTERM and holds standard output open.
func TestEndEndsStrays(t *testing.T) {
	t.Run("of a process that ended", func(t *testing.T) {
		p := start(t, "family")
		<-p.Done()
		mark := markOf(t, "family")
		await(t, "a grandchild", func() bool { return len(survivors(mark)) == 1 })
		if strays := p.End(true); strays != 1 {
			t.Errorf("%d strays", strays)
		}
		if s := p.Status(); !s.Exited() || s.ExitStatus() != 0 {
			t.Errorf("%v", s)
		}
		if !strings.HasPrefix(p.Output.String(), "ready") {
			t.Errorf("%q", p.Output.String())
		}
	})
	t.Run("of a process that is killed", func(t *testing.T) {
		p := start(t, "family", "STAY=1")
		ready(t, p)
		if strays := p.End(false); strays != 1 {
			t.Errorf("%d strays", strays)
		}
	})
}

// Another process of the lab's own is no stray.
func TestEndLeavesOthersAlone(t *testing.T) {
	a, b := start(t, "sleep"), start(t, "stubborn")
	ready(t, a)
	ready(t, b)
	if strays := b.End(false); strays != 0 {
		t.Errorf("%d strays", strays)
	}
	if a.Wait(0) {
		t.Error("the other one ended too")
	}
}

func TestGigabyteOfOutput(t *testing.T) {
	p := start(t, "spam")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	<-p.Done()
	p.End(true)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were allocated for a gigabyte of output", grown)
	}
	out := p.Output.String()
	if len(out) != TailBytes || !strings.HasSuffix(out, "xxx\nthe end") || p.Output.total != 1<<30+7 {
		t.Errorf("%d bytes kept of %d", len(out), p.Output.total)
	}
	if s := p.Status(); !s.Exited() || s.ExitStatus() != 0 {
		t.Errorf("%v", s)
	}
}

// A lab that is killed takes its processes with it.
func TestKilledLab(t *testing.T) {
	mark := markOf(t, "lab")
	lab := exec.Command(os.Args[0])
	lab.Env = []string{childVariable + "=lab", markVariable + "=" + mark}
	out, err := lab.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if n := len(survivors(mark)); n != 2 {
		t.Fatalf("%d processes", n)
	}
	_ = lab.Process.Kill()
	_ = lab.Wait()
	await(t, "the end of the lab's process", func() bool { return survivors(mark) == nil })
	_, _ = syscall.Wait4(pid, nil, 0, nil) // if it came to this process
}

// Processes come and go while others are ended; each is given its own end.
func TestManyProcesses(t *testing.T) {
	for i := range 20 {
		p := shell(t, fmt.Sprintf("exit %d", i))
		<-p.Done()
		p.End(true)
		if s := p.Status(); s.ExitStatus() != i {
			t.Errorf("%v instead of %d", s, i)
		}
	}
}

func TestRun(t *testing.T) {
	out, err := Run([]string{"X=1"}, time.Minute, "/bin/sh", "-c", "echo $X")
	if err != nil || string(out) != "1\n" {
		t.Errorf("%q, %v", out, err)
	}
	_, err = Run(nil, time.Minute, "/bin/sh", "-c", "echo first >&2; echo no such thing >&2; exit 4")
	if err == nil || !strings.Contains(err.Error(), "/bin/sh: exit status 4: no such thing") {
		t.Error(err)
	}
	if _, err := Run(nil, 20*time.Millisecond, "/bin/sh", "-c", "sleep 1000 & wait"); err == nil {
		t.Error("a helper that hangs, and its child that holds its output, had no end")
	}
	for _, pid := range children() { // that sleep: nobody's now
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
