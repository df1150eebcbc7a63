package results

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteWhole writes a file whole or not at all: into a temporary file beside
// it, which is flushed to the disk and then takes its name. Whatever fails,
// and whenever the machine stops, the path holds all of the old or all of the
// new content.
func WriteWhole(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	// Not os.CreateTemp: it gives mode 0600, and results are to be read by
	// whomever the umask allows.
	temp := filepath.Join(dir, "."+filepath.Base(path)+"."+rand.Text()[:8]+".tmp")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("%s: not written: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // may be closed already
			_ = os.Remove(temp)
			err = fmt.Errorf("%s: not written, and what was there before is unchanged: %w", path, err)
		}
	}()
	buffered := bufio.NewWriterSize(f, 64<<10)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil { // NFS tells of a full disk only here
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	// From here on the new content stands under the name. A directory that
	// cannot be flushed risks the name in a power cut only.
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("flushing the directory: %w", err)
	}
	return nil
}

// syncDir makes names in a directory outlive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
