package runner

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"alloclab/allocators"
	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// relatives are the processes that the measured one has started, and theirs,
// held open. The caller closes them.
func (t *trial) relatives() []*proc.Process {
	fs := proc.NewFS("/")
	pids, err := fs.Descendants(t.process.Pid)
	if err != nil {
		return nil
	}
	var all []*proc.Process
	for _, pid := range pids {
		if p, err := fs.Open(pid); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func closeAll(all []*proc.Process) {
	for _, p := range all {
		p.Close()
	}
}

// treeUsage is what the program's whole tree has used: of the processes that
// there are now.
func (t *trial) treeUsage() (usage, error) {
	relatives := t.relatives()
	defer closeAll(relatives)
	var u usage
	for i, p := range append([]*proc.Process{t.proc}, relatives...) {
		st, err := p.Stat()
		if err != nil {
			if i > 0 && errors.Is(err, proc.ErrExited) {
				continue
			}
			return u, err
		}
		u.pids = append(u.pids, p.Pid())
		u.minor += st.Minflt
		u.major += st.Majflt
		// The process's own count holds threads that have ended, to 10 ms; that
		// of the threads that there are is exact.
		alive := 0.0
		threads, _ := p.Threads()
		for _, tid := range threads {
			if s, err := p.Schedstat(tid); err == nil {
				alive += float64(s.RunNs) / 1e9
				u.wait += float64(s.WaitNs) / 1e9
			}
		}
		u.run += max(st.Utime+st.Stime, alive)
	}
	host, err := proc.NewFS("/").CPUTime(t.mayUse())
	if err != nil {
		return u, err
	}
	u.busy, u.stolen = host.Busy, host.Steal
	return u, nil
}

// familyPeak is the most that a mark found in all processes together, the
// lab's own part included, as RSS is.
func (t *trial) familyPeak() int64 {
	most := int64(0)
	for i := range t.record.Marks {
		m := &t.record.Marks[i]
		memory, _ := m.Memory()
		lab, _ := m.Lab()
		most = max(most, memory+lab)
	}
	return most
}

// stopLimit is how long a process of the tree may take to stop.
const stopLimit = 2 * time.Second

// stopTree stops the program and all that it started, until no process is left
// that runs; it returns those beside the program itself.
func (t *trial) stopTree() ([]*proc.Process, error) {
	if err := t.process.Stop(); err != nil {
		return nil, err
	}
	stopped := map[int]bool{}
	for {
		relatives := t.relatives()
		fresh := 0
		for _, p := range relatives {
			if stopped[p.Pid()] {
				continue
			}
			stopped[p.Pid()] = true
			fresh++
			if unix.Kill(p.Pid(), unix.SIGSTOP) == nil {
				awaitStop(p)
			}
		}
		if fresh == 0 {
			return relatives, nil
		}
		closeAll(relatives)
	}
}

func awaitStop(p *proc.Process) {
	for deadline := time.Now().Add(stopLimit); time.Now().Before(deadline); time.Sleep(100 * time.Microsecond) {
		if st, err := p.Stat(); err != nil || st.State == "T" || st.State == "Z" || st.State == "X" {
			return
		}
	}
}

// continueTree lets all go on, the program itself last: then its children are
// what it expects.
func (t *trial) continueTree(relatives []*proc.Process) error {
	for _, p := range relatives {
		_ = unix.Kill(p.Pid(), unix.SIGCONT)
	}
	closeAll(relatives)
	return t.process.Continue()
}

// markProgram records one look at the program and its tree, all stopped.
func (t *trial) markProgram(o *observer, name string, purge time.Duration) error {
	arrived := time.Now()
	t.clock.park(arrived)
	m := results.Mark{Name: name, PurgeSeconds: purge.Seconds()}
	m.T, _ = t.clock.now()
	switch name {
	case results.MarkHold, results.MarkFreed:
		if err := t.pauseWork(); err != nil {
			return t.orEnded(err, name)
		}
		if name == results.MarkFreed {
			t.measureWork(m.T)
		}
	case results.MarkIdle:
		if err := t.measureFaults(); err != nil {
			return t.orEnded(err, name)
		}
	}
	if err := t.proveInside(); err != nil {
		return err
	}
	said, regions := t.askAgent(o, &m)
	relatives, err := t.settled()
	if err != nil {
		return t.orEnded(err, name)
	}
	seen, err := t.lookAtTree(o, &m, said, regions, relatives)
	if o.stopped != nil {
		o.stopped(name)
	}
	if err := errors.Join(err, t.continueTree(relatives)); err != nil {
		return t.orEnded(err, name)
	}
	for i := range seen { // the linker may have to be asked: not while they are stopped
		m.Processes[i].ServedBy = t.placement.servedIn(seen[i].executable, mapped(seen[i].mappings))
	}
	m.Parked = time.Since(arrived).Seconds()
	t.record.Marks = append(t.record.Marks, m)
	return t.judgeTree(&m)
}

// askAgent takes what the agent says: the allocator's statistics, and which
// memory is no heap. An agent that does not answer is lost, and the trial goes on.
func (t *trial) askAgent(o *observer, m *results.Mark) (said *allocators.Claimed, regions []wire.Region) {
	if t.agent == nil {
		return nil, nil
	}
	text, err := t.agent.statistics()
	if err == nil && text != "" && o.dialect != allocators.DialectUnknown {
		claimed, fault := allocators.Claims(o.dialect, text)
		if fault != nil {
			t.warn("statistics of %s at %s: %v", o.dialect, m.Name, fault)
		} else {
			said, m.AllocatorStats = &claimed, &claimed.Stats
		}
	}
	if err == nil {
		regions, err = t.agent.regions()
	}
	if err != nil {
		if !t.process.Wait(0) {
			t.loseAgent(err)
		}
		return said, nil
	}
	return said, regions
}

// orEnded is the error, or that the program ended meanwhile.
func (t *trial) orEnded(err error, mark string) error {
	if t.process.Wait(0) || errors.Is(err, proc.ErrExited) && t.process.Wait(time.Second) {
		return t.ended("at the mark " + mark)
	}
	return err
}

// seen is what is asked about a process once it runs again.
type seen struct {
	executable string
	mappings   []proc.Mapping
}

// lookAtTree takes the accounts of the program, and of all its tree what each
// process holds. Private pages that processes share since a fork look like the zero page
// in the page table: where the accounts of a tree do not add up they are absent.
func (t *trial) lookAtTree(o *observer, m *results.Mark, said *allocators.Claimed, regions []wire.Region, relatives []*proc.Process) ([]seen, error) {
	o.blocks.Reset()
	if t.reporter != nil {
		reported, err := t.blocksReported(o, m)
		if err != nil {
			return nil, err
		}
		regions = joined(regions, reported)
	}
	rollup, err := o.account(m, regions)
	if err != nil {
		return nil, err
	}
	lab := m.Ledger.Lab
	if t.reporter == nil {
		m.Resident = &results.Resident{Lab: m.Ledger.Lab, Other: m.Ledger.Other, Heap: m.Ledger.Heap()}
		m.Ledger = nil
	} else {
		m.Ledger.LiveIsUsable = true
	}
	if len(relatives) > 0 && m.Racy {
		m.Resident, m.Ledger, m.Racy = nil, nil, false
	}
	o.claim(m, rollup.LazyFree, said)
	var all []seen
	for i, p := range append([]*proc.Process{t.proc}, relatives...) {
		rollup, err := p.SmapsRollup()
		st, err2 := p.Stat()
		if err = errors.Join(err, err2); err != nil {
			if i > 0 && errors.Is(err, proc.ErrExited) {
				continue // a zombie holds nothing
			}
			return nil, fmt.Errorf("process %d: %w", p.Pid(), err)
		}
		var s seen
		s.executable, _ = p.Exe()
		s.mappings, _ = p.Maps()
		all = append(all, s)
		memory := results.ProcessMemory{Pid: p.Pid(), Parent: st.PPid, Command: st.Comm, RSS: rollup.Rss, PSS: rollup.Pss}
		if i == 0 {
			memory.Lab = lab
		}
		m.Processes = append(m.Processes, memory)
	}
	return all, nil
}

// judgeTree warns of what a reader must know of the tree. That another library
// serves the program itself is an error.
func (t *trial) judgeTree(m *results.Mark) error {
	if m.Racy {
		accounts := int64(0)
		if m.Resident != nil {
			accounts = m.Resident.Total()
		} else if m.Ledger != nil {
			accounts = m.Ledger.Total()
		}
		t.warn("the accounts of %s disagree with RSS by %d bytes, twice", m.Name, accounts-m.RSS)
	}
	if n := len(m.Processes) - 1; n > t.children {
		t.children = n
		t.warn("it has %d child processes at %s: memory is the sum of what is proportionally theirs (PSS)", n, m.Name)
	}
	for i, p := range m.Processes {
		switch {
		case p.ServedBy != "" && same(p.ServedBy, t.placement.library):
		case i == 0 && p.ServedBy != "":
			return fmt.Errorf("%w: %s serves malloc in %s, not %s", errWrongAllocator, p.ServedBy, p.Command, t.placement.library)
		case i == 0:
			return fmt.Errorf("%w: nothing proves that %s serves malloc in %s", errPreloadFailed, t.placement.library, p.Command)
		case p.ServedBy != "":
			t.warn("in its child %d (%s) %s serves malloc, not %s", p.Pid, p.Command, p.ServedBy, t.placement.library)
		default:
			t.warn("in its child %d (%s) nothing proves that %s serves malloc", p.Pid, p.Command, t.placement.library)
		}
	}
	return nil
}

// joined are the agent's regions and those known by reports. How far the main
// thread's TLS goes is the reports' to say: the agent's guess knows no blocks, and a large one may lie right below.
func joined(agent, reported []wire.Region) []wire.Region {
	agent = slices.DeleteFunc(agent, func(r wire.Region) bool { return r.Kind == wire.RegionTLS })
	return append(agent, reported...)
}
