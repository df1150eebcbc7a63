package census

import (
	"cmp"
	"slices"

	"alloclab/runner/wire"
)

// Live is what a program holds, kept from the reports of the agent in it: its
// blocks with their usable sizes, what it mapped itself, and its threads' stacks.
type Live struct {
	Blocks int64
	Bytes  int64 // usable
	// Strange counts reports that contradict what is known, such as a free of a block that was never reported:
	// one from before the agent was there, or of an allocator of the program's own.
	Strange int64
	table   blockTable
	mapped  []wire.Region // disjoint, in ascending order
	stacks  map[uint64]uint64
	main    uint64 // the main thread's descriptor
}

// Apply takes one report.
func (l *Live) Apply(e wire.RingEvent) {
	if e.Address == 0 {
		l.Strange++
		return
	}
	switch e.Kind {
	case wire.RingAllocated:
		if before, known := l.table.put(e.Address, e.Size); known { // freed by a way that is not reported
			l.Strange++
			l.Blocks--
			l.Bytes -= int64(before)
		}
		l.Blocks++
		l.Bytes += int64(e.Size)
	case wire.RingFreed:
		size, known := l.table.take(e.Address)
		if !known {
			l.Strange++
			return
		}
		l.Blocks--
		l.Bytes -= int64(size)
	case wire.RingMapped:
		l.unmap(e.Address, e.Address+e.Size)
		if e.Size > 0 && e.Address+e.Size > e.Address {
			i, _ := slices.BinarySearchFunc(l.mapped, e.Address, func(r wire.Region, at uint64) int { return cmp.Compare(r.Start, at) })
			l.mapped = slices.Insert(l.mapped, i, wire.Region{Start: e.Address, End: e.Address + e.Size, Kind: wire.RegionUnmanaged})
		}
	case wire.RingUnmapped:
		l.unmap(e.Address, e.Address+e.Size)
	case wire.RingStack:
		if l.stacks == nil {
			l.stacks = map[uint64]uint64{}
		}
		l.stacks[e.Address] = e.Size
	case wire.RingStarted:
		*l = Live{main: e.Address}
	default:
		l.Strange++
	}
}

func (l *Live) unmap(start, end uint64) {
	if end <= start {
		return
	}
	i, _ := slices.BinarySearchFunc(l.mapped, start, func(r wire.Region, at uint64) int { return cmp.Compare(r.End, at+1) })
	j := i
	var left []wire.Region
	for ; j < len(l.mapped) && l.mapped[j].Start < end; j++ {
		r := l.mapped[j]
		if r.Start < start {
			left = append(left, wire.Region{Start: r.Start, End: start, Kind: r.Kind})
		}
		if r.End > end {
			left = append(left, wire.Region{Start: end, End: r.End, Kind: r.Kind})
		}
	}
	l.mapped = slices.Replace(l.mapped, i, j, left...)
}

// Each hands the blocks to visit, some at a time and in no order. Of what was
// asked for nothing is known: requested and usable are the same.
func (l *Live) Each(visit func([]wire.Block)) {
	part := make([]wire.Block, 0, 1<<14)
	for _, s := range l.table.slots {
		if s.address == 0 {
			continue
		}
		if part = append(part, wire.Block{Address: s.address, Requested: s.size, Usable: s.size}); len(part) == cap(part) {
			visit(part)
			part = part[:0]
		}
	}
	if len(part) > 0 {
		visit(part)
	}
}

// Class is how many live blocks have a usable size.
type Class struct{ Size, Blocks int64 }

// Classes are the usable sizes that live blocks have, the one with most bytes first.
func (l *Live) Classes() []Class {
	count := map[uint64]int64{}
	for _, s := range l.table.slots {
		if s.address != 0 {
			count[s.size]++
		}
	}
	all := make([]Class, 0, len(count))
	for size, n := range count {
		all = append(all, Class{int64(size), n})
	}
	slices.SortFunc(all, func(a, b Class) int {
		return cmp.Or(cmp.Compare(b.Size*b.Blocks, a.Size*a.Blocks), cmp.Compare(b.Size, a.Size))
	})
	return all
}

// Regions are the ranges that are no allocator's heap, as far as reports tell:
// what the program mapped itself, and of each mapping with a thread's stack
// the part up to the thread's descriptor, which glibc puts at the stack's upper end. A
// stack in which a block lies is one no more: its thread has ended, and the allocator
// was given the memory; or the program allocated the stack.
func (l *Live) Regions(mappings []Mapped, page uint64) []wire.Region {
	var regions []wire.Region
	for descriptor, frame := range l.stacks {
		for _, m := range mappings {
			if m.Start <= frame && frame < m.End && frame < descriptor && descriptor < m.End {
				regions = append(regions, wire.Region{Start: m.Start, End: min((descriptor|(page-1))+1, m.End), Kind: wire.RegionStack})
			}
		}
	}
	for _, m := range mappings {
		if m.Start <= l.main && l.main < m.End {
			// Not the whole mapping: what glibc maps for a large block can lie beside it and become one with it.
			regions = append(regions, wire.Region{
				Start: max(m.Start, (l.main-min(l.main, mainTLS))&^(page-1)), End: min(((l.main+mainDescriptor)|(page-1))+1, m.End), Kind: wire.RegionTLS,
			})
		}
	}
	return append(l.mapped[:len(l.mapped):len(l.mapped)], l.withoutBlocks(regions, page)...)
}

// What lies around the main thread's descriptor: static TLS of program and
// libraries below it (a few KiB, and glibc's surplus for libraries that are loaded later), the
// descriptor itself from it on (2304 bytes in glibc 2.36).
const (
	mainTLS        = 16 << 10
	mainDescriptor = 2304
)

// withoutBlocks are the regions, sorted, in which no block begins. One that begins before a region
// and reaches into it has its pages: how far down the main thread's TLS goes is an estimate, and what glibc maps for a
// large block can lie right below it.
func (l *Live) withoutBlocks(regions []wire.Region, page uint64) []wire.Region {
	slices.SortFunc(regions, func(a, b wire.Region) int { return cmp.Compare(a.Start, b.Start) })
	met := make([]bool, len(regions))
	for _, s := range l.table.slots {
		i, _ := slices.BinarySearchFunc(regions, s.address, func(r wire.Region, at uint64) int { return cmp.Compare(r.End, at+1) })
		if s.address == 0 || i == len(regions) {
			continue
		}
		if regions[i].Start <= s.address {
			met[i] = true
			continue
		}
		for end := (s.address + s.size + page - 1) &^ (page - 1); i < len(regions) && regions[i].Start < end; i++ {
			regions[i].Start = min(end, regions[i].End)
			met[i] = met[i] || regions[i].Start == regions[i].End
		}
	}
	kept := regions[:0]
	for i, r := range regions {
		if !met[i] {
			kept = append(kept, r)
		}
	}
	return kept
}

// Mapped is the extent of a mapping.
type Mapped struct{ Start, End uint64 }
