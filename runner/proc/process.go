package proc

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Process is one process, held by descriptors of its /proc directory, so that
// another process which gets the same id is never read: after the end every
// method gives ErrExited.
//
// statm, status and stat are opened once and read many times. They look the
// address space up at each read. maps, smaps_rollup, pagemap and mem are tied
// to the address space that the process had when they were opened (proc_mem_open
// in fs/proc/base.c): after an execve they would read empty or ESRCH. They
// are therefore opened below the held directory each time, which is as safe
// against a reused id and costs 2 to 3 us.
//
// Methods may be called from several goroutines; Close may not meanwhile.
type Process struct {
	pid    int
	dir    int // /proc/PID
	statm  held
	status held
	stat   held
}

// held is a descriptor, or why there is none.
type held struct {
	fd  int
	err error
}

// Open holds the process. The caller must know that pid is still the process
// it means, for instance because it is an unreaped child. A file that may not
// be opened is no error here but at its method (hidepid=1, another user).
func (fs FS) Open(pid int) (*Process, error) {
	dir, err := openAt(unix.AT_FDCWD, fs.proc(pid), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("proc: open pid %d: %w", pid, err)
	}
	p := &Process{pid: pid, dir: dir}
	p.statm = p.hold("statm")
	p.status = p.hold("status")
	p.stat = p.hold("stat")
	return p, nil
}

// hold opens one file to be kept.
func (p *Process) hold(name string) held {
	fd, err := openAt(p.dir, name, unix.O_RDONLY)
	if err != nil {
		return held{fd: -1, err: p.openError(name, err)}
	}
	return held{fd: fd}
}

// openError tells a file that is not there from a process that is not there:
// below the directory of an ended process every name gives ENOENT.
func (p *Process) openError(name string, err error) error {
	if err == unix.ENOENT {
		var st unix.Stat_t
		if unix.Fstatat(p.dir, "stat", &st, 0) == unix.ENOENT {
			return fmt.Errorf("%w: pid %d: %s: %w", ErrExited, p.pid, name, unix.ESRCH)
		}
	}
	return readError(name, p.pid, err)
}

// Pid is the process id, as the caller gave it.
func (p *Process) Pid() int { return p.pid }

// Close releases the descriptors. Reads after it fail with EBADF.
func (p *Process) Close() error {
	var errs []error
	for _, fd := range []*int{&p.statm.fd, &p.status.fd, &p.stat.fd, &p.dir} {
		if *fd >= 0 {
			errs = append(errs, unix.Close(*fd))
			*fd = -1
		}
	}
	return errors.Join(errs...)
}

// Alive reports whether the process still has an entry in /proc; a zombie has.
func (p *Process) Alive() bool {
	var st unix.Stat_t
	return unix.Fstatat(p.dir, "stat", &st, 0) == nil
}

// read reads a held file into buf, which grows when the file is larger. Each
// of these files ends with a newline: a read that fills less than buf and
// ends so was the whole of it, and needs no second call to meet the end.
func (p *Process) read(h *held, name string, buf []byte) ([]byte, error) {
	if h.err != nil {
		return nil, h.err
	}
	n, err := pread(h.fd, buf, 0)
	if err == nil && (n == 0 || n == len(buf) || buf[n-1] != '\n') {
		return p.readRest(h.fd, name)
	}
	if err != nil {
		return nil, readError(name, p.pid, err)
	}
	return buf[:n], nil
}

// readRest is the rare case of read: a short read, or a long file.
func (p *Process) readRest(fd int, name string) ([]byte, error) {
	b, err := readAll(fd, nil, limitSmall)
	if err != nil {
		return nil, readError(name, p.pid, err)
	}
	return b, nil
}

// readFile opens and reads a whole file below the process's directory.
func (p *Process) readFile(name string, limit int) ([]byte, error) {
	fd, err := openAt(p.dir, name, unix.O_RDONLY)
	if err != nil {
		return nil, p.openError(name, err)
	}
	defer func() { _ = unix.Close(fd) }()
	b, err := readAll(fd, nil, limit)
	if err != nil {
		return nil, readError(name, p.pid, err)
	}
	return b, nil
}

// Exe is the path of the program's file, with " (deleted)" at its end when it
// has been unlinked. It needs the right to ptrace(2).
func (p *Process) Exe() (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(p.dir, "exe", buf)
	if err != nil {
		if err == unix.ENOENT { // a zombie and a kernel thread have no exe either
			return "", fmt.Errorf("%w: pid %d: exe: %w", ErrExited, p.pid, err)
		}
		return "", readError("exe", p.pid, err)
	}
	return string(buf[:n]), nil
}

// Mem opens the process's memory for reading: an offset is an address. It is
// tied to the address space of this moment, needs the right to ptrace(2), and
// gives EIO for an address that is not mapped. The caller closes it.
func (p *Process) Mem() (*os.File, error) {
	fd, err := openAt(p.dir, "mem", unix.O_RDONLY)
	if err != nil {
		return nil, p.openError("mem", err)
	}
	return os.NewFile(uintptr(fd), "mem"), nil
}
