package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"alloclab/results"
	"alloclab/runner"
)

// These tests end a run in every way in which runs end, and look at what is
// left: finished trials must be.

const manyTrials = `
rounds = 3
[[variant]]
allocator = "ptmalloc"
[[variant]]
allocator = "jemalloc"
[[workload]]
name = "threads4k"
threads = [1, 2]
duration = "30ms"
idle = "10ms"
`

const slowTrial = `
rounds = 1
[[variant]]
allocator = "ptmalloc"
[[workload]]
name = "threads4k"
duration = "20ms"
idle = "1h"
`

// command is alloclab, built once, as a process of its own.
type command struct {
	binary, libexec, dir string
}

func newCommand(t *testing.T, experiment string) command {
	t.Helper()
	c := command{binary: filepath.Join(t.TempDir(), "alloclab"), libexec: programs(t), dir: t.TempDir()}
	build := exec.Command("go", "build", "-o", c.binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "experiment.toml"), []byte(experiment), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c command) start(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(c.binary, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), runner.LibexecVariable+"="+c.libexec)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// measured counts processes that run a measured program of this test.
func (c command) measured() (n int) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && strings.HasPrefix(exe, c.libexec+"/workload-") {
			n++
		}
	}
	return n
}

// trials are what the run directory holds; it must always be readable.
func (c command) trials(t *testing.T, dir string) []results.Trial {
	t.Helper()
	trials, _, err := results.ReadTrials(filepath.Join(c.dir, dir, results.TrialsFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for i := range trials {
		if err := trials[i].Validate(); err != nil {
			t.Errorf("trial %d: %v", trials[i].Trial, err)
		}
	}
	return trials
}

// TestKilled kills the lab with SIGKILL at random moments and resumes it until
// the run is whole. Nothing that was finished may be lost or measured again,
// and no measured process may survive.
func TestKilled(t *testing.T) { killed(t, 6) }

// TestSoakKilled does it 200 times.
func TestSoakKilled(t *testing.T) {
	if os.Getenv("ALLOCLAB_SOAK") == "" {
		t.Skip("takes minutes: make soak")
	}
	killed(t, 200)
}

func killed(t *testing.T, kills int) {
	c := newCommand(t, manyTrials)
	random := rand.New(rand.NewPCG(1, uint64(kills)))
	for run := 0; kills > 0; run++ {
		dir := fmt.Sprintf("out%d", run)
		args := []string{"run", "experiment.toml", "--out", dir}
		before, whole := map[int]string{}, map[int]bool{}
		for patience := 900; ; patience += 200 { // on a busy machine the rest may take longer than any kill waits
			cmd, out := c.start(t, args...)
			timer := time.AfterFunc(time.Duration(random.IntN(patience))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			if !timer.Stop() {
				kills--
			} else if code(err) != 0 {
				t.Fatalf("%v\n%s", err, out)
			}
			for limit := time.Now().Add(5 * time.Second); c.measured() > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(limit) {
					t.Fatalf("%d measured processes survive their lab", c.measured())
				}
			}
			now := map[int]string{}
			for _, tr := range c.trials(t, dir) {
				if !tr.Starved() { // those are repeated
					now[tr.Trial] = tr.Started + string(tr.Status)
				}
				whole[tr.Trial] = true
			}
			for trial, was := range before {
				if now[trial] != was {
					t.Fatalf("trial %d was %q and is %q", trial, was, now[trial])
				}
			}
			before = now
			if err == nil {
				break
			}
			if _, err := os.Stat(filepath.Join(c.dir, dir, results.RunFile)); err == nil {
				args = []string{"run", "--resume", dir}
			}
		}
		if len(whole) != 12 {
			t.Fatalf("%d trials at the end, want 12", len(whole))
		}
	}
}

// waitFor waits until the run has a measured process.
func (c command) waitFor(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(c.dir, dir, results.TrialsFile)); err == nil && c.measured() > 0 {
			return
		}
		if time.Now().After(limit) {
			_ = cmd.Process.Kill()
			t.Fatal("no trial began")
		}
	}
}

// TestInterrupted: the first signal keeps what there is and ends with 128 and
// its number, the second ends at once; either way nothing runs on.
func TestInterrupted(t *testing.T) {
	for _, s := range []struct {
		signal syscall.Signal
		times  int
		want   int
	}{{syscall.SIGINT, 1, 130}, {syscall.SIGTERM, 1, 143}, {syscall.SIGINT, 2, 130}} {
		c := newCommand(t, slowTrial)
		cmd, out := c.start(t, "run", "experiment.toml", "--out", "out")
		c.waitFor(t, cmd, "out")
		for range s.times {
			_ = cmd.Process.Signal(s.signal)
			time.Sleep(20 * time.Millisecond) // signals of one kind that wait become one
		}
		if got := code(cmd.Wait()); got != s.want {
			t.Errorf("%v, %d times: exit code %d, want %d\n%s", s.signal, s.times, got, s.want, out)
		}
		if trials := c.trials(t, "out"); s.times == 1 && (len(trials) != 1 || trials[0].Status != results.StatusInterrupted) {
			t.Errorf("%v: %d trials, want one that is interrupted\n%s", s.signal, len(trials), out)
		}
		for limit := time.Now().Add(5 * time.Second); c.measured() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatal("a measured process survives")
			}
		}
	}
}

// TestTwoRuns: a directory belongs to one lab at a time; a lock that was left
// behind is no obstacle.
func TestTwoRuns(t *testing.T) {
	c := newCommand(t, slowTrial)
	first, _ := c.start(t, "run", "experiment.toml", "--out", "out")
	c.waitFor(t, first, "out")
	second, out := c.start(t, "run", "--resume", "out")
	if got := code(second.Wait()); got != exitUsage || !strings.Contains(out.String(), fmt.Sprintf("out is in use by process %d", first.Process.Pid)) {
		t.Errorf("exit code %d\n%s", got, out)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	third, out := c.start(t, "run", "--resume", "out")
	c.waitFor(t, third, "out") // the lock file is still there
	_ = third.Process.Signal(syscall.SIGINT)
	if got := code(third.Wait()); got != exitInterrupted {
		t.Errorf("exit code %d\n%s", got, out)
	}
}

// TestDiskFull: the run ends with an error that names the file, and what was
// written before is whole.
func TestDiskFull(t *testing.T) {
	c := newCommand(t, strings.Replace(manyTrials, "rounds = 3", "rounds = 40", 1))
	dir := filepath.Join(c.dir, "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=192k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, 0) }()
	cmd, out := c.start(t, "run", "experiment.toml", "--out", "small/out")
	err := cmd.Wait()
	if err == nil || !strings.Contains(out.String(), "no space left on device") || !strings.Contains(out.String(), "small/out/") {
		t.Errorf("exit code %d\n%s", code(err), out)
	}
	if trials := c.trials(t, "small/out"); len(trials) == 0 {
		t.Error("no trial was kept")
	}
	left, _ := filepath.Glob(dir + "/out/.*")
	more, _ := filepath.Glob(dir + "/out/*/.*")
	if left = append(left, more...); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}
