// Package runner carries out an experiment: it plans, starts one measured
// process after the other, looks at each, and is the only writer of a run
// directory. It knows no chart and judges nothing.
package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// Options says what to run and where.
type Options struct {
	Experiment *configs.Experiment
	Catalog    configs.Catalog
	Binaries   Binaries
	Dir        string // of the run
	Resume     bool   // Dir holds an unfinished run, to be completed in its own order; else it must hold none
	Tool       string // version of alloclab
	SampleRate float64
	PollEvery  time.Duration // how often a program's allocator is asked what it holds; 0: never
	Force      bool          // go on where memory looks too small
	// Enough is asked after each round whether the rest of its pass may be left
	// out. It may be nil: then all is measured. A round is all cells and variants once.
	Enough func(pass string, round int) bool
	// Progress is told of each trial's end; it may be nil.
	Progress func(done, total int, t *results.Trial)
	// Note is told what the user should know before figures are believed; it may be nil.
	Note func(text string)
}

// DefaultRate is how often RSS is sampled, per second. Above 200 the sampler
// can be felt: at 1000 it cost 5 % on two busy cores.
const DefaultRate = 100

// Run carries out the experiment. What has been measured stays, whatever ends the
// run; an error says why not all trials were measured.
func Run(ctx context.Context, o Options) (*results.Run, error) {
	made := false
	if !o.Resume {
		var err error
		if made, err = makeRunDirectory(o.Dir); err != nil {
			return nil, unfit(err)
		}
	}
	release, err := lock(o.Dir)
	if err != nil {
		return nil, unfit(err)
	}
	defer release()
	stage, err := newStage()
	if err != nil {
		return nil, &UnfitError{err}
	}
	defer os.RemoveAll(stage)

	s := &session{Options: o, blocks: census.NewBlocks(os.Getpagesize())}
	if err := s.prepare(ctx, stage); err != nil {
		if made { // nothing was measured: nothing is left
			_ = os.RemoveAll(o.Dir)
		}
		return nil, err
	}
	if o.Resume {
		if err := s.takeUp(); err != nil {
			return nil, err
		}
	}
	if err := results.WriteRun(o.Dir, s.run); err != nil {
		return nil, err
	}
	return &s.run, s.measure(ctx)
}

// makeRunDirectory makes the directory, and says whether there was none. One
// that holds a run already is refused: its trials are of another plan.
func makeRunDirectory(dir string) (made bool, err error) {
	_, err = os.Stat(dir)
	made = errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(filepath.Join(dir, results.SamplesDir), 0o755); err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(dir, results.RunFile)); err == nil {
		return false, fmt.Errorf("%s holds a run already: choose another directory with --out, or remove it", dir)
	}
	return made, nil
}

// UnfitError says that this machine, and not what the user wrote, stands in the way.
type UnfitError struct{ error }

func (e *UnfitError) Unwrap() error { return e.error }

// unfit tells what the system refuses from what was named wrongly.
func unfit(err error) error {
	for _, refusal := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, refusal) {
			return &UnfitError{err}
		}
	}
	return err
}

// session is one run in progress.
type session struct {
	Options
	run        results.Run
	plan       []plan.Trial
	done       map[int]bool // trials that need not be run: a resumed run has them
	variants   map[string]*variant
	machine    results.Machine
	blocks     *census.Blocks
	starvedRow int
	leftOut    []int                            // trials that Enough made needless
	newGroup   func() (*process.Group, error)   // nil where no control group can be made
	programs   map[string]map[string]*placement // by cell and variant
	tracers    tracers
}

func (s *session) note(format string, args ...any) {
	if s.Note != nil {
		s.Note(fmt.Sprintf(format, args...))
	}
}

// prepare does all that can fail before the first round: libraries, knobs and
// proofs of every variant, the plan, the machine.
func (s *session) prepare(ctx context.Context, stage string) error {
	e := s.Experiment
	var err error
	if s.tracers, err = findTracers(e.Passes); err != nil {
		return err
	}
	if _, leftOut := process.Environment(); len(leftOut) > 0 {
		s.note("variables of your environment that would change an allocator are left out: %v", leftOut)
	}
	if _, err := os.Lstat("/etc/malloc.conf"); err == nil {
		s.note("/etc/malloc.conf exists: every jemalloc reads it. Its settings are among the effective knobs")
	}
	s.variants = map[string]*variant{}
	var labels []string
	for _, c := range e.Variants {
		v, err := resolve(c, s.Binaries, stage)
		if err != nil {
			return fmt.Errorf("%s:%d:%d: variant %s: %w", e.File, c.At.Line, c.At.Column, c.Label, err)
		}
		if _, err := v.dryStart(ctx); err != nil {
			return fmt.Errorf("%s:%d:%d: %w", e.File, c.At.Line, c.At.Column, err)
		}
		s.variants[c.Label] = v
		labels = append(labels, c.Label)
		s.run.Variants = append(s.run.Variants, v.Variant)
	}
	s.run.Cells = plan.Cells(e, kindOf(s.Catalog))
	if err := enoughCPUs(s.run.Cells); err != nil {
		return err
	}
	if err := s.checkFixed(); err != nil {
		return err
	}
	host, err := proc.NewFS("/").Host()
	if err != nil {
		return err
	}
	room := memoryRoom(host)
	if e.MemoryLimit > 0 {
		room = min(room, e.MemoryLimit)
	}
	if err := s.place(stage); err != nil {
		return err
	}
	most, err := largest(s.run.Cells, s.Binaries, room, s.Experiment.TimeLimit, s.Force)
	if err != nil {
		return err
	}
	if err := warmMemory(min(most, room)); err != nil {
		return err
	}
	s.capMemory(host.Cgroup, room)
	s.plan = plan.Order(s.run.Cells, labels, e.Rounds, e.Passes, e.Seed)
	return s.describe()
}

// capMemory arranges for each trial to run in a memory control group, so that
// a workload that grows beyond the machine is killed alone and is known to
// have been.
func (s *session) capMemory(c proc.Cgroup, room int64) {
	version := c.Controllers["memory"]
	if s.Experiment.MemoryLimit > 0 && !c.Writable {
		s.note("memory_limit is not kept: no control group can be made here")
	}
	if !c.Writable || c.MemoryDir == "" || version == "" {
		s.note("no control group can be made here: a trial that runs out of memory can only be suspected of it")
		return
	}
	s.newGroup = func() (*process.Group, error) { return process.NewGroup(c.MemoryDir, version, room) }
	process.RemoveStale(c.MemoryDir)
	if g, err := s.newGroup(); err != nil {
		s.newGroup = nil
		s.note("no control group can be made here (%v): a trial that runs out of memory can only be suspected of it", err)
	} else {
		g.Remove()
	}
}

// describe fills in what run.json says of the run.
func (s *session) describe() error {
	e := s.Experiment
	fingerprint, boot, err := fingerprint(s.variants, s.programs)
	if err != nil {
		return err
	}
	if s.tracers.callgrind.Version != "" { // it decides which of libc's functions serve, as a CPU does
		fingerprint.Counts["valgrind"], fingerprint.Counts["strace"] = s.tracers.callgrind.Version, s.tracers.strace.Version
	}
	hash, err := plan.Hash(s.run.Variants, s.run.Cells, s.plan)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(s.plan)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	s.run.Run = fmt.Sprintf("%s-%s-%05d", e.Name, now.Format("20060102T150405"), os.Getpid())
	s.run.Created = now.Format(time.RFC3339)
	s.run.Tool = s.Tool
	s.run.Experiment = results.Experiment{Name: e.Name, File: e.File, Source: string(e.Source), Remedies: e.Remedies}
	s.run.Plan, s.run.PlanHash = encoded, hash
	s.run.Seed, s.run.Rounds, s.run.Passes = e.Seed, e.Rounds, e.Passes
	s.run.Fingerprint, s.run.BootID = fingerprint, boot
	s.machine = results.Machine{
		Memory: fingerprint.Hash(results.ScopeMemory), Time: fingerprint.Hash(results.ScopeTime), Counts: fingerprint.Hash(results.ScopeCounts),
	}
	return nil
}

// measure runs the trials in the plan's order.
func (s *session) measure(ctx context.Context) (err error) {
	appender, torn, err := results.OpenAppender(filepath.Join(s.Dir, results.TrialsFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, appender.Close()) }()
	if torn != nil {
		s.note("%s", torn)
	}
	var last plan.Trial
	enough := map[string]bool{}
	for i, p := range s.plan {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if s.Enough != nil && last.Pass == p.Pass && last.Round < p.Round && !enough[p.Pass] {
			enough[p.Pass] = s.Enough(last.Pass, last.Round)
		}
		if last = p; enough[p.Pass] {
			s.leftOut = append(s.leftOut, p.Trial)
			continue
		}
		if s.done[p.Trial] {
			continue
		}
		record, err := s.attempt(ctx, p, appender)
		if err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(i+1, len(s.plan), &record)
		}
	}
	if ctx.Err() != nil || len(s.leftOut) == 0 {
		return ctx.Err()
	}
	return s.shorten()
}

// shorten takes trials that were not needed out of the plan that run.json holds,
// so that the run is whole without them. The plan's hash stays: it is what trials
// carry.
func (s *session) shorten() error {
	s.plan = slices.DeleteFunc(s.plan, func(p plan.Trial) bool { return slices.Contains(s.leftOut, p.Trial) })
	s.run.Rounds = 0
	for _, p := range s.plan {
		s.run.Rounds = max(s.run.Rounds, p.Round)
	}
	var err error
	if s.run.Plan, err = json.Marshal(s.plan); err != nil {
		return err
	}
	return results.WriteRun(s.Dir, s.run)
}

// Repeats of starved trials: how many attempts one trial gets, and after how many
// trials in a row that stayed starved the lab gives the machine up.
const (
	attempts    = 3
	hopelessRow = 2
)

// attempt carries out one trial and records every attempt. One that did not
// get the processor is repeated, as long as this machine gives hope.
func (s *session) attempt(ctx context.Context, p plan.Trial, appender *results.Appender) (results.Trial, error) {
	for n := 1; ; n++ {
		t := s.trial(p)
		if n > 1 {
			t.record.Attempt = n
		}
		record, samples := s.runPass(ctx, t)
		if samples != nil && (n == 1 || record.Status != results.StatusInterrupted) { // those of the attempt that stands
			if err := results.WriteSamples(results.SamplesPath(s.Dir, p.Trial), samples); err != nil {
				return record, err
			}
		}
		if len(t.said) > 0 && (n == 1 || record.Status != results.StatusInterrupted) {
			if err := results.WriteSaid(results.SaidPath(s.Dir, p.Trial), t.said); err != nil {
				return record, err
			}
		}
		if len(t.heaps.Marks) > 0 && p.Pass == results.PassTime && (n == 1 || record.Status != results.StatusInterrupted) {
			if err := results.WriteHeapMaps(s.Dir, &t.heaps); err != nil {
				return record, err
			}
		}
		if t.callRows != nil {
			if err := results.WriteCalls(results.CallsPath(s.Dir, p.Trial), t.callRows); err != nil {
				return record, err
			}
		}
		if err := appender.Append(&record); err != nil {
			return record, err
		}
		switch {
		case record.Status != results.StatusOK || !record.Starved():
			s.starvedRow = 0
			return record, nil
		case s.starvedRow >= hopelessRow:
			return record, nil
		case n == attempts:
			if s.starvedRow++; s.starvedRow == hopelessRow {
				s.note("others use the processors so much that %d trials in a row stayed starved after %d attempts: no more are repeated", hopelessRow, attempts)
			}
			return record, nil
		}
	}
}

func (s *session) trial(p plan.Trial) *trial {
	cell, v := *s.run.Cell(p.Cell), s.variants[p.Variant]
	t := &trial{Trial: p, cell: cell, variant: v, placement: s.programs[p.Cell][p.Variant], patience: exitLimit, limit: s.Experiment.TimeLimit, rate: s.SampleRate, pollEvery: s.PollEvery, blocks: s.blocks, cpus: affinity(cell.CPUs), newGroup: s.newGroup}
	t.heaps = results.HeapMaps{V: results.Version, Trial: p.Trial, PageSize: int64(os.Getpagesize())}
	t.record = results.Trial{
		V: results.Version, Run: s.run.Run, Plan: s.run.PlanHash, Machine: s.machine,
		Trial: p.Trial, Cell: p.Cell, Workload: cell.Workload, Runtime: cell.Runtime, Params: map[string]any{},
		Variant: v.Label, Allocator: v.allocator.Name, Knobs: v.Knobs, Round: p.Round, Pass: p.Pass,
		Marks: []results.Mark{}, Warnings: []string{},
	}
	for _, param := range cell.Params {
		t.record.Params[param.Name] = param.Value
	}
	if cell.Runtime == "go" {
		t.warn("the Go runtime runs beside the workload: some of the threads, arenas and memory are its own")
	}
	return t
}
