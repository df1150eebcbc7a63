package proc

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits of what is held of one file. The kernel bounds arguments and
// environment at 6 MiB (fs/exec.c, 3/4 of _STK_LIM); 65,530 mappings
// (vm.max_map_count) of 100 bytes are 6.5 MB, and long paths may multiply it.
const (
	limitSmall = 1 << 20
	limitArgs  = 8 << 20
	limitMaps  = 256 << 20
)

// pread is pread(2) that is not interrupted.
func pread(fd int, buf []byte, offset int64) (int, error) {
	for {
		n, err := unix.Pread(fd, buf, offset)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// readAll reads fd from its start to its end: /proc files have no size, and
// most return less than was asked for. The result uses buf while it fits.
func readAll(fd int, buf []byte, limit int) ([]byte, error) {
	buf = buf[:cap(buf)]
	if len(buf) == 0 {
		buf = make([]byte, 4096)
	}
	total := 0
	for {
		if total == len(buf) {
			if total >= limit {
				return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
			}
			buf = append(buf, make([]byte, min(len(buf), limit-len(buf)))...)
		}
		n, err := pread(fd, buf[total:], int64(total))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return buf[:total], nil
		}
		total += n
	}
}

// openAt opens a file below a held directory, or below the working directory
// for unix.AT_FDCWD. The descriptor is closed in children.
func openAt(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// readFileAt reads a whole file below a held directory.
func readFileAt(dir int, name string, limit int) ([]byte, error) {
	fd, err := openAt(dir, name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	return readAll(fd, nil, limit)
}

// readText reads a whole file by its path.
func (fs FS) readText(limit int, elem ...string) (string, error) {
	path := fs.path(elem...)
	b, err := readFileAt(unix.AT_FDCWD, path, limit)
	if err != nil {
		return "", &os.PathError{Op: "read", Path: path, Err: err}
	}
	return string(b), nil
}

// readTrimmed reads a file of one value, without the newline at its end. A
// file that cannot be read is "".
func (fs FS) readTrimmed(elem ...string) string {
	s, err := fs.readText(limitSmall, elem...)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(s)
}

// names lists a directory that is already open, and closes it.
func names(fd int, path string) ([]string, error) {
	d := os.NewFile(uintptr(fd), path)
	if d == nil {
		return nil, errors.New("proc: bad descriptor")
	}
	defer func() { _ = d.Close() }()
	return d.Readdirnames(-1)
}

// openDirectory opens a directory to be listed.
func openDirectory(path string) (int, error) {
	fd, err := openAt(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}
