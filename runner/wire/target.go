package wire

import (
	"fmt"
	"os"
	"strings"
)

// Target is a measured process in conversation: a connection and its memory.
// A linked workload, an agent in the user's program: all speak alike.
type Target struct {
	*Conn
	Memory *Memory
}

// NewTarget makes both ends; the returned files are what the process inherits,
// in the order in which Environment's value names them.
func NewTarget() (*Target, []*os.File, error) {
	memory, err := NewMemory()
	if err != nil {
		return nil, nil, err
	}
	conn, remote, err := Pair()
	if err != nil {
		memory.Close()
		return nil, nil, err
	}
	return &Target{Conn: conn, Memory: memory}, []*os.File{remote, memory.File()}, nil
}

// Close ends the conversation and gives the memory back.
func (t *Target) Close() {
	t.Conn.Close()
	t.Memory.Close()
}

// Identity is what a target says of itself in its hello.
type Identity struct {
	PID      int
	Runtime  string
	Dialect  string
	ServedBy string
	Version  string            // the allocator's own words
	Told     map[string]string // every line of the hello
}

// Hello waits for the target's first message.
func (t *Target) Hello() (Identity, error) {
	m, err := t.Expect(Hello)
	if err != nil {
		return Identity{}, err
	}
	return Identify(m)
}

// Identify reads a hello.
func Identify(m Message) (Identity, error) {
	if m.A != Version {
		return Identity{}, fmt.Errorf("the measured program speaks version %d of the wire, this lab version %d: build both again", m.A, Version)
	}
	told := Lines(m.Text, "=")
	id := Identity{Runtime: told["runtime"], Dialect: told["dialect"], ServedBy: told["served_by"], Version: told["allocator_version"], Told: told}
	if _, err := fmt.Sscan(told["pid"], &id.PID); err != nil {
		return Identity{}, fmt.Errorf("the hello gives no pid: %q", m.Text)
	}
	return id, nil
}

// Start names the workload and its parameters (in base units), waits until it
// is ready, and maps its memory.
func (t *Target) Start(workload string, parameters []string) error {
	text := "workload=" + workload + "\n" + strings.Join(parameters, "\n") + "\n"
	if err := t.Send(Message{Type: Go, Text: text}); err != nil {
		return err
	}
	if _, err := t.Expect(Ready); err != nil {
		return err
	}
	return t.Memory.Attach()
}

// Statistics is the allocator's statistics as text.
func (t *Target) Statistics() (string, error) {
	m, err := t.Ask(Stats, 0)
	if err != nil {
		return "", err
	}
	if m.B != 0 {
		return "", fmt.Errorf("the allocator's statistics do not fit into the window of %d bytes", t.Memory.head.WindowBytes)
	}
	b, err := t.Memory.Window(m.A)
	return string(b), err
}

// EachBlock calls f with every part of the block list, in the target's order.
// The slice is valid only during the call.
func (t *Target) EachBlock(f func([]Block)) error {
	for first := uint64(1); ; first = 0 {
		m, err := t.Ask(List, first)
		if err != nil {
			return err
		}
		blocks, err := t.Memory.Blocks(m.A)
		if err != nil {
			return err
		}
		f(blocks)
		if m.B == 0 {
			return nil
		}
	}
}

// Ranges is the memory that is no allocator's heap, in the target's own words.
func (t *Target) Ranges() ([]Region, error) {
	m, err := t.Ask(Regions, 0)
	if err != nil {
		return nil, err
	}
	regions, err := t.Memory.Regions(m.A)
	return append([]Region(nil), regions...), err
}

// Lines reads "name value" or "name=value" lines into a map.
func Lines(text, separator string) map[string]string {
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), separator); ok {
			lines[name] = value
		}
	}
	return lines
}
