package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/proc"
)

func TestHeapsOfAProgram(t *testing.T) {
	for name, flags := range map[string][]string{"dynamic": nil, "static": {"-static"}} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(compile(t, "heaps", flags...))
			cmd.Env = []string{"MALLOC_ARENA_TEST=8", "SECRET_TOKEN=hidden", "MALLOCX=hidden", "LD_LIBRARY_PATH=/hidden"}
			pid, said := started(t, cmd)
			settle(t, pid)
			i := inspected(t, pid)
			waits(t, i)
			if !slices.Equal(i.Settings, []string{"MALLOC_ARENA_TEST=8"}) {
				t.Errorf("settings %q", i.Settings)
			}
			if i.Serves == nil || i.Serves.Allocator != "ptmalloc" || i.Serves.Proved != (name == "dynamic") {
				t.Errorf("%+v serves malloc", i.Serves)
			}
			if i.Process.Threads != 4 || i.Process.UID != os.Getuid() || len(i.Missing) > 0 {
				t.Errorf("%+v, missing %+v", i.Process, i.Missing)
			}
			compareHeaps(t, i, said)
			const mib = 1 << 20
			if got := kindOf(i, results.KindShared); got != 2*mib {
				t.Errorf("shared memory %d", got)
			}
			if got := kindOf(i, results.KindData); got < mib || got > 2*mib {
				t.Errorf("data %d", got)
			}
			// Thread-local storage, 160 KB each, lies on the threads' stacks.
			if got := kindOf(i, results.KindStacks); got < 3*(256+156)<<10 || got > 2*mib {
				t.Errorf("stacks %d", got)
			}
			if got := kindOf(i, results.KindAnonymous); got < 10*mib || got > 11*mib {
				t.Errorf("other anonymous memory %d: the block with a mapping of its own has 10 MiB", got)
			}
			if got := kindOf(i, results.KindArenas) + kindOf(i, results.KindBrk); got != i.Ptmalloc.RSS {
				t.Errorf("kinds say heaps have %d in memory, the heaps %d", got, i.Ptmalloc.RSS)
			}
		})
	}
}

// compareHeaps holds arenas and heaps against what glibc said of itself, and
// their residency against the page table.
func compareHeaps(t *testing.T, i results.Inspection, said string) {
	t.Helper()
	var arena, keepcost, mapped int64
	if _, err := fmt.Sscan(said, &arena, &keepcost, &mapped); err != nil {
		t.Fatal(err)
	}
	if i.Ptmalloc == nil || len(i.Ptmalloc.Arenas) != 4 || strings.Count(said, "<heap nr=") != 4 {
		t.Fatalf("%+v\n%s", i.Ptmalloc, said)
	}
	// The last but one of malloc_info's "system current" is of the last arena; their set is compared.
	var want, got []int64
	for _, m := range regexp.MustCompile(`<system type="current" size="(\d+)"/>`).FindAllStringSubmatch(said, -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		want = append(want, n)
	}
	want = want[:len(want)-1] // the sum
	system := int64(0)
	for n, a := range i.Ptmalloc.Arenas {
		got = append(got, *a.System)
		size := int64(0)
		for _, h := range a.Heaps {
			size += h.Size
			end := uint64(h.Start) + 64<<20
			if n == 0 {
				end = uint64(h.Start) + uint64(h.Size)
			}
			if rss := residentOf(t, i.Process.PID, uint64(h.Start), end); rss != h.RSS {
				t.Errorf("heap %s has %d in memory, its page table %d", h.Start, h.RSS, rss)
			}
		}
		if static := i.Serves.Object == i.Process.Exe && n == 0; static && size > *a.System {
			size = *a.System // the C library's own start takes some of [heap] by sbrk
		}
		if size != *a.System || *a.Threads != 1 || a.Number != n {
			t.Errorf("arena %d: heaps of %d bytes, the arena of %d; %d threads", a.Number, size, *a.System, *a.Threads)
		}
		if n > 0 && len(a.Heaps) != 3 { // 160 MB in heaps of 64 MiB
			t.Errorf("arena %d has %d heaps", n, len(a.Heaps))
		}
		system += size
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) || system != arena {
		t.Errorf("arenas have %v, malloc_info says %v; together %d, mallinfo2 %d", got, want, system, arena)
	}
	if top := *i.Ptmalloc.Arenas[0].Top; top != keepcost {
		t.Errorf("main's top has %d, keepcost is %d", top, keepcost)
	}
}

// TestPreloaded: the preloaded allocator serves, and glibc is found too.
func TestPreloaded(t *testing.T) {
	libraries, _ := filepath.Glob("/usr/lib/*/libjemalloc.so.2")
	if len(libraries) == 0 {
		t.Skip("libjemalloc is not installed")
	}
	cmd := exec.Command(compile(t, "heaps"))
	cmd.Env = []string{"LD_PRELOAD=" + libraries[0], "MALLOC_CONF=narenas:2"}
	pid, _ := started(t, cmd)
	i := inspected(t, pid)
	if i.Serves == nil || i.Serves.Allocator != "jemalloc" || !i.Serves.Proved || i.Serves.Object != libraries[0] {
		t.Errorf("%+v serves", i.Serves)
	}
	if !slices.ContainsFunc(i.Found, func(s results.Server) bool { return s.Allocator == "ptmalloc" }) || len(i.Found) != 2 {
		t.Errorf("found %+v", i.Found)
	}
	if i.Ptmalloc != nil {
		t.Errorf("heaps of ptmalloc under jemalloc: %+v", i.Ptmalloc)
	}
	if !slices.Equal(i.Settings, []string{"LD_PRELOAD=" + libraries[0], "MALLOC_CONF=narenas:2"}) {
		t.Errorf("settings %q", i.Settings)
	}
}

// TestUnderLoad: figures of a process that goes on are near, and the look says
// that they are of different moments.
func TestUnderLoad(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/service", "./testdata/service")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pid, _ := started(t, exec.Command(dir+"/service"))
	i := inspected(t, pid)
	if i.Go == nil || !i.Go.Cgo || i.Go.Version != runtime.Version() || i.Go.Heap < 8<<20 || kindOf(i, results.KindGoHeap) != i.Go.Heap {
		t.Errorf("Go: %+v, kinds %+v", i.Go, i.Kinds)
	}
	if i.Serves == nil || i.Serves.Allocator != "ptmalloc" || !i.Serves.Proved {
		t.Errorf("%+v serves malloc", i.Serves)
	}
	if i.Ptmalloc == nil || len(i.Ptmalloc.Arenas) < 4 { // main and three C threads
		t.Fatalf("%+v", i.Ptmalloc)
	}
	busy := 0
	for _, a := range i.Ptmalloc.Arenas {
		if a.Resident() > 10<<20 {
			busy++
		}
	}
	if busy != 3 || i.Look.Took <= 0 || i.Look.RSSBefore == 0 || i.Look.RSSAfter == 0 {
		t.Errorf("%d busy arenas, look %+v", busy, i.Look)
	}
	if off := i.Look.KindsSum - i.Memory.RSS; off > 64<<20 || off < -64<<20 {
		t.Errorf("kinds add up to %d, RSS is %d", i.Look.KindsSum, i.Memory.RSS)
	}
}

// TestPureGo: no malloc at all.
func TestPureGo(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/pure", "./testdata/pure")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pid, _ := started(t, exec.Command(dir+"/pure"))
	i := inspected(t, pid)
	if i.Go == nil || i.Go.Cgo || i.Serves != nil || len(i.Found) != 0 || i.Ptmalloc != nil || i.Go.Heap < 8<<20 {
		t.Errorf("%+v %+v %+v", i.Go, i.Serves, i.Found)
	}
}

// TestServers looks at programs as they are in the field. They wait.
func TestServers(t *testing.T) {
	for name, c := range map[string]struct {
		args      []string
		allocator string
	}{
		"python3":         {[]string{"-c", "import signal; x=[bytes(1000+i%50000) for i in range(3000)]; del x[::2]; print('ready',flush=True); signal.pause()"}, "ptmalloc"},
		"redis-check-rdb": {nil, "jemalloc"},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath("/usr/bin/" + name)
			if err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			cmd := exec.Command(program, c.args...)
			if c.args == nil { // Debian's redis-server is a link to it, and it looks at its name
				cmd = exec.Command("/bin/sh", "-c", `exec 3>&1; ln -s "$0" redis-server; PATH=. ; (redis-server --port 0 --unixsocket ./socket --save '' --appendonly no) | while read -r line; do case $line in *"eady to accept"*) echo $line; echo ready; ;; esac; done`, program)
				cmd.Dir = t.TempDir()
			}
			pid, said := started(t, cmd)
			if c.args == nil {
				pid, err = strconv.Atoi(strings.SplitN(said, ":", 2)[0])
				if err != nil {
					t.Fatal(said, err)
				}
				t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGKILL) })
			}
			i := inspected(t, pid)
			if i.Serves == nil || i.Serves.Allocator != c.allocator || !i.Serves.Proved {
				t.Errorf("%+v serves malloc", i.Serves)
			}
			if c.allocator == "ptmalloc" {
				settle(t, pid)
				i = inspected(t, pid)
				waits(t, i)
				if i.Ptmalloc == nil || len(i.Ptmalloc.Arenas) != 1 || i.Ptmalloc.RSS != kindOf(i, results.KindBrk) {
					t.Errorf("%+v", i.Ptmalloc)
				}
			} else if i.Ptmalloc != nil {
				t.Errorf("%+v", i.Ptmalloc)
			}
		})
	}
}

// TestNoAccess looks as a user who owns nothing.
func TestNoAccess(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	pid, _ := started(t, exec.Command("sh", "-c", "echo ready; sleep 60"))
	type answer struct {
		i   results.Inspection
		err error
	}
	got := make(chan answer)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its rights
		for _, call := range [][4]uintptr{{unix.SYS_SETGROUPS}, {unix.SYS_SETRESGID, 65534, 65534, 65534}, {unix.SYS_SETRESUID, 65534, 65534, 65534}} {
			if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
				got <- answer{err: errno}
				return
			}
		}
		i, err := Look(proc.NewFS("/"), pid)
		got <- answer{i, err}
	}()
	a := <-got
	var no *AccessError
	if !errors.As(a.err, &no) || !errors.Is(a.err, fs.ErrPermission) || !strings.Contains(a.err.Error(), "sudo alloclab inspect "+strconv.Itoa(pid)) {
		t.Errorf("%v", a.err)
	}
	if a.i.Process.Name != "sh" || a.i.Memory.RSS == 0 || len(a.i.Kinds) != 0 {
		t.Errorf("what everyone may read: %+v", a.i)
	}
}

func TestNotThere(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/proc/self", 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Look(proc.NewFS(root), 42) // as with hidepid=2
	var no *AccessError
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "hidepid") || !strings.Contains(err.Error(), "no such process") {
		t.Error(err)
	}
	cmd := exec.Command("true") // a zombie, until it is waited for
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() //nolint:errcheck // its end is all that matters
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Look(proc.NewFS("/"), cmd.Process.Pid); !errors.As(err, &no) || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("of a zombie: %v", err)
	}
}

// TestWithoutMemory: where only what needs no ptrace may be read, the look says
// what is missing and how to get it, and its sums stand.
func TestWithoutMemory(t *testing.T) {
	pid, _ := started(t, exec.Command("sh", "-c", "echo ready; exec sleep 60"))
	settle(t, pid)
	root := t.TempDir()
	dir := filepath.Join(root, "proc", "42")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"status", "stat", "maps", "smaps", "smaps_rollup"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	i := inspected(t, 0, proc.NewFS(root))
	var what []string
	for _, m := range i.Missing {
		what = append(what, strings.SplitN(m.What, " ", 3)[1])
		if m.Why == "" || m.Remedy == "" {
			t.Errorf("%+v", m)
		}
	}
	if got := strings.Join(what, " "); got != "memory program's environment of" || i.Ptmalloc != nil || i.Look.KindsSum != i.Memory.RSS {
		t.Errorf("missing %q: %+v", got, i.Missing)
	}
	if i.Serves != nil && i.Serves.Proved {
		t.Errorf("%+v is proved by nothing", i.Serves)
	}
}
