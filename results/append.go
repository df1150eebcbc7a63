package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Appender adds trials to trials.jsonl, one line each. It keeps one promise:
// after any call, and after any death between two calls, the file holds only
// whole lines, but for at most one torn line at its end, which the next
// OpenAppender takes off. One process may append to a file at a time; the run
// directory's lock sees to that.
type Appender struct{ *lineFile }

// lineFile is a file of whole lines, open for appending.
type lineFile struct {
	f    *os.File
	path string
	end  int64 // size of the file up to its last whole line
}

// Torn is what was found after the last whole line of a file: the beginning
// of What ("a trial", "a point") that was being written when the writer died.
type Torn struct {
	Path   string
	Offset int64 // where it begins, in bytes
	Bytes  int64 // how long it is
	What   string
}

func (t *Torn) String() string {
	return fmt.Sprintf("%s: torn last line: %d bytes at offset %d belong to %s that was not written to its end",
		t.Path, t.Bytes, t.Offset, t.What)
}

// OpenAppender opens or makes the file. A torn last line is cut off and
// returned; torn is nil where there was none. A last line that lacks only its
// line end is a whole trial: it gets one, and is no tear.
func OpenAppender(path string) (a *Appender, torn *Torn, err error) {
	l, torn, err := openLines(path, func(*os.File) error { return nil },
		func(line []byte) error { _, err := ParseTrial(line); return err })
	if err != nil {
		return nil, nil, err
	}
	if torn != nil {
		torn.What = "a trial"
	}
	return &Appender{l}, torn, nil
}

// openLines opens or makes a file of lines, takes its lock, and cuts off a torn
// last line; parse says whether a last line without a line end is a whole one.
func openLines(path string, lock func(*os.File) error, parse func([]byte) error) (a *lineFile, torn *Torn, err error) {
	_, err = os.Stat(path)
	isNew := errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if err := lock(f); err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	a = &lineFile{f: f, path: path, end: info.Size()}
	if isNew {
		return a, nil, syncDir(filepath.Dir(path))
	}
	whole, err := afterLastLineEnd(f, info.Size())
	if err != nil {
		return nil, nil, err
	}
	if whole == info.Size() {
		return a, nil, nil
	}
	tail := make([]byte, min(info.Size()-whole, maxLine))
	if _, err := f.ReadAt(tail, whole); err != nil {
		return nil, nil, err
	}
	if parseErr := parse(tail); parseErr == nil {
		if err := a.write([]byte{'\n'}); err != nil {
			return nil, nil, err
		}
		return a, nil, nil
	} else if errors.Is(parseErr, ErrNewer) {
		return nil, nil, parseErr
	}
	torn = &Torn{Path: path, Offset: whole, Bytes: info.Size() - whole}
	if err := f.Truncate(whole); err != nil {
		return nil, nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, nil, err
	}
	a.end = whole
	return a, torn, nil
}

// afterLastLineEnd returns the offset behind the last line end, 0 if none. It
// reads from the end, so that resuming a long run costs no reading of it.
func afterLastLineEnd(r io.ReaderAt, size int64) (int64, error) {
	block := make([]byte, 64<<10)
	for end := size; end > 0; {
		start := max(0, end-int64(len(block)))
		part := block[:end-start]
		if _, err := r.ReadAt(part, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// Append writes one trial as one line and flushes it to the disk. When that
// fails, the file is cut back to the trials before it, and the error names
// the file; the appender can be used again once there is room.
func (a *Appender) Append(t *Trial) error {
	line, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("%s: trial %d cannot be written: %w", a.path, t.Trial, err)
	}
	if len(line) >= maxLine {
		return fmt.Errorf("%s: trial %d cannot be written: %d bytes, and a line holds at most %d", a.path, t.Trial, len(line), maxLine)
	}
	if err := a.write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: trial %d is not stored: %w", a.path, t.Trial, err)
	}
	return nil
}

// write adds bytes at the end, or leaves the file as long as it was.
func (a *lineFile) write(b []byte) error {
	n, err := a.f.Write(b)
	if err == nil {
		err = a.f.Sync()
	}
	if err == nil {
		a.end += int64(n)
		return nil
	}
	if cutErr := a.f.Truncate(a.end); cutErr != nil {
		return fmt.Errorf("%w; cutting off what was written of it failed too: %w", err, cutErr)
	}
	return err
}

// Close closes the file. All trials are on the disk already.
func (a *Appender) Close() error { return a.f.Close() }
