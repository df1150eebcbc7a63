package runner

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"alloclab/runner/wire"
)

// Descriptors under which a program inherits the agent's: out of the way of
// its own, and below the usual limit of 1024.
const (
	agentSocket = 900
	agentMemory = 901
)

// agentLimit is how long the agent may take for an answer: statistics of
// ptmalloc walk every free chunk.
const agentLimit = 30 * time.Second

var errAgentLost = errors.New("the agent in it answers no more")

// agent is the lab's side of the conversation with the agent in a user's
// program. What the program does to it is nobody's fault: it may close the
// socket, fork, or execute another program, whose agent then begins anew.
type agent struct {
	target *wire.Target
	hello  chan struct{} // one for each hello that has been dealt with
	exit   chan struct{} // closed when the program is about to end and waits for release
	gone   chan struct{} // closed when nothing is heard any more

	asking   sync.Mutex // one question at a time: marks and polls come from two goroutines
	mu       sync.Mutex
	silent   bool // it has left a question without an answer, and none could be told from the next one's
	identity wire.Identity
	images   int // programs that have said hello, one in another's place
	held     bool
	hold     bool                // keep the first one at its start until release
	atExit   bool                // the end is looked at
	pending  chan<- wire.Message // who waits for an answer
}

// newAgent makes both ends. hold keeps the program from its main until
// release; atExit keeps it at its end.
func newAgent(hold, atExit bool) (a *agent, files []*os.File, err error) {
	target, ends, err := wire.NewTarget()
	if err != nil {
		return nil, nil, err
	}
	files = make([]*os.File, agentSocket-3, agentMemory-2)
	a = &agent{target: target, hello: make(chan struct{}, 1), exit: make(chan struct{}), gone: make(chan struct{}), hold: hold, atExit: atExit}
	return a, append(files, ends...), nil
}

// environment tells the agent where the lab is, and in which process to speak.
func (a *agent) environment() string {
	return fmt.Sprintf("%s=%d:%d:agent:%d", wire.Environment, agentSocket, agentMemory, os.Getpid())
}

// listen takes in messages until the socket ends.
func (a *agent) listen() {
	defer close(a.gone)
	for {
		m, err := a.target.Receive()
		var fail *wire.FailError
		if err != nil && !errors.As(err, &fail) {
			return
		}
		switch m.Type {
		case wire.Hello:
			if a.greet(m) != nil {
				return
			}
		case wire.Mark:
			a.mu.Lock()
			wanted := a.atExit
			a.atExit = false
			a.mu.Unlock()
			if wanted {
				close(a.exit)
			} else if a.release() != nil {
				return
			}
		default:
			a.answer(m)
		}
	}
}

// greet deals with a program that has just started.
func (a *agent) greet(m wire.Message) error {
	id, err := wire.Identify(m)
	if err != nil {
		return err
	}
	a.answer(wire.Message{Type: wire.Hello}) // what the former one was asked is not answered any more
	if err := a.target.Send(wire.Message{Type: wire.Go, Text: "workload=program\n"}); err != nil {
		return err
	}
	if _, err := a.target.Expect(wire.Ready); err != nil {
		return err
	}
	a.mu.Lock()
	a.identity = id
	a.images++
	a.held = a.hold && a.images == 1
	held := a.held
	a.mu.Unlock()
	if !held {
		err = a.target.Send(wire.Message{Type: wire.Resume})
	}
	select {
	case a.hello <- struct{}{}:
	default:
	}
	return err
}

func (a *agent) answer(m wire.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending != nil {
		a.pending <- m
		a.pending = nil
	}
}

// release lets the program go on from where the agent holds it.
func (a *agent) release() error {
	return a.target.Send(wire.Message{Type: wire.Resume})
}

// said is who the agent says serves malloc, and how many programs have spoken.
func (a *agent) said() (wire.Identity, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.identity, a.images
}

// ask has the agent do something and hands its answer to use, while the
// memory is mapped.
func (a *agent) ask(command wire.Type, use func(wire.Message) error) error {
	a.asking.Lock()
	defer a.asking.Unlock()
	m, err := a.exchange(command, nil)
	if err != nil {
		return err
	}
	if err := a.target.Memory.Attach(); err != nil {
		return err
	}
	return errors.Join(use(m), a.target.Memory.Detach())
}

// exchange sends a command and waits for its answer, or until it is given up. Nobody else may ask meanwhile.
func (a *agent) exchange(command wire.Type, over <-chan struct{}) (wire.Message, error) {
	answer := make(chan wire.Message, 1)
	a.mu.Lock()
	lost := a.images == 0 || a.silent
	a.pending = answer
	a.mu.Unlock()
	if lost {
		return wire.Message{}, errAgentLost
	}
	if err := a.target.Send(wire.Message{Type: command}); err != nil {
		return wire.Message{}, fmt.Errorf("%w: %w", errAgentLost, err)
	}
	err := errAgentLost
	select {
	case m := <-answer:
		if m.Type != wire.Done {
			return m, fmt.Errorf("%w: it sent %s where done was due", errAgentLost, m.Type)
		}
		return m, nil
	case <-a.gone:
	case <-over:
	case <-time.After(agentLimit):
		err = fmt.Errorf("%w: no answer to %s within %v", errAgentLost, command, agentLimit)
	}
	a.mu.Lock()
	a.silent = true
	a.mu.Unlock()
	return wire.Message{}, err
}

// poll asks what the allocator says of itself while the program runs: text and the processor time that it took. "" where
// it cannot be asked then.
func (a *agent) poll(over <-chan struct{}) (text string, cost time.Duration, err error) {
	if id, _ := a.said(); id.Told["polls"] != "1" {
		return "", 0, nil
	}
	a.asking.Lock()
	defer a.asking.Unlock()
	m, err := a.exchange(wire.Poll, over)
	if err == nil && m.B != 0 {
		err = errors.New("the allocator's statistics do not fit into a message")
	}
	return m.Text, time.Duration(m.A), err
}

// statistics is the allocator's statistics as text; "" where the agent cannot
// speak for the program's threads.
func (a *agent) statistics() (text string, err error) {
	if id, _ := a.said(); id.Told["speaks"] == "0" {
		return "", nil
	}
	err = a.ask(wire.Stats, func(m wire.Message) error {
		if m.B != 0 {
			return errors.New("the allocator's statistics do not fit into the agent's window")
		}
		b, err := a.target.Memory.Window(m.A)
		text = string(b)
		return err
	})
	return text, err
}

// regions is the memory that is no allocator's heap, in the process's own words.
func (a *agent) regions() (all []wire.Region, err error) {
	err = a.ask(wire.Regions, func(m wire.Message) error {
		regions, err := a.target.Memory.Regions(m.A)
		all = append(all, regions...)
		return err
	})
	return all, err
}

// purge has the allocator give back what it can; false where it has no such
// call that one thread may make for all.
func (a *agent) purge() (took time.Duration, ok bool, err error) {
	err = a.ask(wire.Purge, func(m wire.Message) error {
		took, ok = time.Duration(m.A), m.B != 0
		return nil
	})
	return took, ok, err
}
