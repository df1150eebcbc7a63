package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// startProgram starts the user's program under its variant.
func (t *trial) startProgram() (err error) {
	p := t.placement
	if p.ReadyPort != 0 && answers(p.ReadyPort) {
		return fmt.Errorf("port %d is in use by another program: end that one, or give %s another port", p.ReadyPort, p.name)
	}
	if t.newGroup != nil { // before it starts: what it has touched and forked is not moved
		if t.group, err = t.newGroup(); err != nil {
			return err
		}
	}
	var files []*os.File
	environment := p.start()
	if t.Pass == results.PassCensus {
		environment = p.startCensus()
		if t.reporter, err = newReporter(); err != nil {
			return err
		}
	}
	if p.agent != "" {
		if t.agent, files, err = newAgent(p.atOnce(), p.endsItself()); err != nil {
			return err
		}
		t.target = t.agent.target
		defer files[agentSocket-3].Close() // the memory stays with the lab
		environment = append(environment, t.agent.environment())
	}
	if t.reporter != nil {
		files = ringFile(files, t.reporter.ring)
	}
	t.process, err = process.Start(process.Spec{
		Path: p.path, Args: p.Command[1:], Environment: environment, Dir: p.directory(), CPUs: t.cpus, Files: files, Line: p.ReadyLine, Group: t.group,
	})
	if err != nil {
		return err
	}
	if t.agent != nil {
		go t.agent.listen()
	}
	t.proc, err = proc.NewFS("/").Open(t.process.Pid)
	if err != nil && t.process.Wait(lastWords) {
		return t.ended("before it could be looked at")
	}
	return err
}

// answers says whether something on this machine accepts connections at a port.
func answers(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), time.Second); err == nil {
			c.Close()
			return true
		}
	}
	return false
}

// readyEvery is how often a program is asked whether it is ready.
const readyEvery = 5 * time.Millisecond

// awaitReady waits until the program is ready, and proves who serves malloc
// in it: from outside by what it has mapped, from inside by the agent's word.
func (t *trial) awaitReady(ctx context.Context) error {
	p := t.placement
	what, ready := t.readiness()
	for ticker := time.NewTicker(readyEvery); !ready(); {
		select {
		case <-t.process.Done():
			return t.ended("before " + what)
		case <-ctx.Done():
			return fmt.Errorf("%w: %v passed before %s", errNeverReady, t.limit, what)
		case <-ticker.C:
		}
	}
	if !t.hasMapped(p.library) {
		return fmt.Errorf("%w: %s is not mapped in it once it is ready: it, or a script before it, was started without the variant's environment", errPreloadFailed, p.library)
	}
	if t.agent == nil {
		return nil
	}
	if _, images := t.agent.said(); images == 0 {
		t.loseAgent(errors.New("it never spoke"))
	}
	return t.proveInside()
}

// readiness is what is waited for, in words and as a question. A program without a sign of its
// own is ready when its libraries are there: the agent speaks before its main.
func (t *trial) readiness() (what string, ready func() bool) {
	p := t.placement
	switch {
	case p.ReadyPort != 0:
		return fmt.Sprintf("port %d accepted a connection", p.ReadyPort), func() bool { return answers(p.ReadyPort) }
	case p.ReadyLine != "":
		return fmt.Sprintf("it printed %q", p.ReadyLine), func() bool {
			select {
			case <-t.process.Output.Said():
				return true
			default:
				return false
			}
		}
	case t.agent == nil:
		return "it had " + p.library + " mapped", func() bool { return t.hasMapped(p.library) }
	}
	began := time.Now()
	return "its libraries were loaded", func() bool {
		select {
		case <-t.agent.hello:
			return true
		default: // a program that lost the environment never says hello
			return time.Since(began) > silence && t.hasMapped(p.library)
		}
	}
}

// silence is how long an agent may be silent in a program that has its
// libraries mapped.
const silence = 2 * time.Second

// proveInside checks the agent's word on who serves malloc: of the program
// that runs now, which may be another than at the start.
func (t *trial) proveInside() error {
	if t.agent == nil {
		return nil
	}
	id, images := t.agent.said()
	if images == t.images {
		return nil
	}
	if t.images > 0 {
		t.warn("it executed another program in its place: what was measured before is of the former one")
	}
	t.images = images
	proof, err := t.placement.variant.prove(id, "")
	if err != nil {
		return err
	}
	if !same(id.ServedBy, t.placement.library) {
		return fmt.Errorf("%w: from inside %s serves malloc, not %s", errWrongAllocator, id.ServedBy, t.placement.library)
	}
	if t.placement.proof.Preloaded != "" {
		proof.Preloaded = proof.ServedBy
	}
	t.record.Proof = proof
	return nil
}

// loseAgent goes on without the agent.
func (t *trial) loseAgent(err error) {
	t.warn("the agent in it was lost (%v): statistics of the allocator and a purge are missing; memory is read from outside as before", err)
	t.agent = nil
}

// hasMapped says whether the measured process has a file mapped.
func (t *trial) hasMapped(path string) bool {
	mappings, err := t.proc.Maps()
	if err != nil {
		return false
	}
	return mapped(mappings)(path)
}

// mapped is a lookup of files among mappings, whatever links lead to them.
func mapped(mappings []proc.Mapping) func(path string) bool {
	return func(path string) bool {
		last := ""
		for _, m := range mappings {
			file := m.File()
			if file == "" || file == last {
				continue
			}
			last = file
			if file == path || same(file, path) {
				return true
			}
		}
		return false
	}
}
