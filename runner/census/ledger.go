package census

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"alloclab/results"
	"alloclab/runner/proc"
)

// Range is a part of the address space of one kind.
type Range struct {
	Start, End       uint64
	Account          Account
	PrivateAnonymous bool // the zero page may be mapped here, and is no memory of the process
	Brk              bool // of [heap]
	Reserved         bool // no access is allowed (PROT_NONE)
}

// FaultError is a block list that cannot be: an allocator handed out memory
// twice, or the workload's list or the lab's count is wrong.
type FaultError struct{ Faults []string }

func (e *FaultError) Error() string {
	return "the census found what cannot be: " + strings.Join(e.Faults, "; ")
}

// Account says whose a range is. The census itself divides heap ranges.
type Account uint8

// The accounts that a whole range can belong to.
const (
	Heap Account = iota
	Other
	Lab
	Unmanaged
)

func (a Account) String() string { return [...]string{"heap", "other", "lab", "unmanaged"}[a] }

// Pages is the process's page table: Walk calls visit with the pagemap entries
// (proc(5)) of the pages from start to end, a buffer at a time, in ascending
// order. It may leave out stretches in which no page is present.
type Pages interface {
	Walk(start, end uint64, buffer []uint64, visit func(address uint64, entries []uint64) error) error
}

// Resident says whether a pagemap entry is a page that counts as RSS.
type Resident func(entry uint64, privateAnonymous bool) bool

const entriesAtOnce = 1 << 15 // 256 KiB of pagemap, 128 MiB of address space

// Ledger puts every resident page of the ranges into its account. The ranges
// must cover all mappings of the process and not overlap; the process must be
// stopped. A block outside the heap, an overlap and an overfull page are
// errors: then the figures mean nothing.
func (b *Blocks) Ledger(ranges []Range, pages Pages, resident Resident) (results.Ledger, error) {
	l, _, err := b.Map(ranges, nil, pages, resident)
	return l, err
}

// Map is Ledger, and the map of the heaps that add up to it. Ranges must be in
// the order of addresses; infos are ptmalloc's heaps in them.
func (b *Blocks) Map(ranges []Range, infos []HeapInfo, pages Pages, resident Resident) (results.Ledger, results.HeapMap, error) {
	var l results.Ledger
	size := int64(1) << b.pageShift
	entries := make([]uint64, entriesAtOnce)
	m := mapper{pageShift: b.pageShift, heaps: heapsOf(ranges, infos), unit: 1, cells: &b.cells}
	for _, r := range ranges {
		if r.Start >= r.End {
			continue
		}
		if r.Account == Heap {
			m.enter(r)
		}
		err := pages.Walk(r.Start, r.End, entries, func(address uint64, part []uint64) error {
			switch r.Account {
			case Heap:
				m.skip(address)
				for len(part) > 0 {
					h, n := m.next(len(part))
					b.countHeap(h, m.cells, m.at>>b.pageShift, part[:n], resident, m.absent)
					m.advance(uint64(n))
					part = part[n:]
				}
			case Other:
				l.Other += size * countResident(part, r.PrivateAnonymous, resident)
			case Unmanaged:
				l.Unmanaged += size * countResident(part, r.PrivateAnonymous, resident)
			case Lab:
				l.Lab += size * countResident(part, r.PrivateAnonymous, resident)
			}
			return nil
		})
		if err != nil {
			return l, results.HeapMap{}, fmt.Errorf("page table of %#x-%#x: %w", r.Start, r.End, err)
		}
		if r.Account == Heap {
			m.skip(r.End)
		}
	}
	for i := range m.heaps {
		h := &m.heaps[i]
		l.Live += h.Live
		l.Rounding += h.Rounding
		l.Pinned += h.Pinned
		l.Empty += h.Empty
		if end := b.highest(uint64(h.Start), uint64(h.End)); end > 0 {
			h.BlocksEnd = results.Address(end)
		}
	}
	if n := b.pagesInHeap(ranges); n != b.pages {
		b.fault("blocks meet %d pages outside the heap%s", b.pages-n, b.outside(ranges))
	}
	if len(b.faults) > 0 {
		return l, results.HeapMap{}, &FaultError{b.faults}
	}
	return l, m.heapMap(), nil
}

func countResident(entries []uint64, privateAnonymous bool, resident Resident) int64 {
	n := int64(0)
	for _, e := range entries {
		if resident(e, privateAnonymous) {
			n++
		}
	}
	return n
}

// countHeap divides pages of one heap. absent is the state of those that are
// not resident.
func (b *Blocks) countHeap(h *results.Heap, cells *results.PageCells, first uint64, entries []uint64, resident Resident, absent results.PageState) {
	var states [chunkPages]results.PageState
	for done := uint64(0); done < uint64(len(entries)); {
		at := (first + done) % chunkPages
		n := min(chunkPages-at, uint64(len(entries))-done) // the rest of this chunk
		var held []share
		if c := b.find(first + done); c != nil {
			held = c.pages[at : at+n]
		}
		b.divide(h, states[:n], held, entries[done:done+n], resident, absent)
		cells.AddPages(states[:n])
		done += n
	}
}

// divide puts pages into accounts and says what each is. held is nil where no
// block meets any.
func (b *Blocks) divide(h *results.Heap, states []results.PageState, held []share, entries []uint64, resident Resident, absent results.PageState) {
	size := int64(1) << b.pageShift
	for i, entry := range entries {
		if !resident(entry, true) {
			states[i] = absent
			if entry&proc.PageSwapped != 0 {
				states[i] = results.PageSwapped
			}
			continue
		}
		if held == nil || held[i].live|held[i].rounding == 0 {
			states[i] = results.PageEmpty
			h.Empty += size
			continue
		}
		live, rounding := int64(held[i].live), int64(held[i].rounding)
		pinned := size - live - rounding
		h.Live += live
		h.Rounding += rounding
		h.Pinned += pinned
		states[i] = results.PageLive
		if pinned > size/2 {
			states[i] = results.PagePinned
		}
	}
}

// outside says where the first page lies that meets a block and is in no heap range.
func (b *Blocks) outside(ranges []Range) string {
	for top, m := range b.chunks {
		for i := 0; m != nil && i < len(m); i++ {
			for number := 0; m[i] != nil && number < chunkPages; number++ {
				if p := &m[i].pages[number]; p.live|p.rounding == 0 {
					continue
				}
				at := ((uint64(top)<<middleBits+uint64(i))<<chunkBits + uint64(number)) << b.pageShift
				in := slices.IndexFunc(ranges, func(r Range) bool { return r.Start <= at && at < r.End })
				switch {
				case in < 0:
					return fmt.Sprintf(", the first at %#x, where nothing is mapped", at)
				case ranges[in].Account != Heap:
					return fmt.Sprintf(", the first at %#x in %#x-%#x, which is counted as %s", at, ranges[in].Start, ranges[in].End, ranges[in].Account)
				}
			}
		}
	}
	return ""
}

// pagesInHeap counts the pages, resident or not, that meet a block and lie in
// heap ranges.
func (b *Blocks) pagesInHeap(ranges []Range) int64 {
	heap := make([]Range, 0, len(ranges))
	for _, r := range ranges {
		if r.Account == Heap {
			heap = append(heap, r)
		}
	}
	slices.SortFunc(heap, func(x, y Range) int { return cmp.Compare(x.Start, y.Start) })
	count := int64(0)
	for top, m := range b.chunks {
		if m == nil {
			continue
		}
		for i, c := range m {
			if c != nil {
				count += b.chunkInHeap(heap, c, (uint64(top)<<middleBits+uint64(i))<<chunkBits)
			}
		}
	}
	return count
}

// chunkInHeap is pagesInHeap for one chunk, which begins at a page. The ranges
// are sorted.
func (b *Blocks) chunkInHeap(heap []Range, c *chunk, first uint64) (count int64) {
	start := first << b.pageShift
	at, _ := slices.BinarySearchFunc(heap, start, func(r Range, address uint64) int { return cmp.Compare(r.End, address+1) })
	if c == b.whole {
		end := start + chunkPages<<b.pageShift
		for ; at < len(heap) && heap[at].Start < end; at++ {
			count += int64((min(heap[at].End, end) - max(heap[at].Start, start)) >> b.pageShift)
		}
		return count
	}
	for i := range uint64(chunkPages) {
		if c.pages[i].live|c.pages[i].rounding == 0 {
			continue
		}
		address := start + i<<b.pageShift
		for at < len(heap) && heap[at].End <= address {
			at++
		}
		if at < len(heap) && heap[at].Start <= address {
			count++
		}
	}
	return count
}
