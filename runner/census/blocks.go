// Package census turns a block list, page tables and mappings into a ledger:
// every resident page in exactly one account. It is pure: what it counts is
// handed to it, so that a fuzzer or a test can count too.
package census

import (
	"fmt"
	"math/bits"

	"alloclab/runner/wire"
)

// Blocks is what a process holds, page by page. Memory is proportional to the
// address space that the blocks meet (1.8 %), not to their number, and blocks may come in
// any order.
type Blocks struct {
	Count     int64
	Requested int64
	Usable    int64

	pageShift uint
	chunks    [1 << topBits]*middle
	spare     []*chunk // of an earlier census, for reuse
	used      []*chunk
	pages     int64 // pages that some block meets
	faults    []string
}

// Addresses of user space have at most 47 bits (48 on AArch64). A chunk
// covers 512 pages: 2 MiB where pages have 4 KiB.
const (
	chunkPages   = 512
	chunkBits    = 9
	middleBits   = 13
	topBits      = 14
	granule      = 8 // bytes a bit of chunk.taken stands for: no allocator here aligns to less
	maxFaults    = 8
	addressLimit = 1 << 48
)

type middle [1 << middleBits]*chunk

type chunk struct {
	live     [chunkPages]uint32 // bytes asked for, of each page
	rounding [chunkPages]uint32 // the rest of the blocks' extents
	taken    []uint64           // one bit a granule: finds blocks that overlap
}

// NewBlocks makes an empty set for a page size (a power of two).
func NewBlocks(pageSize int) *Blocks {
	return &Blocks{pageShift: uint(bits.TrailingZeros(uint(pageSize)))}
}

// Reset empties the set for another census and keeps its memory.
func (b *Blocks) Reset() {
	for _, c := range b.used {
		clear(c.live[:])
		clear(c.rounding[:])
		clear(c.taken)
	}
	b.spare = append(b.spare, b.used...)
	b.used = b.used[:0]
	clear(b.chunks[:])
	b.Count, b.Requested, b.Usable, b.pages, b.faults = 0, 0, 0, 0, nil
}

// Add takes a part of the list.
func (b *Blocks) Add(list []wire.Block) {
	for i := range list {
		b.add(list[i])
	}
}

func (b *Blocks) add(block wire.Block) {
	start, end := block.Address, block.Address+block.Usable
	if block.Usable < block.Requested || block.Usable == 0 || end < start || end > addressLimit {
		b.fault("block at %#x: %d bytes were asked for and %d are usable", block.Address, block.Requested, block.Usable)
		return
	}
	b.Count++
	b.Requested += int64(block.Requested)
	b.Usable += int64(block.Usable)
	size := uint64(1) << b.pageShift
	liveEnd := start + block.Requested
	overlap := false
	for at := start; at < end; {
		next := (at | (size - 1)) + 1
		stop := min(next, end)
		page := at >> b.pageShift
		c := b.chunk(page)
		i := page % chunkPages
		if c.live[i]|c.rounding[i] == 0 {
			b.pages++
		}
		live := uint64(0)
		if at < liveEnd {
			live = min(stop, liveEnd) - at
		}
		c.live[i] += uint32(live)
		c.rounding[i] += uint32(stop - at - live)
		overlap = c.take(at&(size*chunkPages-1), stop-at) || overlap
		at = next
	}
	if overlap {
		b.fault("block at %#x of %d bytes overlaps another", block.Address, block.Usable)
	}
}

// take marks the granules of [offset, offset+length) of the chunk and reports
// whether one was taken before.
func (c *chunk) take(offset, length uint64) bool {
	first, last := offset/granule, (offset+length)/granule // an odd rest is not marked, so it is never a false alarm
	hit := uint64(0)
	for word := first / 64; word*64 < last; word++ {
		mask := ^uint64(0)
		if word == first/64 {
			mask <<= first % 64
		}
		if word == last/64 {
			mask &= 1<<(last%64) - 1
		}
		hit |= c.taken[word] & mask
		c.taken[word] |= mask
	}
	return hit != 0
}

func (b *Blocks) chunk(page uint64) *chunk {
	index := page >> chunkBits
	m := b.chunks[(index>>middleBits)&(1<<topBits-1)]
	if m == nil {
		m = new(middle)
		b.chunks[(index>>middleBits)&(1<<topBits-1)] = m
	}
	c := m[index&(1<<middleBits-1)]
	if c == nil {
		c = b.newChunk()
		m[index&(1<<middleBits-1)] = c
	}
	return c
}

func (b *Blocks) newChunk() *chunk {
	var c *chunk
	if n := len(b.spare); n > 0 {
		c = b.spare[n-1]
		b.spare = b.spare[:n-1]
	} else {
		c = &chunk{taken: make([]uint64, chunkPages<<b.pageShift/granule/64)}
	}
	b.used = append(b.used, c)
	return c
}

// find is the chunk of a page, or nil where no block meets it.
func (b *Blocks) find(page uint64) *chunk {
	index := page >> chunkBits
	if m := b.chunks[(index>>middleBits)&(1<<topBits-1)]; m != nil {
		return m[index&(1<<middleBits-1)]
	}
	return nil
}

func (b *Blocks) fault(format string, args ...any) {
	if len(b.faults) < maxFaults {
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
}
