package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// callgrinded is a process under callgrind, which dumps its counts at each
// stamp: what a part holds was executed between two of them, by all threads.
type callgrinded struct {
	tool process.Callgrind
	dir  string
}

// stampFunction is the kit's function that stamps.
const stampFunction = "kit_stamp"

func (c *callgrinded) memory() bool { return true }

// slower: threads take turns, each some 50 times slower.
func (c *callgrinded) slower() int { return 200 }

func (c *callgrinded) wrap(spec process.Spec) (process.Spec, error) {
	var err error
	if c.dir, err = os.MkdirTemp(spec.Dir, "callgrind-"); err != nil {
		return spec, err
	}
	return c.tool.Wrap(spec, filepath.Join(c.dir, "out"), filepath.Join(c.dir, "log"), stampFunction), nil
}

func (c *callgrinded) begun(*process.Process, *proc.Process) error { return nil }

func (c *callgrinded) end(t *trial, whole bool, stamped []string) error {
	if c.dir == "" {
		return nil
	}
	defer os.RemoveAll(c.dir)
	if !whole {
		if said := c.complaint(); said != "" {
			t.warn("valgrind: %s", said)
		}
		return nil
	}
	out, err := os.Open(filepath.Join(c.dir, "out"))
	if err != nil {
		return fmt.Errorf("callgrind left no counts: %w", err)
	}
	defer out.Close()
	parts, err := process.ReadCallgrind(out)
	if err != nil {
		return err
	}
	if len(parts) != len(stamped)+1 {
		return fmt.Errorf("callgrind's output has %d parts, and %d were due: does %s have its symbols?", len(parts), len(stamped)+1, t.variant.binary)
	}
	table := &results.Instructions{Tracer: c.tool.Version + " callgrind", Operations: t.operations}
	for i, phase := range phasesOf(stamped) {
		if i < len(stamped) != (parts[i].Trigger == "--dump-before="+stampFunction) {
			return errors.New("callgrind dumped a part at " + parts[i].Trigger + ", where no mark is")
		}
		table.Phases = append(table.Phases, results.InstructionPhase{Phase: phase, Count: parts[i].Instructions})
	}
	t.record.Instructions = table
	if value, ok := table.PerOperation(); ok {
		t.record.Metrics[results.MetricInstructions] = value
	} else {
		t.warn("the workload counts no operations, so there are no instructions per operation")
	}
	return nil
}

// complaint is the first line of valgrind's own words that says why it failed;
// most of what it writes is no complaint.
func (c *callgrinded) complaint() string {
	log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	for line := range strings.Lines(string(log)) {
		_, text, _ := strings.Cut(line, "== ")
		for _, word := range []string{"unhandled", "fatal", "did not recognise", "overflow", "can't", "out of memory", "impossible"} {
			if strings.Contains(strings.ToLower(text), word) {
				return strings.TrimSpace(text)
			}
		}
	}
	return ""
}
