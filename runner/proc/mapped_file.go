package proc

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ErrReplaced is a mapped file that is no longer what its path leads to: a
// package was updated, or the file removed.
var ErrReplaced = errors.New("proc: the file has been replaced since it was mapped")

// OpenExe opens the program's file, also where its name is gone. It needs the
// right to ptrace(2). The caller closes it.
func (p *Process) OpenExe() (*os.File, error) {
	fd, err := openAt(p.dir, "exe", unix.O_RDONLY)
	if err != nil {
		return nil, p.openError("exe", err)
	}
	return os.NewFile(uintptr(fd), "exe"), nil
}

// OpenMapped opens the file of a mapping as the process sees it, in its own
// mount namespace and root directory. The caller closes it.
func (p *Process) OpenMapped(m Mapping) (*os.File, error) {
	if m.File() == "" {
		return nil, fmt.Errorf("proc: pid %d: mapping %#x has no file", p.pid, m.Start)
	}
	if m.Deleted() {
		return nil, fmt.Errorf("%w: pid %d: %s", ErrReplaced, p.pid, m.File())
	}
	fd, err := openAt(p.dir, "root"+m.File(), unix.O_RDONLY|unix.O_NONBLOCK) // a FIFO may have taken the name
	if err != nil {
		return nil, p.openError("root"+m.File(), err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Ino != m.Inode {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("%w: pid %d: %s", ErrReplaced, p.pid, m.File())
	}
	return os.NewFile(uintptr(fd), m.File()), nil
}
