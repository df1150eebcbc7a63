package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrClosed is returned when the target has closed its side: it ended.
var ErrClosed = errors.New("the measured process closed its connection")

// FailError is what a target said when it gave up.
type FailError struct {
	Kind FailKind
	Text string
}

func (e *FailError) Error() string { return e.Text }

// UnexpectedError is a message that does not belong where it came.
type UnexpectedError struct{ Want, Got Type }

func (e *UnexpectedError) Error() string {
	return fmt.Sprintf("the measured process sent %s (%d) where %s was due", e.Got, uint32(e.Got), e.Want)
}

// Conn is the lab's end of the socket.
type Conn struct {
	file *os.File // non-blocking, so that deadlines work
	buf  [headBytes + TextMax]byte
}

const headBytes = 24

// Pair makes a connected pair: the lab's end, and the descriptor that the
// target inherits, which the caller closes once the target runs.
func Pair() (*Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, fmt.Errorf("setting a socket non-blocking: %w", err)
	}
	return &Conn{file: os.NewFile(uintptr(fds[0]), "lab")}, os.NewFile(uintptr(fds[1]), "target"), nil
}

// Close ends the conversation; a target that waits for a command exits.
func (c *Conn) Close() error { return c.file.Close() }

// SetDeadline bounds every later Send and Receive; the zero time lifts it.
func (c *Conn) SetDeadline(t time.Time) error { return c.file.SetDeadline(t) }

// Send sends one message.
func (c *Conn) Send(m Message) error {
	if len(m.Text) > TextMax {
		return fmt.Errorf("%s message of %d bytes is longer than %d", m.Type, len(m.Text), TextMax)
	}
	b := make([]byte, headBytes, headBytes+len(m.Text))
	binary.NativeEndian.PutUint32(b, uint32(m.Type))
	binary.NativeEndian.PutUint32(b[4:], uint32(len(m.Text)))
	binary.NativeEndian.PutUint64(b[8:], m.A)
	binary.NativeEndian.PutUint64(b[16:], m.B)
	if _, err := c.file.Write(append(b, m.Text...)); err != nil {
		if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
			return ErrClosed
		}
		return fmt.Errorf("sending %s: %w", m.Type, err)
	}
	return nil
}

// Receive waits for one message. A Fail comes as a *FailError.
func (c *Conn) Receive() (Message, error) {
	n, err := c.file.Read(c.buf[:])
	if n == 0 {
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) {
			return Message{}, ErrClosed
		}
		return Message{}, fmt.Errorf("receiving: %w", err)
	}
	m, err := decode(c.buf[:n])
	if err != nil {
		return Message{}, err
	}
	if m.Type == Fail {
		return m, &FailError{Kind: FailKind(m.A), Text: m.Text}
	}
	return m, nil
}

func decode(b []byte) (Message, error) {
	if len(b) < headBytes {
		return Message{}, fmt.Errorf("malformed message of %d bytes", len(b))
	}
	m := Message{
		Type: Type(binary.NativeEndian.Uint32(b)),
		A:    binary.NativeEndian.Uint64(b[8:]),
		B:    binary.NativeEndian.Uint64(b[16:]),
	}
	if length := binary.NativeEndian.Uint32(b[4:]); int(length) != len(b)-headBytes {
		return Message{}, fmt.Errorf("malformed %s message: it says %d bytes of text and has %d", m.Type, length, len(b)-headBytes)
	}
	m.Text = string(b[headBytes:])
	return m, nil
}

// Expect receives one message, which must be of that type.
func (c *Conn) Expect(want Type) (Message, error) {
	m, err := c.Receive()
	if err == nil && m.Type != want {
		err = &UnexpectedError{Want: want, Got: m.Type}
	}
	return m, err
}

// Ask sends a command and waits until it is done.
func (c *Conn) Ask(command Type, a uint64) (Message, error) {
	if err := c.Send(Message{Type: command, A: a}); err != nil {
		return Message{}, err
	}
	return c.Expect(Done)
}
