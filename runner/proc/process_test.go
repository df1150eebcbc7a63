package proc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOpenNobody(t *testing.T) {
	if _, err := NewFS("/").Open(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want ErrNotExist", err)
	}
}

// TestLongFile reads a status that is longer than the buffer of the first read,
// which is cut at a newline of all places.
func TestLongFile(t *testing.T) {
	head := "Name:\tx\nState:\tR (running)\n"
	filler := "Groups:\t" + strings.Repeat("1 ", (4096-len(head)-9)/2)
	filler += strings.Repeat(" ", 4095-len(head)-len(filler)) + "\n"
	root := t.TempDir()
	writeFixture(t, root, "proc/7/status", head+filler+
		"VmHWM:\t1 kB\nVmRSS:\t2 kB\nRssAnon:\t3 kB\nRssFile:\t4 kB\nRssShmem:\t5 kB\nVmSwap:\t6 kB\n")
	p, err := NewFS(root).Open(7)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if s, err := p.Status(); err != nil || s.VmHWM != 1024 || s.VmSwap != 6*1024 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestZombie reads a child that has ended and was not reaped.
func TestZombie(t *testing.T) {
	c := startHelper(t, "wait")
	p := openChild(t, c)
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		s, err := p.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if s.State == "Z" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("state %s", s.State)
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := p.Statm(); !errors.Is(err, ErrExited) {
		t.Errorf("statm: %v", err)
	}
	if s, err := p.Status(); !errors.Is(err, ErrExited) || s.State != "Z" {
		t.Errorf("status: %v", err)
	}
	if _, err := p.SmapsRollup(); !errors.Is(err, ErrExited) {
		t.Errorf("smaps_rollup: %v", err)
	}
	if _, err := p.Maps(); !errors.Is(err, ErrExited) {
		t.Errorf("maps: %v", err)
	}
	if err := p.Pagemap(0, 4096, make([]uint64, 1)); !errors.Is(err, ErrExited) {
		t.Errorf("pagemap: %v", err)
	}
	if _, err := p.Exe(); !errors.Is(err, ErrExited) {
		t.Errorf("exe: %v", err)
	}
	if !p.Alive() {
		t.Error("a zombie has an entry still")
	}
}

// expectGone asserts that every method says ErrExited.
func expectGone(t *testing.T, p *Process) {
	t.Helper()
	check := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, ErrExited) {
			t.Errorf("%s: %v, want ErrExited", name, err)
		}
	}
	_, err := p.Statm()
	check("statm", err)
	if !errors.Is(err, unix.ESRCH) {
		t.Errorf("statm: %v, want ESRCH", err)
	}
	_, err = p.Status()
	check("status", err)
	_, err = p.Stat()
	check("stat", err)
	_, err = p.SmapsRollup()
	check("smaps_rollup", err)
	_, err = p.Maps()
	check("maps", err)
	_, err = p.Threads()
	check("task", err)
	_, err = p.Schedstat(p.pid)
	check("schedstat", err)
	_, err = p.Environ()
	check("environ", err)
	_, err = p.Cmdline()
	check("cmdline", err)
	_, err = p.Exe()
	check("exe", err)
	_, err = p.Mem()
	check("mem", err)
	check("pagemap", p.Pagemap(0, 4096, make([]uint64, 1)))
	if p.Alive() {
		t.Error("still alive")
	}
}

func TestEnded(t *testing.T) {
	c := startHelper(t, "wait")
	p := openChild(t, c)
	if !p.Alive() || p.Pid() != c.pid() {
		t.Error("not alive at first")
	}
	c.end()
	expectGone(t, p)
}

// TestPIDReuse makes another process take the id of an ended one. Read by
// path it is there; read by the held descriptors it is not.
func TestPIDReuse(t *testing.T) {
	const last = "/proc/sys/kernel/ns_last_pid"
	if f, err := os.OpenFile(last, os.O_WRONLY, 0); err != nil {
		t.Skipf("cannot choose process ids: %v", err)
	} else {
		_ = f.Close()
	}
	c := startHelper(t, "wait")
	p := openChild(t, c)
	pid := c.pid()
	c.end()
	// Another process of this machine may take an id first: try again.
	for range 200 {
		if err := os.WriteFile(last, []byte(strconv.Itoa(pid-1)), 0o644); err != nil {
			t.Skipf("cannot choose process ids: %v", err)
		}
		next := exec.Command("/bin/sleep", "30")
		if err := next.Start(); err != nil {
			t.Fatal(err)
		}
		got := next.Process.Pid
		if got == pid {
			byPath, err := NewFS("/").readText(limitSmall, "proc", strconv.Itoa(pid), "statm")
			if err != nil || byPath == "" {
				t.Errorf("by path: %q %v", byPath, err)
			}
			expectGone(t, p)
		}
		_ = next.Process.Kill()
		_ = next.Wait()
		if got == pid {
			return
		}
	}
	t.Skip("the id was never reused")
}

// TestExec replaces the program of a held process. Descriptors of maps,
// smaps_rollup and pagemap that were opened before would now read the old
// address space: nothing.
func TestExec(t *testing.T) {
	c := startReady(t, exec.Command("/bin/sh", "-c", "echo ready; read go; exec sleep 30"))
	p := openChild(t, c)
	before, err := p.Exe()
	if err != nil {
		t.Fatal(err)
	}
	stale, err := os.Open(NewFS("/").proc(c.pid(), "maps"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stale.Close() }()
	if _, err := c.stdin.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	after := before
	for after == before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
		if after, err = p.Exe(); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(after, "sleep") && !strings.Contains(after, "busybox") && !strings.Contains(after, "coreutils") {
		t.Fatalf("runs %s", after)
	}
	var old bytes.Buffer
	if _, err := old.ReadFrom(stale); err == nil && old.Len() > 0 {
		t.Errorf("a stale descriptor reads %d bytes: Process's comment says otherwise", old.Len())
	}
	list, err := p.Maps()
	if err != nil || !slices.ContainsFunc(list, func(m Mapping) bool { return m.File() == after }) {
		t.Errorf("maps do not show %s: %v", after, err)
	}
	if _, err := p.SmapsRollup(); err != nil {
		t.Error(err)
	}
	if _, err := p.Statm(); err != nil {
		t.Error(err)
	}
	if err := p.Pagemap(list[0].Start, list[0].End, make([]uint64, list[0].Size()/uint64(pageSize))); err != nil {
		t.Error(err)
	}
}

// TestMem reads a process's memory at addresses that its maps give.
func TestMem(t *testing.T) {
	c := startHelper(t, "wait")
	p := openChild(t, c)
	list, err := p.Maps()
	if err != nil {
		t.Fatal(err)
	}
	mem, err := p.Mem()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mem.Close() }()
	exe, err := p.Exe()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m Mapping) bool { return m.File() == exe && m.Offset == 0 })
	magic := make([]byte, 4)
	if _, err := mem.ReadAt(magic, int64(list[i].Start)); err != nil || string(magic) != "\x7fELF" {
		t.Errorf("%q, %v", magic, err)
	}
	if _, err := mem.ReadAt(magic, 0); err == nil {
		t.Error("address 0 is readable")
	}
}
