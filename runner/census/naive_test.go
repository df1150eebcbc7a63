package census

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// naive is the ledger by a list of all bytes; overlap is true where a byte has two owners.
func naive(list []wire.Block, ranges []Range, pages *table, resident Resident) (l results.Ledger, overlap bool) {
	first := ranges[0].Start // the ranges follow each other
	bytes := make([]owner, ranges[len(ranges)-1].End-first)
	for _, b := range list {
		for i := range b.Usable {
			at := &bytes[b.Address+i-first]
			if *at != none {
				overlap = true
			}
			*at = rounding
			if i < b.Requested {
				*at = live
			}
		}
	}
	for _, r := range ranges {
		for at := r.Start; at < r.End; at += pages.size {
			if !resident(pages.entries[at/pages.size], r.PrivateAnonymous) {
				continue
			}
			size := int64(pages.size)
			switch r.Account {
			case Lab:
				l.Lab += size
				continue
			case Other:
				l.Other += size
				continue
			}
			var count [3]int64
			for i := range pages.size {
				count[bytes[at+i-first]]++
			}
			if count[none] == size {
				l.Empty += size
				continue
			}
			l.Live += count[live]
			l.Rounding += count[rounding]
			l.Pinned += count[none]
		}
	}
	return l, overlap
}

// scene is a heap of some pages with random blocks and residency.
func scene(r *rand.Rand, pageSize int) (list []wire.Block, ranges []Range, pages *table) {
	p := uint64(pageSize)
	start := base + uint64(r.IntN(600))*p
	n := 1 + r.Uint64N(40)
	pages = newTable(pageSize)
	kinds := []uint64{0, present, present, zero, file, proc.PageSwapped}
	at := start
	for at < start+n*p {
		length := min(1+r.Uint64N(10), (start+n*p-at)/p) * p
		pages.set(at, at+length, kinds[r.IntN(len(kinds))])
		ranges = append(ranges, Range{Start: at, End: at + length, Account: Heap, PrivateAnonymous: true})
		at += length
	}
	for _, account := range []Account{Other, Lab} { // behind the heap
		for i := range 3 {
			pages.entries[at/p+uint64(i)] = kinds[r.IntN(len(kinds))]
		}
		ranges = append(ranges, Range{Start: at, End: at + 3*p, Account: account, PrivateAnonymous: r.IntN(2) == 0})
		at += 3 * p
	}
	end := start + n*p
	for at = start; ; {
		at += 8 * r.Uint64N(p/uint64(2+r.IntN(60)))
		usable := 8 * (1 + r.Uint64N([]uint64{4, 200, p / 4}[r.IntN(3)]))
		if at+usable > end {
			break
		}
		list = append(list, wire.Block{Address: at, Requested: r.Uint64N(usable + 1), Usable: usable})
		at += usable
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, ranges, pages
}

func TestLedgerAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, pageSize := range []int{4096, 16384, 65536} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			b := NewBlocks(pageSize)
			overlaps := 0
			for i := range 40 * 4096 / pageSize {
				list, ranges, pages := scene(r, pageSize)
				if i%3 == 0 && len(list) > 1 { // one block moves, and may meet another
					k := r.IntN(len(list))
					heapEnd := ranges[len(ranges)-3].End
					at := ranges[0].Start + 8*r.Uint64N((heapEnd-ranges[0].Start-list[k].Usable)/8+1)
					list[k].Address = at
				}
				b.Reset()
				if i%2 == 0 {
					list = b.byChunk(list)
				}
				b.Add(list)
				got, err := b.Ledger(ranges, pages, proc.Resident)
				want, overlap := naive(list, ranges, pages, proc.Resident)
				if overlap {
					overlaps++
				}
				if overlap != (err != nil) {
					t.Fatalf("case %d: overlap is %v and the census says %v", i, overlap, err)
				}
				if err == nil && got != want {
					t.Fatalf("case %d: %+v, naive says %+v\n%+v\n%+v", i, got, want, list, ranges)
				}
			}
			if overlaps == 0 && pageSize == 4096 {
				t.Error("no case had an overlap")
			}
		})
	}
}

// TestScattered: lists in random order are sorted, others are not, and the sort loses nothing.
func TestScattered(t *testing.T) {
	list := adjacent(1 << 16)
	b := NewBlocks(4096)
	if b.scattered(list) {
		t.Error("a list in address order would be sorted")
	}
	ordered := append([]wire.Block(nil), list...)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if !b.scattered(list) {
		t.Error("a list in random order would not be sorted")
	}
	sum := func(list []wire.Block) (s struct{ address, requested, usable uint64 }) {
		for _, k := range list {
			s.address += k.Address
			s.requested += k.Requested
			s.usable += k.Usable
		}
		return s
	}
	sorted := b.byChunk(list)
	if sum(sorted) != sum(ordered) || len(sorted) != len(ordered) {
		t.Error("the sort lost a block")
	}
	jumps := 0
	for i := 1; i < len(sorted); i++ {
		if sorted[i].Address>>21 != sorted[i-1].Address>>21 {
			jumps++
		}
	}
	if want := int(ordered[len(ordered)-1].Address>>21 - ordered[0].Address>>21); jumps != want {
		t.Errorf("the sorted list changes chunk %d times, and %d would do", jumps, want)
	}
}
