package runner

import (
	"errors"
	"fmt"
	"time"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
	"alloclab/runner/process"
	"alloclab/runner/wire"
)

// observer looks at a parked target: one for each trial, over memory that is
// kept from trial to trial.
type observer struct {
	target  *wire.Target
	process *process.Process
	proc    *proc.Process
	dialect allocators.Dialect
	blocks  *census.Blocks
	heaps   results.HeapMap // of the mark looked at last
	counted int64           // live bytes by the workload's own count, beside its list

	untouched int64             // metadata that the allocator claimed at baseline and that was not resident
	stopped   func(mark string) // for tests: called at each mark while the process is stopped; nil otherwise
}

// look fills in what is to be seen at a mark. The allocator's statistics and
// the block list come over the wire while threads are parked; then the process
// is stopped, since background threads purge during a census of a process
// that only waits (off by 12,000 pages).
func (o *observer) look(m *results.Mark) error {
	said, err := o.statistics(m)
	if err != nil {
		return err
	}
	o.blocks.Reset()
	if err := o.target.EachBlock(o.blocks.Add); err != nil {
		return err
	}
	regions, err := o.target.Ranges()
	if err != nil {
		return err
	}
	m.Blocks, m.Asked, m.Usable = o.blocks.Count, o.blocks.Requested, o.blocks.Usable
	o.counted = o.target.Memory.Telemetry().LiveBytes
	if err := o.process.Stop(); err != nil {
		return err
	}
	rollup, err := o.account(m, regions)
	if o.stopped != nil {
		o.stopped(m.Name)
	}
	if err := errors.Join(err, o.process.Continue()); err != nil {
		return err
	}
	o.claim(m, rollup.LazyFree, said)
	return nil
}

// claim divides the empty account by what the allocator said, where there are both.
func (o *observer) claim(m *results.Mark, lazyFree int64, said *allocators.Claimed) {
	if m.Ledger == nil || said == nil {
		return
	}
	if m.Name == results.MarkBaseline {
		o.untouched = census.Untouched(*m.Ledger, *said)
	}
	m.Claims = census.Claims(*m.Ledger, lazyFree, o.untouched, *said)
}

// statistics asks the allocator. A dialect that the lab does not know says nothing.
func (o *observer) statistics(m *results.Mark) (*allocators.Claimed, error) {
	if o.dialect == allocators.DialectUnknown {
		return nil, nil
	}
	text, err := o.target.Statistics()
	if err != nil {
		return nil, err
	}
	said, err := allocators.Claims(o.dialect, text)
	if err != nil {
		return nil, fmt.Errorf("statistics of %s at %s: %w", o.dialect, m.Name, err)
	}
	m.AllocatorStats = &said.Stats
	return &said, nil
}

// account takes the ledger of the stopped process. Pages are counted from the
// page table and RSS is read by another route; where they disagree the count
// is taken again, and a second disagreement is recorded.
func (o *observer) account(m *results.Mark, regions []wire.Region) (proc.SmapsRollup, error) {
	mappings, err := o.proc.Maps()
	if err != nil {
		return proc.SmapsRollup{}, err
	}
	pagemap, err := o.proc.OpenPagemap()
	if err != nil {
		return proc.SmapsRollup{}, err
	}
	defer pagemap.Close()
	ranges := census.Ranges(mappings, regions)
	var rollup proc.SmapsRollup
	var infos []census.HeapInfo
	var arenas []census.Arena
	if o.dialect == allocators.DialectPtmalloc {
		if infos, arenas, err = o.ptmalloc(mappings); err != nil {
			return rollup, err
		}
		outside := census.Outside(infos)
		m.Outside = &outside
	}
	for range 2 {
		ledger, heaps, err := o.blocks.Map(ranges, infos, pagemap, proc.Resident)
		if err != nil {
			return rollup, err
		}
		heaps.Mark = m.Name
		if o.dialect == allocators.DialectPtmalloc {
			census.Describe(&heaps, infos, arenas)
		}
		o.heaps = heaps
		if rollup, err = o.proc.SmapsRollup(); err != nil {
			return rollup, err
		}
		m.Ledger, m.RSS = &ledger, rollup.Rss
		m.Racy = ledger.Total() != rollup.Rss
		if !m.Racy {
			break
		}
	}
	status, err := o.proc.Status()
	if err != nil {
		return rollup, err
	}
	m.HWM = status.VmHWM
	return rollup, nil
}

// ptmalloc reads its heaps and arenas from the stopped process's memory.
func (o *observer) ptmalloc(mappings []proc.Mapping) ([]census.HeapInfo, []census.Arena, error) {
	memory, err := o.proc.Mem()
	if err != nil {
		return nil, nil, err
	}
	defer memory.Close()
	program, err := o.proc.Exe()
	if err != nil {
		return nil, nil, err
	}
	infos := census.HeapInfos(census.HeapCandidates(mappings), memory)
	return infos, census.Arenas(infos, census.LibcData(mappings, program), memory), nil
}

// command has the target purge, flush or retire and returns how long it took,
// and after a purge the workload's figures; ok is false where it has no such call.
func (o *observer) command(c wire.Type) (took time.Duration, figures string, ok bool, err error) {
	m, err := o.target.Ask(c, 0)
	return time.Duration(m.A), m.Text, m.B != 0, err
}
