package process

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// TailBytes is how much of a process's output is kept.
const TailBytes = 4096

// Tail keeps the last TailBytes of what is written to it, however much that
// is: a process that prints a gigabyte costs the lab no memory.
type Tail struct {
	mu    sync.Mutex
	ring  [TailBytes]byte
	total int64

	line string        // what is waited for
	last []byte        // the end of what came, shorter than line, where it may have begun
	said chan struct{} // closed once it came
}

func newTail(line string) *Tail {
	return &Tail{line: line, said: make(chan struct{})}
}

// Said is closed once the line that was waited for has come.
func (t *Tail) Said() <-chan struct{} { return t.said }

// look looks for the line in what came, and across the seam with what came before.
func (t *Tail) look(b []byte) {
	if t.line == "" {
		return
	}
	seam := append(t.last, b[:min(len(b), len(t.line)-1)]...)
	if bytes.Contains(seam, []byte(t.line)) || bytes.Contains(b, []byte(t.line)) {
		close(t.said)
		t.line = ""
		return
	}
	if len(b) < len(t.line)-1 {
		b = seam
	}
	t.last = append(t.last[:0], b[max(0, len(b)-len(t.line)+1):]...)
}

// ReadFrom reads until the end or an error.
func (t *Tail) ReadFrom(r io.Reader) (int64, error) {
	var buf [32 << 10]byte
	for n := int64(0); ; {
		got, err := r.Read(buf[:])
		t.add(buf[:got])
		n += int64(got)
		if err != nil {
			return n, err
		}
	}
}

func (t *Tail) add(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look(b)
	t.total += int64(len(b))
	at := t.total - int64(len(b))
	if len(b) > TailBytes {
		at += int64(len(b) - TailBytes)
		b = b[len(b)-TailBytes:]
	}
	n := copy(t.ring[at%TailBytes:], b)
	copy(t.ring[:], b[n:])
}

// String is the end of the output, as text.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b []byte
	if t.total <= TailBytes {
		b = t.ring[:t.total]
	} else {
		at := t.total % TailBytes
		b = append(append(b, t.ring[at:]...), t.ring[:at]...)
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func lastLine(b []byte) string {
	b = bytes.TrimSpace(b)
	return string(b[bytes.LastIndexByte(b, '\n')+1:])
}
