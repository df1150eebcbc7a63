package proc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHidepid looks at a process of root as a user who owns nothing: through
// a /proc that hides it, and through one that does not.
func TestHidepid(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a proc file system")
	}
	c := startHelper(t, "wait")
	root := t.TempDir()
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root+"/proc", 0o755); err != nil {
		t.Fatal(err)
	}
	var hidden, open, statm, maps, rollup error
	ready := make(chan error)
	// The thread takes a mount namespace of its own and another user's rights.
	onOwnThread(func() {
		if err := becomeNobody(root + "/proc"); err != nil {
			ready <- err
			return
		}
		_, hidden = NewFS(root).Open(c.pid())
		var p *Process
		if p, open = NewFS("/").Open(c.pid()); open == nil {
			_, statm = p.Statm()
			_, maps = p.Maps()
			_, rollup = p.SmapsRollup()
			_ = p.Close()
		}
		ready <- nil
	})
	if err := <-ready; err != nil {
		t.Skipf("not permitted: %v", err)
	}
	if !errors.Is(hidden, fs.ErrNotExist) {
		t.Errorf("hidepid=2: %v, want ErrNotExist", hidden)
	}
	if open != nil || statm != nil {
		t.Errorf("statm is readable by everyone: %v, %v", open, statm)
	}
	for _, err := range []error{maps, rollup} {
		if !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrExited) {
			t.Errorf("another user's process: %v, want ErrPermission", err)
		}
	}
}

// becomeNobody mounts a /proc with hidepid for this thread alone and gives up
// its rights. The raw calls, in contrast to package syscall's, change one
// thread. The group must go too: hidepid exempts the group of its gid option.
func becomeNobody(proc string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("proc", proc, "proc", 0, "hidepid=2"); err != nil {
		return err
	}
	const nobody = 65534
	for _, call := range [][4]uintptr{
		{unix.SYS_SETGROUPS, 0, 0, 0},
		{unix.SYS_SETRESGID, nobody, nobody, nobody},
		{unix.SYS_SETRESUID, nobody, nobody, nobody},
	} {
		if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
			return errno
		}
	}
	return nil
}
