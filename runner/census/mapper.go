package census

import (
	"cmp"
	"math/bits"
	"path"
	"slices"
	"strings"

	"alloclab/results"
	"alloclab/runner/proc"
)

// mapper follows a walk over page tables and puts the runs of pages into their
// heaps. What the walk leaves out is not resident.
type mapper struct {
	pageShift uint
	heaps     []results.Heap
	unit      int64 // see results.HeapMap.Unit

	heap   int                // the one that at lies in
	cells  *results.PageCells // its runs
	before int                // runs of the heaps before it
	at     uint64             // how far the walk has come
	absent results.PageState  // of pages of the range that are not resident
}

// enter begins a range, which lies in the heaps.
func (m *mapper) enter(r Range) {
	m.at, m.absent = r.Start, results.PageReturned
	if r.Reserved {
		m.absent = results.PageReserved
	}
	if m.heap == 0 && r.Start == uint64(m.heaps[0].Start) {
		m.open()
	}
}

// open begins the runs of a heap.
func (m *mapper) open() {
	m.cells.Begin(uint64(m.heaps[m.heap].Start)>>m.pageShift, m.unit)
}

// next is the heap that the next of so many pages lie in, and how many may be
// added before advance looks at what there is.
func (m *mapper) next(pages int) (h *results.Heap, n int) {
	h = &m.heaps[m.heap]
	return h, int(min(uint64(pages), (uint64(h.End)-m.at)>>m.pageShift, results.MaxRuns))
}

// Bounds of what is held while a walk goes on: of one heap, and of all.
const (
	maxHeapRuns = 2 * results.MaxRuns
	maxAllRuns  = 1 << 20 // 16 MiB
	maxUnit     = 1 << 12 // beyond it heaps are too many, not their runs
)

// advance moves on by pages of one heap, whose states have been added.
func (m *mapper) advance(pages uint64) {
	h := &m.heaps[m.heap]
	if n := m.cells.Len(); n > maxHeapRuns || m.before+n > maxAllRuns && m.unit < maxUnit {
		m.coarser()
	}
	m.at += pages << m.pageShift
	if m.at < uint64(h.End) {
		return
	}
	h.Runs = m.cells.End()
	m.before += len(h.Runs)
	if m.heap++; m.heap < len(m.heaps) {
		m.open()
	}
}

// coarser doubles the unit.
func (m *mapper) coarser() {
	m.unit *= 2
	m.cells.SetUnit(m.unit)
	if m.before > maxAllRuns/2 {
		m.before = 0
		for i := range m.heaps[:m.heap] {
			h := &m.heaps[i]
			h.Runs = h.Runs.Coarse(uint64(h.Start)>>m.pageShift, m.unit)
			m.before += len(h.Runs)
		}
	}
}

// gap is how much address space without memory parts a mapping into two heaps:
// an allocator may reserve a terabyte and use both ends of it.
const gap = 256 << 20

// skip goes on to an address over pages that are not resident.
func (m *mapper) skip(to uint64) {
	if to >= m.at+gap {
		m.part(to)
	}
	for m.at < to {
		n := (min(to, uint64(m.heaps[m.heap].End)) - m.at) >> m.pageShift
		m.cells.Add(int64(n), m.absent)
		m.advance(n)
	}
}

// part divides the heap at an address in it.
func (m *mapper) part(at uint64) {
	h := &m.heaps[m.heap]
	if at >= uint64(h.End) || h.Kind != results.HeapMapped {
		return
	}
	behind := results.Heap{Kind: h.Kind, Start: results.Address(at), End: h.End}
	h.End = behind.Start
	m.heaps = slices.Insert(m.heaps, m.heap+1, behind)
}

// heapMap is what was found, within its bounds.
func (m *mapper) heapMap() results.HeapMap {
	all := results.HeapMap{Unit: m.unit, Heaps: m.heaps}
	if len(all.Heaps) > results.MaxHeaps {
		lump(&all)
	}
	if m.unit > 1 {
		for i := range all.Heaps {
			h := &all.Heaps[i]
			h.Runs = h.Runs.Coarse(uint64(h.Start)>>m.pageShift, m.unit)
		}
	}
	all.Bound(results.MaxRuns, int64(1)<<m.pageShift)
	return all
}

// lump puts all but the heaps with most in memory together.
func lump(all *results.HeapMap) {
	order := slices.Clone(all.Heaps)
	slices.SortStableFunc(order, func(a, b results.Heap) int { return cmp.Compare(b.Resident(), a.Resident()) })
	others := results.Heap{Kind: results.HeapMapped}
	var sums [results.PageStates]int64
	for _, h := range order[results.MaxHeaps:] {
		others.Live += h.Live
		others.Rounding += h.Rounding
		others.Pinned += h.Pinned
		others.Empty += h.Empty
		for state, n := range h.Runs.Count() {
			sums[state] += n
		}
	}
	for state, n := range sums {
		if n > 0 {
			others.Runs = others.Runs.Add(n, results.PageState(state))
		}
	}
	all.Others, all.Count = &others, int64(len(order)-results.MaxHeaps)
	all.Heaps = order[:results.MaxHeaps]
	slices.SortFunc(all.Heaps, func(a, b results.Heap) int { return cmp.Compare(a.Start, b.Start) })
}

// heapsOf divides the heap ranges, which are in order, into heaps: adjacent
// ones are one, but [heap] and each of ptmalloc's heaps stand alone.
func heapsOf(ranges []Range, infos []HeapInfo) []results.Heap {
	arenas := numbered(infos)
	var heaps []results.Heap
	for _, r := range ranges {
		if r.Account != Heap {
			continue
		}
		for at := r.Start; at < r.End; {
			h := results.Heap{Kind: results.HeapMapped, Start: results.Address(at), End: results.Address(r.End)}
			if r.Brk {
				h.Kind = results.HeapMain
			} else if i, _ := slices.BinarySearchFunc(infos, at, func(i HeapInfo, at uint64) int { return cmp.Compare(i.Start+HeapMax, at+1) }); i < len(infos) {
				switch info := infos[i]; { // the first that ends behind at
				case info.Start <= at:
					h.Kind, h.Arena = results.HeapArena, arenas[info.Arena]
					h.End = min(h.End, results.Address(info.Start+HeapMax))
				default: // it ends where the next one begins
					h.End = min(h.End, results.Address(info.Start))
				}
			}
			at = uint64(h.End)
			if n := len(heaps); n > 0 && heaps[n-1].End == h.Start && heaps[n-1].Kind == h.Kind &&
				(h.Kind != results.HeapArena || uint64(h.Start)%HeapMax != 0) {
				heaps[n-1].End = h.End
				continue
			}
			heaps = append(heaps, h)
		}
	}
	return heaps
}

// numbered gives each arena its number, from 1, in the order of addresses.
func numbered(infos []HeapInfo) map[uint64]int {
	var all []uint64
	for _, i := range infos {
		all = append(all, i.Arena)
	}
	slices.Sort(all)
	arenas := map[uint64]int{}
	for i, a := range slices.Compact(all) {
		arenas[a] = i + 1
	}
	return arenas
}

// highest is the end of the highest block between two addresses, to a granule;
// 0 where there is none.
func (b *Blocks) highest(start, end uint64) uint64 {
	firstPage, page := start>>b.pageShift, end>>b.pageShift // page: behind the next to be looked at
	for page > firstPage {
		last := page - 1
		if last>>chunkBits>>middleBits >= 1<<topBits {
			page = 1 << topBits << middleBits << chunkBits
			continue
		}
		if b.chunks[last>>chunkBits>>middleBits] == nil {
			page = last >> (chunkBits + middleBits) << (chunkBits + middleBits)
			continue
		}
		c := b.find(last)
		if c == nil {
			page = last >> chunkBits << chunkBits
			continue
		}
		p := &c.pages[last%chunkPages]
		switch {
		case p.live|p.rounding == 0:
			page = last
			continue
		case p.high > 0:
			return (last + 1) << b.pageShift
		}
		if c.taken != nil {
			taken := b.takenIn(c, last%chunkPages)
			for i := len(taken) - 1; i >= 0; i-- {
				if taken[i] != 0 {
					return last<<b.pageShift + uint64(i)*64*granule + uint64(bits.Len64(taken[i]))*granule
				}
			}
		}
		if p.low > 0 {
			return last<<b.pageShift + uint64(p.low)*granule
		}
		return last<<b.pageShift + granule // of a block smaller than a granule
	}
	return 0
}

// Describe adds what ptmalloc itself says of its heaps to a map: how far each
// reaches, and where top begins.
func Describe(m *results.HeapMap, infos []HeapInfo, arenas []Arena) {
	for i := range m.Heaps {
		h := &m.Heaps[i]
		switch h.Kind {
		case results.HeapMain:
			h.Size = int64(h.End - h.Start)
		case results.HeapArena:
			if at, ok := slices.BinarySearchFunc(infos, uint64(h.Start), func(i HeapInfo, at uint64) int { return cmp.Compare(i.Start, at) }); ok {
				h.Size = min(int64(infos[at].Size), int64(h.End-h.Start))
			}
		}
		for _, a := range arenas {
			if a.Top >= uint64(h.Start) && a.Top < uint64(h.End) && h.Size > 0 && a.End == uint64(h.Start)+uint64(h.Size) {
				h.Top = results.Address(a.Top)
			}
		}
	}
}

// LibcData are the ranges in which ptmalloc's main arena can lie: writable data
// of libc, or of the program where no libc is mapped.
func LibcData(mappings []proc.Mapping, program string) []Range {
	var data []Range
	for _, name := range []func(string) bool{isLibc, func(file string) bool { return file == program }} {
		for i, m := range mappings {
			if !m.Private() || !m.Writable() || !name(m.File()) {
				continue
			}
			r := Range{Start: m.Start, End: m.End}
			if i+1 < len(mappings) && mappings[i+1].Start == m.End && mappings[i+1].PrivateAnonymous() { // .bss
				r.End = mappings[i+1].End
			}
			data = append(data, r)
		}
		if len(data) > 0 {
			return data
		}
	}
	return nil
}

// isLibc reports whether a file is glibc's: libc.so.6, and libc-2.NN.so before 2.34.
func isLibc(file string) bool {
	base := path.Base(file)
	return base == "libc.so.6" || strings.HasPrefix(base, "libc-2.") && strings.HasSuffix(base, ".so")
}
