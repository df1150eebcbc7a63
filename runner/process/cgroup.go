package process

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Group is a memory control group of the lab's own for one measured process:
// a cap that only that process meets, and the kernel's own word on whether it
// was killed for want of memory.
type Group struct {
	dir     string
	version string // "v1" or "v2"
}

// RemoveStale removes groups that labs left behind which were killed and so
// could not remove them: theirs is the process id in the name.
func RemoveStale(parent string) {
	left, _ := filepath.Glob(filepath.Join(parent, "alloclab-*-*")) // the pattern is well formed
	for _, dir := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "alloclab-"), "-")
		if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
			_ = unix.Rmdir(dir) // one that is not empty stays
		}
	}
}

// NewGroup makes a group with a limit below parent, which must be of the
// hierarchy that has the memory controller.
func NewGroup(parent, version string, limit int64) (*Group, error) {
	g := &Group{dir: filepath.Join(parent, fmt.Sprintf("alloclab-%d-%d", os.Getpid(), time.Now().UnixNano())), version: version}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		return nil, err
	}
	file := map[string]string{"v1": "memory.limit_in_bytes", "v2": "memory.max"}[version]
	if err := g.write(file, limit); err != nil {
		g.Remove()
		return nil, err
	}
	if version == "v2" {
		// Swap would let it go on as another workload than the one to be measured.
		_ = g.write("memory.swap.max", 0)
	}
	return g, nil
}

func (g *Group) write(file string, n int64) error {
	return os.WriteFile(filepath.Join(g.dir, file), []byte(strconv.FormatInt(n, 10)), 0)
}

// Add puts a process into the group. What it touched before is not moved.
func (g *Group) Add(pid int) error { return g.write("cgroup.procs", int64(pid)) }

// start calls start so that the process which it forks, from this very thread, is in the
// group from its beginning, with all that it touches and all that it forks.
func (g *Group) start(attributes *syscall.SysProcAttr, start func() error) error {
	if g.version == "v2" { // clone3(2), CLONE_INTO_CGROUP, Linux 5.7
		f, err := os.Open(g.dir)
		if err != nil {
			return err
		}
		defer f.Close()
		attributes.UseCgroupFD, attributes.CgroupFD = true, int(f.Fd())
		return start()
	}
	// Version 1 moves single threads, and a child is where the thread was that forked it.
	thread := []byte(strconv.Itoa(unix.Gettid()))
	if err := os.WriteFile(filepath.Join(g.dir, "tasks"), thread, 0); err != nil {
		return err
	}
	return errors.Join(start(), os.WriteFile(filepath.Join(filepath.Dir(g.dir), "tasks"), thread, 0))
}

// Killed is how many processes the kernel has killed in the group because it
// had no more memory (memory.oom_control since Linux 4.13, memory.events).
func (g *Group) Killed() (int64, error) {
	f, err := os.Open(filepath.Join(g.dir, map[string]string{"v1": "memory.oom_control", "v2": "memory.events"}[g.version]))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
			return strconv.ParseInt(value, 10, 64)
		}
	}
	return 0, fmt.Errorf("%s tells no OOM kills", f.Name())
}

// Anonymous is the private memory of all processes in the group, each page
// once, in bytes: "anon" of memory.stat, and "rss" of version 1, which means the same.
// The kernel counts by processor in batches: it may be 64 pages for each behind.
func (g *Group) Anonymous() (int64, error) {
	text, err := os.ReadFile(filepath.Join(g.dir, "memory.stat"))
	if err != nil {
		return 0, err
	}
	name := map[string]string{"v1": "rss ", "v2": "anon "}[g.version]
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s tells no anonymous memory", filepath.Join(g.dir, "memory.stat"))
}

// Processes is how many processes the group has.
func (g *Group) Processes() (int, error) {
	text, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	return strings.Count(string(text), "\n"), err
}

// Remove removes the group, which must have no process left. The kernel may
// take a moment to let go of one that has just ended.
func (g *Group) Remove() {
	for range 100 {
		if err := unix.Rmdir(g.dir); err != unix.EBUSY {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
