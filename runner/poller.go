package runner

import (
	"errors"
	"sync"
	"time"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/census"
)

// DefaultPoll is how often the allocator of a user's program is asked what it
// holds while that runs. A question takes jemalloc 40 to 60 us and tcmalloc some
// 20 of the program's processor time (docs/programs.md): at this rate less than 1 part in 10,000.
const DefaultPoll = time.Second

// poller asks the allocator of a program what it says of itself, again and
// again while the program runs: through the agent where the dialect can be
// asked by any thread at any time, and of ptmalloc, whose statistics hold its locks
// for as long as it takes to walk every free chunk, what its heaps show from outside.
type poller struct {
	trial   *trial
	agent   *agent // as it was at baseline; nil where none is
	dialect allocators.Dialect
	series  *results.Series[results.Said]
	figures results.Polled
	stop    chan struct{}
	ended   sync.WaitGroup
}

// startPoller begins to ask, at the first instant one period from now. It is nil where there is nothing to be asked.
func (t *trial) startPoller(dialect allocators.Dialect) *poller {
	outside := dialect == allocators.DialectPtmalloc
	if t.pollEvery <= 0 || t.Pass != results.PassTime || t.agent == nil && !outside {
		return nil
	}
	if !outside {
		if id, _ := t.agent.said(); id.Told["polls"] != "1" {
			return nil
		}
	}
	p := &poller{trial: t, agent: t.agent, dialect: dialect, series: results.NewSeries[results.Said](), stop: make(chan struct{})}
	p.figures.Every = t.pollEvery.Seconds()
	p.ended.Add(1)
	go func() {
		defer p.ended.Done()
		for ticker := time.NewTicker(t.pollEvery); ; {
			select {
			case <-p.stop:
				ticker.Stop()
				return
			case <-ticker.C: // a tick that comes while another is dealt with is dropped
				p.tick()
			}
		}
	}()
	return p
}

// finish ends it and gives what it heard.
func (p *poller) finish() ([]results.Said, results.Polled) {
	close(p.stop)
	p.ended.Wait()
	return p.series.Rows(), p.figures
}

// tick takes one reading. At marks nobody asks, and an answer that one has come in the way of is dropped.
func (p *poller) tick() {
	if _, running := p.trial.clock.now(); !running {
		return
	}
	said, err := p.read()
	at, running := p.trial.clock.now()
	switch {
	case !running:
	case err != nil:
		p.figures.Failed++
	default:
		said.T, said.Phase = at, *p.trial.sampler.phase.Load()
		p.series.Add(said)
		p.figures.Readings++
	}
}

func (p *poller) read() (results.Said, error) {
	said := results.Said{
		Allocated: results.Absent, Active: results.Absent, Resident: results.Absent, Mapped: results.Absent,
		Arenas: results.Absent, Heaps: results.Absent, Obtained: results.Absent,
	}
	if p.dialect == allocators.DialectPtmalloc {
		return said, p.outside(&said)
	}
	text, cost, err := p.agent.poll(p.stop)
	if err != nil {
		return said, err
	}
	p.figures.Cost += cost.Seconds()
	stats, err := allocators.Polled(p.dialect, text)
	if err != nil {
		return said, err
	}
	for _, f := range []struct {
		to   *int64
		from *int64
	}{{&said.Allocated, stats.Allocated}, {&said.Active, stats.Active}, {&said.Resident, stats.Resident}, {&said.Mapped, stats.Mapped}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return said, nil
}

// outsideTries is how often ptmalloc's arenas are read before a reading is given
// up: they change while they are read, and are believed only where all checks pass.
const outsideTries = 3

// outside reads ptmalloc's arenas from the running process's memory.
func (p *poller) outside(said *results.Said) error {
	memory, err := p.trial.proc.Mem()
	if err != nil {
		return err
	}
	defer memory.Close()
	program, err := p.trial.proc.Exe()
	if err != nil {
		return err
	}
	for range outsideTries {
		mappings, err := p.trial.proc.Maps()
		if err != nil {
			return err
		}
		infos := census.HeapInfos(census.HeapCandidates(mappings), memory)
		if obtained, ok := census.Obtained(infos, census.LibcData(mappings, program), memory); ok {
			counted := census.Outside(infos)
			said.Arenas, said.Heaps, said.Obtained = counted.Arenas, counted.Heaps, obtained
			return nil
		}
	}
	return errors.New("not all arenas could be read")
}
