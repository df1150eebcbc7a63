package process

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A program with file capabilities is refused to a user who gains them, and only
// to that one. The kernel's own word (AT_SECURE) is asked of the program itself.
func TestFileCapabilities(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file capabilities")
	}
	const nobody = 65534
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil { // nobody must reach it
		t.Fatal(err)
	}
	path := compile(t, dir, "secure", "#include <stdio.h>\n#include <sys/auxv.h>\nint main(void){ printf(\"%lu\", getauxval(AT_SECURE)); return 0; }")
	var mount unix.Statfs_t
	if err := unix.Statfs(path, &mount); err != nil {
		t.Fatal(err)
	}
	if mount.Flags&unix.ST_NOSUID != 0 {
		t.Skipf("%s is mounted nosuid: the kernel ignores capabilities of files there", dir)
	}
	for _, capable := range []bool{false, true} {
		if capable {
			data := make([]byte, 20)                                   // struct vfs_cap_data (linux/capability.h), what setcap writes
			binary.LittleEndian.PutUint32(data, 0x02000001)            // revision 2, effective
			binary.LittleEndian.PutUint32(data[4:], 1<<unix.CAP_CHOWN) // permitted
			err := unix.Setxattr(path, "security.capability", data, 0)
			if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) {
				t.Skipf("no capabilities can be given to a file in %s: %v", dir, err)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, uid := range []uint32{0, nobody} {
			run := exec.Command(path)
			run.Dir = "/"
			run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			out, err := run.Output()
			if err != nil {
				t.Fatalf("as user %d: %v", uid, err)
			}
			refused, secure := checkedAs(t, uid, path), string(out) == "1"
			if want := capable && uid == nobody; secure != want || (refused != nil) != want {
				t.Errorf("capable %v, as user %d: AT_SECURE is %s, and CheckProgram says %v", capable, uid, out, refused)
			}
			var unfit *UnfitError
			if refused != nil && (!errors.As(refused, &unfit) || !strings.Contains(unfit.Reason, "has file capabilities") || !strings.Contains(unfit.Remedy, "without that privilege")) {
				t.Errorf("refused in the words %v", refused)
			}
		}
	}
}

// checkedAs is CheckProgram on a thread whose real user is another. The thread
// ends with its goroutine, since it is never unlocked.
func checkedAs(t *testing.T, uid uint32, path string) error {
	t.Helper()
	verdict, failed := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		const keep = ^uintptr(0)
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), keep, keep); e != 0 {
			failed <- e
			return
		}
		_, err := CheckProgram(path)
		verdict <- err
	}()
	select {
	case err := <-failed:
		t.Fatal(err)
		return nil
	case err := <-verdict:
		return err
	}
}
