package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine bounds one line of trials.jsonl in bytes. A trial takes 4 to 40 KiB;
// the bound keeps a file that is no results file from filling the memory.
const maxLine = 16 << 20

// LineError is a line that cannot be read, with its place in the file.
type LineError struct {
	Path   string
	Line   int   // from 1
	Offset int64 // of the line's first byte
	Err    error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s:%d: (byte %d) %v", e.Path, e.Line, e.Offset, e.Err)
}

// Unwrap gives the cause, as errors.Is(err, ErrNewer) asks for it.
func (e *LineError) Unwrap() error { return e.Err }

// ParseTrial reads one line of trials.jsonl, with or without its line end.
// Unknown fields are passed over, since adding a field keeps the version.
func ParseTrial(line []byte) (*Trial, error) {
	if err := checkVersion(line); err != nil {
		return nil, err
	}
	t := new(Trial)
	if err := json.Unmarshal(line, t); err != nil {
		return nil, err
	}
	return t, nil
}

// Reader reads trials one by one, in constant memory:
//
//	for r.Scan() { use(r.Trial()) }
//	if err := r.Err(); err != nil { … }
type Reader struct {
	in     *bufio.Reader
	path   string
	line   int
	offset int64 // of the next line
	trial  *Trial
	torn   *Torn
	err    error
	buffer []byte
}

// NewReader reads from r; path is what errors and warnings call it.
func NewReader(r io.Reader, path string) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), path: path}
}

// Scan goes to the next trial. It is false at the end and at an error.
func (r *Reader) Scan() bool {
	for r.err == nil && r.torn == nil {
		start := r.offset
		line, whole, err := r.next()
		if err == nil && len(line) == 0 && !whole {
			return false
		}
		r.line++
		if err != nil {
			r.err = &LineError{r.path, r.line, start, err}
			return false
		}
		if len(bytes.TrimSpace(line)) == 0 && whole {
			continue // a line left empty by a merge
		}
		t, err := ParseTrial(line)
		if err == nil {
			r.trial = t
			return true
		}
		if whole || errors.Is(err, ErrNewer) {
			r.err = &LineError{r.path, r.line, start, err}
		} else {
			r.torn = &Torn{Path: r.path, Offset: start, Bytes: int64(len(line)), What: "a trial"}
		}
	}
	return false
}

// next returns the next line without its line end; whole is false for the
// last line of a file that does not end in one.
func (r *Reader) next() (line []byte, whole bool, err error) {
	r.buffer = r.buffer[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.buffer = append(r.buffer, part...)
		r.offset += int64(len(part))
		switch {
		case err == nil:
			return r.buffer[:len(r.buffer)-1], true, nil
		case errors.Is(err, io.EOF):
			return r.buffer, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		case len(r.buffer) > maxLine:
			return nil, false, fmt.Errorf("line longer than %d bytes: no file of trials", maxLine)
		}
	}
}

// Trial is the trial that Scan went to. Each call of Scan makes a new one.
func (r *Reader) Trial() *Trial { return r.trial }

// Line is the number of its line, from 1.
func (r *Reader) Line() int { return r.line }

// Torn is the torn last line, once Scan was false; nil if there was none.
func (r *Reader) Torn() *Torn { return r.torn }

// Err is the error that ended the reading; nil at the end of the file.
func (r *Reader) Err() error { return r.err }

// ReadTrials reads a file of trials. A torn last line is a warning; a line
// that cannot be read anywhere else is an error, and the trials before it are
// returned with it.
//
// A trial number that occurs twice in a run comes from a repeated trial (a
// resumed run does an interrupted one again) or from a merge of overlapping
// files; a starved one is repeated too. Of such lines the last that counts
// stands, else the last that is ok, else the last of all: what comes later
// does not take away a figure that was had. It stands in the place of the
// first. Each line passed over is a warning, so that a crash before a success
// does not go unseen; only a starved one is passed over without a word.
func ReadTrials(path string) (trials []Trial, warnings []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	type key struct {
		run   string
		trial int
	}
	type place struct{ index, line int }
	seen := map[key]place{}
	r := NewReader(f, path)
	for r.Scan() {
		t := r.Trial()
		k := key{t.Run, t.Trial}
		first, again := seen[k]
		if !again {
			seen[k] = place{len(trials), r.Line()}
			trials = append(trials, *t)
			continue
		}
		stands, passed := first.line, r.Line()
		over := *t
		if rank(t) >= rank(&trials[first.index]) {
			stands, passed = passed, stands
			over = trials[first.index]
			trials[first.index] = *t
			seen[k] = place{first.index, stands}
		}
		if over.Starved() && over.Status == StatusOK || over.Status == StatusInterrupted {
			continue // repeated for that reason, by the plan or by a resumed run
		}
		warnings = append(warnings, fmt.Sprintf("%s:%d: trial %d (%s) is passed over: line %d holds it again",
			path, passed, t.Trial, over.Status, stands))
	}
	if torn := r.Torn(); torn != nil {
		warnings = append(warnings, torn.String())
	}
	return trials, warnings, r.Err()
}

// rank says which of several lines of one trial stands: one that counts, else
// one that failed (a failure is not hidden by an attempt that was starved),
// else one that was starved, else one that was interrupted.
func rank(t *Trial) int {
	switch {
	case t.Counts():
		return 3
	case t.Status == StatusInterrupted || t.Status == StatusSkipped:
		return 0
	case t.Status != StatusOK:
		return 2
	default:
		return 1
	}
}
