package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// InUseError says that another alloclab writes to the directory.
type InUseError struct {
	Dir string
	By  string // its process id
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use by process %s", e.Dir, e.By)
}

// lock takes the run directory for this process. The lock is the kernel's
// (flock(2)): it ends with the process however that ends, so that a file left
// behind is no obstacle.
func lock(dir string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			by, _ := io.ReadAll(io.LimitReader(f, 64))
			return nil, &InUseError{Dir: dir, By: strings.TrimSpace(string(by))}
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, fmt.Sprintln(os.Getpid()))); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}
