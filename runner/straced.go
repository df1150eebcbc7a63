package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// straced is a process under strace. The log is a named pipe that is read
// while the process runs: a million calls take no room on the disk, and the
// pipe's end is the tracer's.
type straced struct {
	tool     process.Strace
	timeLine bool // keep each call for the time line
	path     string
	hold     *os.File // keeps the pipe open until strace has
	read     chan struct{}
	calls    callCounter
	err      error
}

func (s *straced) memory() bool { return false }

func (s *straced) slower() int { return 10 }

func (s *straced) wrap(spec process.Spec) (process.Spec, error) {
	dir, err := os.MkdirTemp(spec.Dir, "strace-")
	if err != nil {
		return spec, err
	}
	s.path = filepath.Join(dir, "log")
	if err := unix.Mkfifo(s.path, 0o600); err != nil {
		return spec, fmt.Errorf("a pipe for strace: %w", err)
	}
	log, err := os.OpenFile(s.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return spec, err
	}
	if s.hold, err = os.OpenFile(s.path, os.O_WRONLY, 0); err != nil {
		return spec, errors.Join(err, log.Close())
	}
	s.read = make(chan struct{})
	s.calls.timeLine = s.timeLine
	go func() {
		defer close(s.read)
		defer log.Close()
		s.err = s.calls.readAll(log)
	}()
	return s.tool.Wrap(spec, s.path), nil
}

// begun: strace opens its log before it starts the program.
func (s *straced) begun(p *process.Process, held *proc.Process) error {
	_ = s.hold.Close()
	s.hold = nil
	status, err := held.Status()
	if err != nil {
		return err
	}
	if status.TracerPid == 0 {
		return errors.New("the process runs without strace, which should trace it")
	}
	p.Adopt(status.TracerPid)
	return nil
}

// straceLimit is how long strace may take to end after the process has.
const straceLimit = 10 * time.Second

func (s *straced) end(t *trial, whole bool, stamped []string) error {
	if s.path == "" {
		return nil
	}
	defer os.RemoveAll(filepath.Dir(s.path))
	if s.hold != nil {
		_ = s.hold.Close()
	}
	if s.read == nil {
		return nil
	}
	select {
	case <-s.read:
	case <-time.After(straceLimit):
		return errors.New("strace did not end with the process that it traced")
	}
	if !whole {
		return nil
	}
	if s.err != nil {
		return s.err
	}
	table, rows, err := s.calls.table(stamped)
	if err != nil {
		return err
	}
	table.Tracer, table.Operations = s.tool.Version, t.operations
	t.record.Syscalls, t.callRows = table, rows
	if value, ok := table.PerOperation(); ok {
		t.record.Metrics[results.MetricMemoryCalls] = value
	}
	if table.Unfinished > 0 {
		t.warn("strace did not see the end of %d system calls: they are in no count", table.Unfinished)
	}
	return nil
}

// callCounter sorts calls into phases.
type callCounter struct {
	timeLine   bool
	phases     []phaseCalls // the last is not ended
	stamps     int
	brk        uint64
	unfinished int
	series     results.CallSeries
}

type phaseCalls struct {
	counts map[[2]string]*results.SyscallCount
	end    float64 // by the log's clock
}

// readAll reads a log to its end. What comes after a fault is read all the
// same, so that strace never waits for a reader.
func (c *callCounter) readAll(r io.Reader) error {
	log := process.NewStraceLog(r)
	c.phases = []phaseCalls{{counts: map[[2]string]*results.SyscallCount{}}}
	for {
		call, err := log.Next()
		if errors.Is(err, io.EOF) {
			c.unfinished = log.Unfinished()
			return nil
		}
		if err == nil {
			err = c.add(call)
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, r)
			return err
		}
	}
}

func (c *callCounter) add(call process.Call) error {
	if call.Result == "?" {
		return nil // the process ended in it
	}
	now := &c.phases[len(c.phases)-1]
	if number, ok := stampOf(call); ok {
		if number != c.stamps {
			return fmt.Errorf("strace's log has stamp %d where %d was due", number, c.stamps)
		}
		c.stamps++
		now.end = call.Time
		c.phases = append(c.phases, phaseCalls{counts: map[[2]string]*results.SyscallCount{}})
		return nil
	}
	how, bytes, failed, err := c.effect(call)
	if err != nil {
		return fmt.Errorf("strace's log: %s(%s): %w", call.Name, strings.Join(call.Args, ", "), err)
	}
	one := results.SyscallCount{Call: call.Name, How: how, Count: 1, Bytes: bytes}
	if failed {
		one.Errors, one.Bytes = 1, 0
	}
	key := [2]string{call.Name, how}
	sum := now.counts[key]
	if sum == nil {
		sum = &results.SyscallCount{Call: call.Name, How: how}
		now.counts[key] = sum
	}
	sum.Count, sum.Errors, sum.Bytes = sum.Count+1, sum.Errors+one.Errors, sum.Bytes+one.Bytes
	if c.timeLine && c.stamps > 0 {
		// The phase is known by its stamp, which is to come: its number stands for it.
		c.series.Add(results.CallRow{T: call.Time - c.phases[0].end, Phase: strconv.Itoa(c.stamps), SyscallCount: one})
	}
	return nil
}

// stampOf is the number of a stamp.
func stampOf(call process.Call) (int, bool) {
	if call.Name != "madvise" || len(call.Args) != 3 || call.Args[1] != "0" {
		return 0, false
	}
	address, err := strconv.ParseUint(call.Args[0], 0, 64)
	if err != nil || address < wire.StampAddress || (address-wire.StampAddress)%wire.StampStep != 0 {
		return 0, false
	}
	number := (address - wire.StampAddress) / wire.StampStep
	return int(number), number < 64
}

// effect says how a call was meant, for how many bytes, and whether it failed.
func (c *callCounter) effect(call process.Call) (how string, bytes int64, failed bool, err error) {
	length := func(i int) int64 {
		n, bad := strconv.ParseUint(argument(call, i), 0, 63)
		if bad != nil {
			err = fmt.Errorf("argument %d is no length", i+1)
		}
		return int64(n)
	}
	failed = call.Errno != ""
	switch call.Name {
	case "brk":
		return c.breakMoved(call)
	case "mmap", "mmap2":
		how = argument(call, 2)
		if !strings.Contains(argument(call, 3), "MAP_ANON") {
			how = strings.TrimPrefix(how+" file", " ")
		}
		bytes = length(1)
	case "mprotect", "pkey_mprotect", "madvise":
		how, bytes = argument(call, 2), length(1)
	case "mremap":
		from, to := length(1), length(2)
		how, bytes = "grow", to-from
		if to < from {
			how, bytes = "shrink", from-to
		}
	default: // munmap, and what programs ask for beside these
		if len(call.Args) > 1 {
			if n, bad := strconv.ParseUint(call.Args[1], 0, 63); bad == nil {
				bytes = int64(n)
			}
		}
	}
	return how, bytes, failed, err
}

// breakMoved reads brk, which returns the break that is and fails in silence.
func (c *callCounter) breakMoved(call process.Call) (how string, bytes int64, failed bool, err error) {
	is, err := strconv.ParseUint(call.Result, 0, 63)
	if err != nil {
		return "", 0, false, fmt.Errorf("returned %q, which is no address", call.Result)
	}
	before := c.brk
	c.brk = is
	asked := argument(call, 0)
	if asked == "NULL" {
		return "query", 0, false, nil
	}
	to, err := strconv.ParseUint(asked, 0, 63)
	switch {
	case err != nil:
		return "", 0, false, fmt.Errorf("%q is no address", asked)
	case to >= before:
		return "grow", int64(is) - int64(min(before, is)), to != is, nil
	default:
		return "shrink", int64(before) - int64(min(before, is)), to != is, nil
	}
}

func argument(call process.Call, i int) string {
	if i < len(call.Args) {
		return call.Args[i]
	}
	return ""
}

// table is what was counted, by phases named after their stamps.
func (c *callCounter) table(stamped []string) (*results.Syscalls, []results.CallRow, error) {
	if c.stamps != len(stamped) {
		return nil, nil, fmt.Errorf("strace's log has %d stamps of %d", c.stamps, len(stamped))
	}
	table := &results.Syscalls{Unfinished: int64(c.unfinished)}
	names := phasesOf(stamped)
	for i, p := range c.phases {
		phase := results.SyscallPhase{Phase: names[i], End: p.end - c.phases[0].end, Calls: []results.SyscallCount{}}
		if i == len(names)-1 {
			phase.End = table.Phases[i-1].End // nothing delimits it
		}
		for _, count := range p.counts {
			phase.Calls = append(phase.Calls, *count)
		}
		slices.SortFunc(phase.Calls, func(a, b results.SyscallCount) int {
			return strings.Compare(a.Call+" "+a.How, b.Call+" "+b.How)
		})
		table.Phases = append(table.Phases, phase)
	}
	rows := c.series.Rows()
	for i := range rows {
		number, _ := strconv.Atoi(rows[i].Phase)
		rows[i].Phase = names[number]
	}
	return table, rows, nil
}
