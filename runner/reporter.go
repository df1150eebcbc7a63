package runner

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// The census pass of programs: an agent reports every block, and the lab keeps
// the set. The process stays as small as it is; it is slower, and what the
// allocator lays out may differ with the order in which threads come to it. So no speed is taken
// in this pass, and no figure of it is put together with another's.

const (
	agentRing    = 902     // descriptor in the program
	ringSlots    = 1 << 18 // 4 MiB: at 50 million events a second, 5 ms
	ringFolder   = "memfd:alloclab-ring"
	settleLimit  = 2 * time.Second
	drainEvery   = 200 * time.Microsecond
	largeClasses = 32 // size classes that a mark keeps
)

// takeCensus finds the agent that reports blocks.
func (p *program) takeCensus(b Binaries) (err error) {
	library := b.CensusAgent()
	if library == "" {
		return &UnfitError{errors.New("libcensus.so was not built: make build, for pass census takes it")}
	}
	if p.agent == "" {
		return &UnfitError{errors.New("libagent.so was not built: make build, for pass census takes it")}
	}
	p.census, err = process.PreloadPath(library, p.stage)
	return err
}

// reporter takes in what a program reports of its blocks.
type reporter struct {
	ring  *wire.Ring
	mu    sync.Mutex
	live  census.Live
	stop  chan struct{}
	ended sync.WaitGroup
}

func newReporter() (*reporter, error) {
	ring, err := wire.NewRing(ringSlots)
	if err != nil {
		return nil, err
	}
	r := &reporter{ring: ring, stop: make(chan struct{})}
	r.ended.Add(1)
	go r.run()
	return r, nil
}

func (r *reporter) run() {
	defer r.ended.Done()
	for ticker := time.NewTicker(drainEvery); ; {
		select {
		case <-r.stop:
			ticker.Stop()
			return
		case <-ticker.C:
			r.drain()
		}
	}
}

func (r *reporter) drain() (pending uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ring.Drain(r.live.Apply)
}

func (r *reporter) close() error {
	close(r.stop)
	r.ended.Wait()
	return r.ring.Close()
}

// settled stops the tree at a moment at which no thread is in the middle of a report.
func (t *trial) settled() ([]*proc.Process, error) {
	for deadline := time.Now().Add(settleLimit); ; {
		relatives, err := t.stopTree()
		if err != nil || t.reporter == nil || t.reporter.drain() == 0 {
			return relatives, err
		}
		if time.Now().After(deadline) {
			return relatives, errors.Join(fmt.Errorf("%w: threads of the program were in the middle of reports for %v", errDisturbed, settleLimit), t.continueTree(relatives))
		}
		if err := t.continueTree(relatives); err != nil {
			return nil, err
		}
		time.Sleep(time.Millisecond)
	}
}

// blocksReported fills the census with what the program reported, and returns
// which memory is no heap by those reports.
func (t *trial) blocksReported(o *observer, m *results.Mark) ([]wire.Region, error) {
	r := t.reporter
	if r.ring.Overrun() {
		return nil, fmt.Errorf("%w: the program reported faster than the lab could take it in", errDisturbed)
	}
	if r.ring.Pid() != t.process.Pid {
		return nil, fmt.Errorf("%w: process %d reports its blocks, not %d", errPreloadFailed, r.ring.Pid(), t.process.Pid)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live.Each(o.blocks.Add)
	m.Asked, m.Blocks, m.Usable = r.live.Bytes, r.live.Blocks, r.live.Bytes // see results.Ledger.LiveIsUsable
	m.Classes, m.OtherClasses = classes(r.live.Classes())
	if t.placement.FirstBytes {
		var err error
		if m.Kinds, err = blockKinds(&r.live, t.process.Pid); err != nil {
			return nil, err
		}
	}
	mappings, err := t.proc.Maps()
	if err != nil {
		return nil, err
	}
	var extents []census.Mapped
	var regions []wire.Region
	for _, mapping := range mappings {
		if mapping.File() == "/"+ringFolder {
			regions = append(regions, wire.Region{Start: mapping.Start, End: mapping.End, Kind: wire.RegionLab})
		}
		if mapping.PrivateAnonymous() && mapping.Writable() {
			extents = append(extents, census.Mapped{Start: mapping.Start, End: mapping.End})
		}
	}
	return append(regions, r.live.Regions(extents, uint64(os.Getpagesize()))...), nil
}

// classes are the sizes with most bytes, and all others together.
func classes(all []census.Class) (large []results.SizeClass, others *results.SizeClass) {
	for i, c := range all {
		if i < largeClasses {
			large = append(large, results.SizeClass{Usable: c.Size, Blocks: c.Blocks, Bytes: c.Size * c.Blocks})
			continue
		}
		if others == nil {
			others = &results.SizeClass{}
		}
		others.Blocks += c.Blocks
		others.Bytes += c.Size * c.Blocks
	}
	return large, others
}

// ringFile makes room among the descriptors for the ring.
func ringFile(files []*os.File, ring *wire.Ring) []*os.File {
	for len(files) < agentRing-3 {
		files = append(files, nil)
	}
	return append(files, ring.File())
}
