package census

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"alloclab/results"
)

// Range is a part of the address space of one kind.
type Range struct {
	Start, End       uint64
	Account          Account
	PrivateAnonymous bool // the zero page may be mapped here, and is no memory of the process
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
	Unmanaged // mapped by the program itself, and no allocator's
)

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
	var l results.Ledger
	size := int64(1) << b.pageShift
	entries := make([]uint64, entriesAtOnce)
	for _, r := range ranges {
		err := pages.Walk(r.Start, r.End, entries, func(address uint64, part []uint64) error {
			switch r.Account {
			case Heap:
				b.countHeap(&l, address>>b.pageShift, part, resident)
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
			return l, fmt.Errorf("page table of %#x-%#x: %w", r.Start, r.End, err)
		}
	}
	if n := b.pagesInHeap(ranges); n != b.pages {
		b.fault("blocks meet %d pages outside the heap", b.pages-n)
	}
	if len(b.faults) > 0 {
		return l, &FaultError{b.faults}
	}
	return l, nil
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

// countHeap divides heap pages.
func (b *Blocks) countHeap(l *results.Ledger, first uint64, entries []uint64, resident Resident) {
	size := int64(1) << b.pageShift
	for done := uint64(0); done < uint64(len(entries)); {
		page := first + done
		n := min(chunkPages-page%chunkPages, uint64(len(entries))-done) // the rest of this chunk
		c := b.find(page)
		for i := range n {
			if !resident(entries[done+i], true) {
				continue
			}
			if c == nil {
				l.Empty += size
				continue
			}
			held := c.words[(page+i)%chunkPages*b.stride]
			live, rounding := int64(held&(1<<32-1)), int64(held>>32)
			switch {
			case live+rounding > size:
				b.fault("page %#x holds %d bytes", (page+i)<<b.pageShift, live+rounding)
			case live+rounding > 0:
				l.Live += live
				l.Rounding += rounding
				l.Pinned += size - live - rounding
			default:
				l.Empty += size
			}
		}
		done += n
	}
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
		if c.words[i*b.stride] == 0 {
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
