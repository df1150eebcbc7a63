package inspect

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"alloclab/results"
	"alloclab/runner/proc"
)

// compile builds a C program of testdata.
func compile(t *testing.T, name string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args := append([]string{"-O1", "-pthread", "-fno-builtin-malloc", "-fno-builtin-free", "-o", path, "testdata/" + name + ".c"}, flags...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return path
}

// started runs a command until it prints "ready", and returns what it said before.
func started(t *testing.T, cmd *exec.Cmd) (pid int, said string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return cmd.Process.Pid, said
		}
		said += lines.Text() + "\n"
	}
	t.Fatalf("it ended: %s", said)
	return 0, ""
}

func inspected(t *testing.T, pid int, at ...proc.FS) results.Inspection {
	t.Helper()
	fs := proc.NewFS("/")
	if len(at) > 0 {
		fs, pid = at[0], 42 // the one process of a captured tree
	}
	i, err := Look(fs, pid)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, k := range i.Kinds {
		sum += k.RSS
	}
	if sum != i.Look.KindsSum || sum == 0 {
		t.Errorf("kinds add up to %d, %d is said", sum, i.Look.KindsSum)
	}
	return i
}

// settle waits until no thread of a process uses the processor any more.
func settle(t *testing.T, pid int) {
	t.Helper()
	p, err := proc.NewFS("/").Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for last := int64(-1); ; time.Sleep(20 * time.Millisecond) {
		threads, err := p.Threads()
		if err != nil {
			t.Fatal(err)
		}
		used := int64(0)
		for _, tid := range threads {
			s, err := p.Schedstat(tid)
			if err != nil {
				t.Fatal(err)
			}
			used += s.RunNs
		}
		if used == last {
			return
		}
		last = used
	}
}

func kindOf(i results.Inspection, name string) int64 {
	for _, k := range i.Kinds {
		if k.Name == name {
			return k.RSS
		}
	}
	return 0
}

// waits is a look at a process that does nothing: kinds are RSS to the byte,
// by the kernel's own sum and by pmap.
func waits(t *testing.T, i results.Inspection) {
	t.Helper()
	if i.Look.KindsSum != i.Memory.RSS || i.Look.MapsChanged {
		t.Errorf("kinds add up to %d, RSS is %d; mappings changed: %v", i.Look.KindsSum, i.Memory.RSS, i.Look.MapsChanged)
	}
	pmap, err := exec.LookPath("pmap")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Logf("not compared with pmap: %v", err)
		return
	}
	out, err := exec.Command(pmap, "-X", strconv.Itoa(i.Process.PID)).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	head, sums := strings.Fields(lines[1]), strings.Fields(lines[len(lines)-1])
	at := slices.Index(head, "Rss") - slices.Index(head, "Size")
	if got, err := strconv.ParseInt(sums[at], 10, 64); err != nil || got<<10 != i.Memory.RSS {
		t.Errorf("pmap -X says Rss %s KiB, %v; the look %d", sums[at], err, i.Memory.RSS>>10)
	}
}

// residentOf counts pages of the page table, by itself.
func residentOf(t *testing.T, pid int, start, end uint64) (bytes int64) {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, (end-start)/4096*8)
	if _, err := f.ReadAt(b, int64(start/4096*8)); err != nil {
		t.Fatal(err)
	}
	for i := 7; i < len(b); i += 8 {
		if b[i]&0x80 != 0 && b[i]&0x20 == 0 && b[i]&1 != 0 { // present, of no file, its own
			bytes += 4096
		}
	}
	return bytes
}
