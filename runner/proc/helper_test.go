package proc

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// helperVariable makes the test binary a measured process: its value says
// what to be.
const helperVariable = "ALLOCLAB_PROC_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(helperVariable) {
	case "":
		os.Exit(m.Run())
	case "pages":
		touchPages()
	case "wait":
	default:
		os.Exit(3)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it
	os.Exit(0)
}

// mmap is a mapping that the garbage collector knows nothing of.
func mmap(size, prot, flags, fd int) []byte {
	b, err := unix.Mmap(fd, 0, size, prot, flags)
	if err != nil {
		panic(err)
	}
	return b
}

// sink keeps the compiler from dropping loads.
var sink byte

// touchPages makes a page of every kind that RSS and pagemap might disagree
// about.
func touchPages() {
	const mib = 1 << 20
	rw := unix.PROT_READ | unix.PROT_WRITE
	private := unix.MAP_PRIVATE | unix.MAP_ANON
	write := func(b []byte) {
		for i := 0; i < len(b); i += os.Getpagesize() {
			b[i] = 1
		}
	}
	read := func(b []byte) {
		for i := 0; i < len(b); i += os.Getpagesize() {
			sink += b[i]
		}
	}
	write(mmap(3*mib, rw, private, -1)[:mib])
	read(mmap(3*mib, rw, private, -1)[:2*mib])              // the zero page, 512 times
	read(mmap(mib, unix.PROT_READ, private, -1))            // and in a mapping that is never written
	write(mmap(mib, rw, unix.MAP_SHARED|unix.MAP_ANON, -1)) // shmem
	huge := mmap(8*mib, rw, private, -1)
	at := (2*mib - int(uintptr(unsafe.Pointer(&huge[0]))%(2*mib))) % (2 * mib)
	if err := unix.Madvise(huge[at:at+4*mib], unix.MADV_HUGEPAGE); err == nil {
		write(huge[at : at+mib])             // one huge page
		read(huge[at+2*mib : at+2*mib+4096]) // the huge zero page
	}
	lazy := mmap(mib, rw, private, -1)
	write(lazy)
	_ = unix.Madvise(lazy[:mib/2], unix.MADV_FREE)
	locked := mmap(64*1024, rw, private, -1)
	_ = unix.Mlock(locked)
	if exe, err := os.Open("/proc/self/exe"); err == nil { // file pages, and copies of them
		file := mmap(mib, rw, unix.MAP_PRIVATE, int(exe.Fd()))
		read(file)
		write(file[:mib/4])
	}
	if zero, err := os.OpenFile("/dev/zero", os.O_RDWR, 0); err == nil {
		b := mmap(mib, rw, unix.MAP_PRIVATE, int(zero.Fd()))
		read(b[:mib/2])
		write(b[mib/2:])
	}
	if fd, err := unix.MemfdCreate("lab memory", 0); err == nil {
		if unix.Ftruncate(fd, mib) == nil {
			write(mmap(mib, rw, unix.MAP_SHARED, fd)[:mib/2])
		}
	}
}

// child is a process that the test started.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startHelper runs the test binary as a helper and waits until it is ready.
func startHelper(t testing.TB, mode string, env ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+mode)
	cmd.Env = append(cmd.Env, env...)
	return startReady(t, cmd)
}

// startReady starts a command and waits until it prints a line.
func startReady(t testing.TB, cmd *exec.Cmd) *child {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, stdin: in}
	t.Cleanup(c.end)
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		t.Fatalf("helper said %q, %v", line, err)
	}
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end kills and reaps the child; a second call does nothing.
func (c *child) end() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}

// stop stops every thread of the child and waits until they are.
func (c *child) stop(t testing.TB, p *Process) {
	t.Helper()
	if err := c.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if allStopped(t, p) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("child did not stop")
}

// allStopped looks at each thread's own stat.
func allStopped(t testing.TB, p *Process) bool {
	t.Helper()
	tids, err := p.Threads()
	if err != nil {
		t.Fatal(err)
	}
	for _, tid := range tids {
		b, err := p.readFile(fmt.Sprintf("task/%d/stat", tid), limitSmall)
		if err != nil {
			continue
		}
		if s, err := parseStat(string(b)); err != nil || s.State != "T" {
			return false
		}
	}
	return true
}

// openChild opens the child in the real /proc.
func openChild(t testing.TB, c *child) *Process {
	t.Helper()
	p, err := NewFS("/").Open(c.pid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// killTest kills a process that a test started.
func killTest(pid int) { _ = unix.Kill(pid, unix.SIGKILL) }

// onOwnThread runs f on a thread that ends with it. The process's first thread
// is not taken, for the Go runtime never lets that one end: it is held while
// another is found.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread() // never unlocked: that is what ends the thread
		if unix.Gettid() != os.Getpid() {
			f()
			return
		}
		done := make(chan bool)
		onOwnThread(func() { defer close(done); f() })
		<-done
		runtime.UnlockOSThread() // nothing was done to the first thread
	}()
}
