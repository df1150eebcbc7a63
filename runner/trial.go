package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// trial is one measured process on its way from start to record.
type trial struct {
	plan.Trial
	cell      results.Cell
	variant   *variant
	limit     time.Duration
	rate      float64       // samples a second
	pollEvery time.Duration // between polls of a program's allocator; 0: none
	blocks    *census.Blocks
	cpus      []int

	newGroup func() (*process.Group, error)
	group    *process.Group
	stopped  func(mark string)    // see observer.stopped
	asleep   func() time.Duration // for tests: how long the machine has slept since boot; nil: suspended

	record   results.Trial
	heaps    results.HeapMaps
	process  *process.Process
	proc     *proc.Process
	target   *wire.Target
	clock    activeClock
	sampler  *sampler
	began    usage // at baseline
	work     work
	idleAt   float64 // active time of the idle mark
	children int

	placement  *placement // of a program; nil for a workload
	loadCPU    float64    // processor time of what drove it, seconds
	familyLost bool       // a process of the tree ended while it was measured
	poller     *poller    // of a program; nil where its allocator is not asked
	said       []results.Said
	agent      *agent    // in the program; nil where none is or it was lost
	reporter   *reporter // of the program's blocks; nil but in pass census
	images     int       // programs that ran in the process, one in another's place, as far as they were proved
	tracing    tracing   // nil but in passes syscalls and counts
	stamped    []string  // the marks that were stamped, in order
	operations int64     // of the workload, up to freed; traced trials only
	callRows   []results.CallRow
	patience   time.Duration // for its end once it was told to
}

// errInterrupted ends a trial because the user stops the run.
var errInterrupted = errors.New("interrupted")

// run measures. It always returns a record; what went wrong is in its status
// and warnings. Samples are nil where none were taken.
func (t *trial) run(ctx context.Context) (results.Trial, []results.Sample) {
	t.record.Started = time.Now().UTC().Format(time.RFC3339)
	t.record.Metrics = map[string]float64{}
	asleep := t.asleep
	if asleep == nil {
		asleep = suspended
	}
	before := asleep()
	start, converse := t.start, t.converse
	switch {
	case t.placement != nil:
		start, converse = t.startProgram, t.drive
	case t.tracing != nil:
		converse = t.converseTraced
	}
	err := start()
	if err == nil {
		err = converse(ctx)
	}
	var samples []results.Sample
	if t.poller != nil {
		var polled results.Polled
		t.said, polled = t.poller.finish()
		t.record.Polled = &polled
	}
	if t.sampler != nil {
		t.record.Sampler = t.sampler.finish()
		samples = t.sampler.series.Rows()
		if fall, ok := results.IdleFall(samples); ok {
			t.record.IdleFall = &fall
		}
	}
	if slept := asleep() - before; slept > 100*time.Millisecond && err == nil {
		err = fmt.Errorf("%w: the machine was suspended for %v in the middle of the trial", errDisturbed, slept.Round(time.Millisecond))
	}
	t.end(ctx, err)
	return t.record, samples
}

func (t *trial) start() error {
	target, files, err := wire.NewTarget()
	if err != nil {
		return err
	}
	t.target = target
	defer files[0].Close() // the memfd stays with the lab
	spec := t.variant.spec(t.cell.Runtime, files, t.cpus)
	if t.tracing != nil {
		t.limit *= time.Duration(t.tracing.slower())
		if spec, err = t.tracing.wrap(spec); err != nil {
			return err
		}
	}
	t.process, err = process.Start(spec)
	if err != nil {
		return err
	}
	if t.newGroup != nil {
		if t.group, err = t.newGroup(); err != nil {
			return err
		}
		if err := t.group.Add(t.process.Pid); err != nil {
			return err
		}
	}
	t.proc, err = proc.NewFS("/").Open(t.process.Pid)
	return err
}

// greet takes the target from hello to ready. The function that it returns
// ends its watch over the conversation.
func (t *trial) greet(ctx context.Context) (id wire.Identity, over func(), err error) {
	if err := t.target.SetDeadline(time.Now().Add(t.limit)); err != nil {
		return id, nil, err
	}
	stopWatching := context.AfterFunc(ctx, func() { _ = t.target.SetDeadline(time.Unix(1, 0)) })
	ended := make(chan struct{})
	over = func() {
		stopWatching()
		close(ended)
	}
	go func() { // a child that it left holds the wire open: what it has said by now is all
		select {
		case <-t.process.Done():
			_ = t.target.SetDeadline(time.Now().Add(lastWords))
		case <-ended:
		}
	}()
	if id, err = t.target.Hello(); err != nil {
		return id, over, err
	}
	if t.tracing != nil {
		if err := t.tracing.begun(t.process, t.proc); err != nil {
			return id, over, err
		}
	}
	if t.record.Proof, err = t.variant.prove(id, ""); err != nil {
		return id, over, err
	}
	parameters := append(parameterLines(t.cell.Params),
		fmt.Sprintf("seed=%d", t.record.Round), // every variant of a round draws the same numbers
		"pass="+t.Pass, fmt.Sprintf("purge_every=%.17g", t.variant.purgeEvery))
	return id, over, t.target.Start(t.cell.Workload, parameters)
}

// converse takes the target from hello to bye.
func (t *trial) converse(ctx context.Context) error {
	id, over, err := t.greet(ctx)
	if over != nil {
		defer over()
	}
	if err != nil {
		return err
	}
	o := &observer{target: t.target, process: t.process, proc: t.proc, dialect: allocators.Dialect(id.Dialect), blocks: t.blocks, stopped: t.stopped}
	for _, name := range []string{results.MarkBaseline, results.MarkHold, results.MarkFreed, results.MarkIdle} {
		arrived, err := t.arrival(o, name)
		if err != nil {
			return err
		}
		if err := t.mark(o, name, arrived, 0); err != nil {
			return err
		}
		if name != results.MarkIdle {
			if err := t.resume(name); err != nil {
				return err
			}
		}
	}
	if err := t.afterwards(o); err != nil {
		return err
	}
	if t.sampler.lost.Load() { // a series that ended early must not pass for a whole one
		return fmt.Errorf("%w: RSS could not be read any more while it ran", errDisturbed)
	}
	return t.target.Send(wire.Message{Type: wire.Bye})
}

// arrival waits until the target has come to the mark, and takes every look
// that it asks for on the way there.
func (t *trial) arrival(o *observer, name string) (time.Time, error) {
	for {
		m, err := t.target.Expect(wire.Mark)
		if err != nil {
			return time.Time{}, err
		}
		arrived := time.Now()
		t.clock.park(arrived)
		said, figures, _ := strings.Cut(m.Text, "\n")
		t.figures(figures)
		switch {
		case said == name:
			return arrived, nil
		case said != results.MarkLook || name == results.MarkBaseline || len(t.record.Looks) == results.MaxLooks:
			return time.Time{}, fmt.Errorf("the measured process came to mark %q where %q was due", said, name)
		}
		if err := t.look(o, name, arrived); err != nil {
			return time.Time{}, err
		}
	}
}

// look records one look in the middle of the phase that ends at a mark, and lets the target go on.
func (t *trial) look(o *observer, phase string, arrived time.Time) error {
	works := phase != results.MarkIdle // the work's own time is stopped for as long
	if works {
		if err := t.pauseWork(); err != nil {
			return err
		}
	}
	m, err := t.observe(o, results.MarkLook, arrived)
	if err != nil {
		return err
	}
	t.record.Looks = append(t.record.Looks, m)
	if works {
		now, err := t.usage()
		if err != nil {
			return err
		}
		t.work.resume(now)
	}
	t.clock.resume()
	return t.target.Send(wire.Message{Type: wire.Resume})
}

// mayUse are the processors that the trial's threads may run on.
func (t *trial) mayUse() []int {
	if t.cpus != nil {
		return t.cpus
	}
	return allowedCPUs()
}

// resume lets the target go on to the next mark.
func (t *trial) resume(from string) error {
	next := results.MarkOrder[slices.Index(results.MarkOrder, from)+1]
	if from == results.MarkBaseline {
		if err := t.begin(); err != nil {
			return err
		}
		t.sampler = startSampler(t.proc, nil, t.target.Memory, t.rate, &t.clock, next)
	} else {
		now, err := t.usage()
		if err != nil {
			return err
		}
		t.work.resume(now)
		t.sampler.setPhase(next)
		t.clock.resume()
	}
	return t.target.Send(wire.Message{Type: wire.Resume})
}

// begin starts the clock, at baseline.
func (t *trial) begin() (err error) {
	if t.began, err = t.usage(); err != nil {
		return err
	}
	t.work.resume(t.began)
	t.clock.start()
	return nil
}

// afterIdle are the marks that the lab leads to, each by a purge.
var afterIdle = []struct {
	mark    string
	command wire.Type // before the purge
}{{results.MarkPurged, 0}, {results.MarkFlushed, wire.Flush}, {results.MarkExited, wire.Retire}}

// afterwards is led by the lab: what does the allocator give back when told
// to, when each thread has emptied its cache, and when the threads have ended?
func (t *trial) afterwards(o *observer) error {
	for _, step := range afterIdle {
		t.sampler.setPhase(step.mark)
		t.clock.resume()
		if step.command != 0 {
			if _, _, ok, err := o.command(step.command); err != nil {
				return err
			} else if !ok {
				t.clock.park(time.Now())
				continue // the allocator has no such call: the mark is absent
			}
		}
		took, figures, ok, err := o.command(wire.Purge)
		if err != nil {
			return err
		}
		arrived := time.Now()
		t.clock.park(arrived)
		if !ok && step.mark == results.MarkPurged {
			continue // no purge, so nothing that could be shown here
		}
		t.figures(figures)
		if err := t.mark(o, step.mark, arrived, took); err != nil {
			return err
		}
	}
	return nil
}

// mark records one look at the parked target.
func (t *trial) mark(o *observer, name string, arrived time.Time, purge time.Duration) error {
	at, _ := t.clock.now()
	switch name {
	case results.MarkHold:
		if err := t.pauseWork(); err != nil {
			return err
		}
	case results.MarkFreed:
		if err := t.pauseWork(); err != nil {
			return err
		}
		t.measureWork(at)
	case results.MarkIdle:
		if err := t.measureFaults(); err != nil {
			return err
		}
	}
	m, err := t.observe(o, name, arrived)
	if err != nil {
		return err
	}
	m.PurgeSeconds = purge.Seconds()
	t.record.Marks = append(t.record.Marks, m)
	t.heaps.Marks = append(t.heaps.Marks, o.heaps)
	return nil
}

// observe looks at the parked target.
func (t *trial) observe(o *observer, name string, arrived time.Time) (results.Mark, error) {
	m := results.Mark{Name: name}
	m.T, _ = t.clock.now()
	if err := o.look(&m); err != nil {
		return m, err
	}
	if children, err := proc.NewFS("/").Descendants(t.process.Pid); err == nil && len(children) > t.children {
		t.children = len(children)
		t.warn("it has %d child processes at %s: their memory and time are in none of these figures", t.children, name)
	}
	m.Parked = time.Since(arrived).Seconds()
	if o.counted != m.Asked {
		t.warn("at %s the workload counts %d live bytes and lists %d", name, o.counted, m.Asked)
	}
	if m.Racy {
		t.warn("the ledger of %s disagrees with RSS by %d bytes, twice", name, m.Ledger.Total()-m.RSS)
	}
	return m, nil
}

func (t *trial) warn(format string, args ...any) {
	t.record.Warnings = append(t.record.Warnings, fmt.Sprintf(format, args...))
}

// parameterLines are a cell's parameters as the workload reads them: numbers
// in base units.
func parameterLines(params []results.Param) []string {
	lines := make([]string, 0, len(params)+1)
	for _, p := range params {
		value := p.Value
		if b, ok := value.(bool); ok {
			value = map[bool]int{true: 1}[b]
		}
		if f, ok := value.(float64); ok {
			lines = append(lines, fmt.Sprintf("%s=%.17g", p.Name, f))
			continue
		}
		lines = append(lines, fmt.Sprintf("%s=%v", p.Name, value))
	}
	return lines
}
