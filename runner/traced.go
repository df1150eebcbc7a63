package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// tracing watches a measured process from outside, in passes syscalls and
// counts. Nobody else looks then: no sampler reads and no mark is examined, since both would
// show the tracer's work, and nothing may stop a process that is traced.
type tracing interface {
	// wrap puts the tracer before the program.
	wrap(process.Spec) (process.Spec, error)
	// begun is told that the process speaks, and so is traced.
	begun(*process.Process, *proc.Process) error
	// memory says that the tracer lives in the process and takes memory of its own there.
	memory() bool
	// slower is how many times longer a trial may take.
	slower() int
	// end takes what was traced, once the process has ended; stamped are the
	// marks in the order of their stamps. After an end that was not whole it only cleans up.
	end(t *trial, whole bool, stamped []string) error
}

// ToolError is a program that a pass needs and that cannot be used here.
type ToolError = process.ToolError

// tracers are the tools that the experiment's passes need.
type tracers struct {
	strace    process.Strace
	callgrind process.Callgrind
}

func findTracers(passes []string) (t tracers, err error) {
	for _, pass := range passes {
		if pass == results.PassSyscalls || pass == results.PassCounts {
			if t.strace, err = process.FindStrace(pass); err != nil {
				return t, err
			}
		}
		if pass == results.PassCounts {
			if t.callgrind, err = process.FindCallgrind(pass); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

// checkFixed refuses cells that pass counts cannot count.
func (s *session) checkFixed() error {
	if !slices.Contains(s.Experiment.Passes, results.PassCounts) {
		return nil
	}
	refuse := func(c results.Cell, remedy string) error {
		at := configs.Position{Line: 1, Column: 1}
		for _, w := range s.Experiment.Workloads {
			if w.Name == c.Workload {
				at = w.At
			}
		}
		return &configs.Error{File: s.Experiment.File, At: at, Key: "workload", Text: "pass counts needs fixed work in " + c.Name, Hint: remedy}
	}
	for _, c := range s.run.Cells {
		if !c.Takes(results.PassCounts) {
			continue
		}
		if c.Runtime == "go" {
			return refuse(c, "what the Go runtime does beside it depends on time; leave runtime out")
		}
		n, err := s.Binaries.Needs(c)
		if err != nil {
			return err
		}
		if n.Unfixed != "" {
			return refuse(c, n.Unfixed)
		}
	}
	return nil
}

// runPass carries out one attempt at a planned trial. In pass counts it is
// four processes that do the same work, one after the other: under strace and under callgrind,
// which has a process's memory calls to itself, and both again, to see whether the
// counts repeat. A failure of any is the trial's.
func (s *session) runPass(ctx context.Context, t *trial) (results.Trial, []results.Sample) {
	switch t.Pass {
	case results.PassSyscalls:
		t.tracing = &straced{tool: s.tracers.strace, timeLine: true}
	case results.PassCounts:
		t.tracing = &straced{tool: s.tracers.strace}
		record, _ := t.run(ctx)
		for _, tool := range []tracing{
			&callgrinded{tool: s.tracers.callgrind}, &straced{tool: s.tracers.strace}, &callgrinded{tool: s.tracers.callgrind},
		} {
			if record.Status != results.StatusOK {
				break
			}
			next := s.trial(t.Trial)
			next.record.Attempt = t.record.Attempt
			if next.tracing = tool; tool.memory() {
				next.newGroup = nil // a limit is for the workload, and valgrind's own memory is many times that
			}
			counted, _ := next.run(ctx)
			record = together(record, counted)
		}
		return record, nil
	}
	return t.run(ctx)
}

// together adds to a trial what another process counted for it. What that has
// counted before is counted again.
func together(t, more results.Trial) results.Trial {
	if more.Status != results.StatusOK {
		return more
	}
	for name, value := range more.Metrics {
		if _, known := t.Metrics[name]; !known {
			t.Metrics[name] = value
			continue
		}
		if t.Again == nil {
			t.Again = map[string]float64{}
		}
		t.Again[name] = value
	}
	if t.Instructions == nil {
		t.Instructions = more.Instructions
	}
	for _, w := range more.Warnings {
		if !slices.Contains(t.Warnings, w) {
			t.Warnings = append(t.Warnings, w)
		}
	}
	return t
}

// converseTraced takes a traced target from hello to bye. Each mark is stamped
// while all threads are parked, and left at once.
func (t *trial) converseTraced(ctx context.Context) error {
	_, over, err := t.greet(ctx)
	if over != nil {
		defer over()
	}
	if err != nil {
		return err
	}
	for _, name := range []string{results.MarkBaseline, results.MarkHold, results.MarkFreed, results.MarkIdle} {
		m, err := t.target.Expect(wire.Mark)
		for err == nil && strings.HasPrefix(m.Text, results.MarkLook) { // nothing is looked at here
			if err = t.target.Send(wire.Message{Type: wire.Resume}); err == nil {
				m, err = t.target.Expect(wire.Mark)
			}
		}
		if err != nil {
			return err
		}
		said, figures, _ := strings.Cut(m.Text, "\n")
		if said != name {
			return fmt.Errorf("the measured process came to mark %q where %q was due", said, name)
		}
		t.figures(figures)
		if err := t.stamp(name); err != nil {
			return err
		}
		if name == results.MarkFreed {
			for _, w := range t.target.Memory.Telemetry().Work {
				t.operations += int64(w.Operations)
			}
			if t.Pass == results.PassCounts {
				return t.target.Send(wire.Message{Type: wire.Bye}) // what follows depends on time
			}
		}
		if name != results.MarkIdle {
			if err := t.target.Send(wire.Message{Type: wire.Resume}); err != nil {
				return err
			}
		}
	}
	for _, step := range afterIdle {
		if step.command != 0 {
			m, err := t.target.Ask(step.command, 0)
			if err != nil {
				return err
			}
			if m.B == 0 {
				continue // the allocator has no such call
			}
		}
		m, err := t.target.Ask(wire.Purge, 0)
		if err != nil {
			return err
		}
		if m.B == 0 && step.mark == results.MarkPurged {
			continue
		}
		if err := t.stamp(step.mark); err != nil {
			return err
		}
	}
	return t.target.Send(wire.Message{Type: wire.Bye})
}

// stamp has the target show the tracer that it is at a mark.
func (t *trial) stamp(mark string) error {
	m, err := t.target.Ask(wire.Stamp, uint64(len(t.stamped)))
	if err != nil {
		return err
	}
	if m.B == 0 {
		return errors.New("the kernel refused the system call that stamps a mark: madvise of no bytes")
	}
	t.stamped = append(t.stamped, mark)
	return nil
}

// phasesOf names the phases that stamps end, and the one after the last.
func phasesOf(stamped []string) []string {
	var phases []string
	for i, mark := range stamped {
		if i == 0 {
			mark = results.PhaseStart
		}
		phases = append(phases, mark)
	}
	return append(phases, results.PhaseEnd)
}
