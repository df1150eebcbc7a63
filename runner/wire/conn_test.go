package wire

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a connection and the target's raw end of it.
func pair(t *testing.T) (*Conn, *os.File) {
	t.Helper()
	c, remote, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); remote.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c, remote
}

// encode is a message as a target writes it.
func encode(m Message) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(m.Type))
	b = binary.NativeEndian.AppendUint32(b, uint32(len(m.Text)))
	b = binary.NativeEndian.AppendUint64(b, m.A)
	b = binary.NativeEndian.AppendUint64(b, m.B)
	return append(b, m.Text...)
}

func write(t *testing.T, f *os.File, b []byte) {
	t.Helper()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestSendAndReceive(t *testing.T) {
	c, remote := pair(t)
	for _, m := range []Message{
		{Type: Hello, A: 1, B: 1 << 63, Text: "pid=1\n"},
		{Type: Done},
		{Type: Mark, A: 3, Text: strings.Repeat("x", TextMax)},
		{Type: 4711, Text: "\x00\xff"},
	} {
		write(t, remote, encode(m))
		if got, err := c.Receive(); err != nil || got != m {
			t.Errorf("%v came as %v, %v", m.Type, got.Type, err)
		}
		if err := c.Send(m); err != nil {
			t.Fatal(err)
		}
		var b [headBytes + TextMax + 1]byte
		n, err := remote.Read(b[:])
		if err != nil || string(b[:n]) != string(encode(m)) {
			t.Errorf("%v was sent as %d bytes, %v", m.Type, n, err)
		}
	}
	if err := c.Send(Message{Type: Go, Text: strings.Repeat("x", TextMax+1)}); err == nil {
		t.Error("a message that is too long was sent")
	}
}

func TestMalformedMessages(t *testing.T) {
	c, remote := pair(t)
	long := encode(Message{Type: Mark, Text: "four"})
	binary.NativeEndian.PutUint32(long[4:], 5)
	short := encode(Message{Type: Mark, Text: "four"})
	binary.NativeEndian.PutUint32(short[4:], 3)
	huge := encode(Message{Type: Mark})
	binary.NativeEndian.PutUint32(huge[4:], 1<<32-1)
	for name, b := range map[string][]byte{
		"one byte": {1}, "a head less one byte": encode(Message{Type: Done})[:headBytes-1],
		"a length too great": long, "a length too small": short, "the greatest length": huge,
		"a datagram larger than any message": encode(Message{Type: Mark, Text: strings.Repeat("x", TextMax+1)}),
	} {
		write(t, remote, b)
		if m, err := c.Receive(); err == nil || errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "malformed") {
			t.Errorf("%s was read as %v, %v", name, m, err)
		}
	}
	// The connection is still in step: datagrams are whole.
	write(t, remote, encode(Message{Type: Ready}))
	if _, err := c.Expect(Ready); err != nil {
		t.Error(err)
	}
}

func TestExpect(t *testing.T) {
	c, remote := pair(t)
	write(t, remote, encode(Message{Type: Mark}))
	var unexpected *UnexpectedError
	if _, err := c.Expect(Ready); !errors.As(err, &unexpected) || unexpected.Want != Ready || unexpected.Got != Mark ||
		!strings.Contains(err.Error(), "mark (3)") || !strings.Contains(err.Error(), "ready") {
		t.Errorf("a mark instead of ready gives %v", err)
	}
	write(t, remote, encode(Message{Type: Fail, A: uint64(FailOutOfMemory), Text: "malloc(7) returned NULL"}))
	var fail *FailError
	if _, err := c.Expect(Mark); !errors.As(err, &fail) || fail.Kind != FailOutOfMemory || err.Error() != "malloc(7) returned NULL" {
		t.Errorf("a failure gives %v", err)
	}
	if got := Type(99).String(); got != "unknown message" {
		t.Error(got)
	}
}

func TestClosedConnection(t *testing.T) {
	c, remote := pair(t)
	write(t, remote, encode(Message{Type: Done, A: 7}))
	remote.Close()
	if m, err := c.Receive(); err != nil || m.A != 7 { // what was said before the end still counts
		t.Errorf("the last message before the end: %v, %v", m, err)
	}
	if _, err := c.Receive(); !errors.Is(err, ErrClosed) {
		t.Errorf("receiving from a closed target: %v", err)
	}
	if err := c.Send(Message{Type: Go}); !errors.Is(err, ErrClosed) {
		t.Errorf("sending to a closed target: %v", err)
	}
	// Unread bytes make the kernel answer ECONNRESET instead of an end.
	c, remote = pair(t)
	if err := c.Send(Message{Type: Go}); err != nil {
		t.Fatal(err)
	}
	remote.Close()
	if _, err := c.Receive(); !errors.Is(err, ErrClosed) {
		t.Errorf("receiving from a target that died with a message unread: %v", err)
	}
}

func TestDeadline(t *testing.T) {
	c, remote := pair(t)
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("receiving after the deadline: %v", err)
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	write(t, remote, encode(Message{Type: Ready}))
	if _, err := c.Expect(Ready); err != nil {
		t.Errorf("receiving after the deadline was lifted: %v", err)
	}
	// A deadline set by another goroutine wakes one that waits: this is how a run is interrupted.
	ended := make(chan error)
	go func() { _, err := c.Receive(); ended <- err }()
	if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a waiting receiver was woken with %v", err)
	}
}

// The target's end blocks, as C programs expect; and both are closed by exec.
func TestDescriptorFlags(t *testing.T) {
	c, remote := pair(t)
	raw, err := c.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	flags := func(fd uintptr) (status, descriptor int) {
		status, _ = unix.FcntlInt(fd, unix.F_GETFL, 0)
		descriptor, _ = unix.FcntlInt(fd, unix.F_GETFD, 0)
		return status, descriptor
	}
	if err := raw.Control(func(fd uintptr) {
		if s, d := flags(fd); s&unix.O_NONBLOCK == 0 || d&unix.FD_CLOEXEC == 0 {
			t.Errorf("the lab's end has flags %#x and %#x", s, d)
		}
	}); err != nil {
		t.Fatal(err)
	}
	raw, err = remote.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		if s, d := flags(fd); s&unix.O_NONBLOCK != 0 || d&unix.FD_CLOEXEC == 0 {
			t.Errorf("the target's end has flags %#x and %#x", s, d)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(encode(Message{Type: Hello, A: 1, Text: "pid=1\nruntime=c\n"}))
	f.Add(encode(Message{Type: Fail, A: 2, Text: "x"})[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decode(b)
		if err != nil {
			return
		}
		if string(encode(m)) != string(b) {
			t.Errorf("%x was read as %+v", b, m)
		}
		_ = m.Type.String()
		Lines(m.Text, "=")
	})
}
