// Package census turns a block list, page tables and mappings into a ledger:
// every resident page in exactly one account. It is pure: what it counts is
// handed to it, so that a fuzzer or a test can count too.
package census

import (
	"fmt"
	"math/bits"

	"alloclab/results"
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
	stride    uint64 // words that a chunk has for each page
	chunks    [1 << topBits]*middle
	last      *chunk // the chunk looked up last, and its place: lists are often in address order
	lastIndex uint64
	whole     *chunk   // stands for every chunk that one block fills; never written
	spare     []*chunk // of an earlier census, for reuse
	used      []*chunk
	pages     int64        // pages that some block meets
	sorted    []wire.Block // see byChunk
	faults    []string
	cells     results.PageCells // of a map, for reuse
}

// Addresses of user space have at most 47 bits (48 on AArch64). A chunk
// covers 512 pages: 2 MiB where pages have 4 KiB.
const (
	chunkPages   = 512
	chunkBits    = 9
	middleBits   = 13
	topBits      = 14
	granule      = 8 // bytes a bit of a page stands for: no allocator here aligns to less
	maxFaults    = 8
	addressLimit = 1 << 48
	blockLimit   = 1 << 44 // of all blocks together: what claims more is no list of a process
)

type middle [1 << middleBits]*chunk

// chunk has for each page, side by side since they are needed together: the
// bytes asked for (low half of the first word) and the rest of the blocks'
// extents (high half), then one bit a granule, which finds blocks that overlap.
// No sum exceeds a page: a block that would make it so is not added.
type chunk struct{ words []uint64 }

// NewBlocks makes an empty set for a page size (a power of two, 512 bytes to 1 MiB).
func NewBlocks(pageSize int) *Blocks {
	b := &Blocks{pageShift: uint(bits.TrailingZeros(uint(pageSize))), stride: 1 + uint64(pageSize)/granule/64, lastIndex: ^uint64(0)}
	b.whole = b.makeChunk()
	for i := range b.whole.words {
		b.whole.words[i] = ^uint64(0)
		if uint64(i)%b.stride == 0 {
			b.whole.words[i] = uint64(pageSize)
		}
	}
	return b
}

func (b *Blocks) makeChunk() *chunk { return &chunk{make([]uint64, chunkPages*b.stride)} }

// Reset empties the set for another census and keeps its memory.
func (b *Blocks) Reset() {
	for _, c := range b.used {
		clear(c.words)
	}
	b.spare = append(b.spare, b.used...)
	b.used = b.used[:0]
	clear(b.chunks[:])
	b.lastIndex = ^uint64(0)
	b.Count, b.Requested, b.Usable, b.pages, b.faults = 0, 0, 0, 0, nil
}

// Add takes a part of the list, in any order.
func (b *Blocks) Add(list []wire.Block) {
	if b.scattered(list) {
		list = b.byChunk(list)
	}
	for i := range list {
		b.add(&list[i])
	}
}

func (b *Blocks) add(block *wire.Block) {
	start, end := block.Address, block.Address+block.Usable
	switch {
	case block.Usable < block.Requested || block.Usable == 0 || end < start || end > addressLimit:
		b.fault("block at %#x: %d bytes were asked for and %d are usable", block.Address, block.Requested, block.Usable)
		return
	case block.Usable > blockLimit-uint64(b.Usable):
		b.fault("block at %#x of %d bytes: no process holds so much", block.Address, block.Usable)
		return
	}
	b.Count++
	b.Requested += int64(block.Requested)
	b.Usable += int64(block.Usable)
	size := uint64(1) << b.pageShift
	fits := true
	if offset := start & (size - 1); offset+block.Usable <= size {
		fits = b.mark(start>>b.pageShift, offset, block.Usable, block.Requested)
	} else {
		fits = b.stretch(start, end, start+block.Requested)
	}
	if !fits {
		b.fault("block at %#x of %d bytes overlaps another", block.Address, block.Usable)
	}
}

// stretch adds a block that meets several pages. It is false where some page has no room for it.
func (b *Blocks) stretch(start, end, liveEnd uint64) bool {
	size := uint64(1) << b.pageShift
	fits := true
	for at := start; at < end; {
		page := at >> b.pageShift
		if page%chunkPages == 0 && at&(size-1) == 0 && liveEnd-at >= size*chunkPages && at < liveEnd && b.fill(page) {
			at += size * chunkPages
			continue
		}
		stop := min((at|(size-1))+1, end)
		live := uint64(0)
		if at < liveEnd {
			live = min(stop, liveEnd) - at
		}
		fits = b.mark(page, at&(size-1), stop-at, live) && fits
		at = stop
	}
	return fits
}

// mark adds what a block has in a page. It is false where the page has no room for it.
func (b *Blocks) mark(page, offset, length, live uint64) bool {
	c := b.last
	if page>>chunkBits != b.lastIndex {
		c = b.chunk(page >> chunkBits)
	}
	if c == b.whole {
		return false
	}
	words := c.words[page%chunkPages*b.stride:][:b.stride]
	held := words[0]
	if held == 0 {
		b.pages++
	}
	if held&(1<<32-1)+held>>32+length > 1<<b.pageShift {
		return false
	}
	words[0] = held + (live | (length-live)<<32)
	return take(words[1:], offset, length)
}

// take marks the granules of [offset, offset+length) of a page. It is false
// where one was taken before.
func take(taken []uint64, offset, length uint64) bool {
	first, last := offset/granule, (offset+length)/granule // an odd rest is not marked, so it is never a false alarm
	if first == last {
		return true
	}
	head, tail := ^uint64(0)<<(first%64), ^uint64(0)>>(-last%64)
	at, end := first/64, (last-1)/64
	if at == end {
		head &= tail
		hit := taken[at] & head
		taken[at] |= head
		return hit == 0
	}
	hit := taken[at]&head | taken[end]&tail
	taken[at] |= head
	taken[end] |= tail
	for i := at + 1; i < end; i++ {
		hit |= taken[i]
		taken[i] = ^uint64(0)
	}
	return hit == 0
}

// fill makes the chunk that begins at a page one that a block fills, without
// memory of its own. It is false where another block is there already.
func (b *Blocks) fill(page uint64) bool {
	at := b.place(page >> chunkBits)
	if *at != nil {
		return false
	}
	*at = b.whole
	b.pages += chunkPages
	return true
}

// place is where the chunk of that index hangs.
func (b *Blocks) place(index uint64) **chunk {
	m := b.chunks[index>>middleBits]
	if m == nil {
		m = new(middle)
		b.chunks[index>>middleBits] = m
	}
	return &m[index&(1<<middleBits-1)]
}

// chunk is that of an index, made where there is none.
func (b *Blocks) chunk(index uint64) *chunk {
	at := b.place(index)
	if *at == nil {
		*at = b.newChunk()
	}
	b.last, b.lastIndex = *at, index
	return *at
}

func (b *Blocks) newChunk() *chunk {
	var c *chunk
	if n := len(b.spare); n > 0 {
		c = b.spare[n-1]
		b.spare = b.spare[:n-1]
	} else {
		c = b.makeChunk()
	}
	b.used = append(b.used, c)
	return c
}

// find is the chunk of a page, or nil where no block meets it.
func (b *Blocks) find(page uint64) *chunk {
	index := page >> chunkBits
	if index>>middleBits >= 1<<topBits {
		return nil
	}
	if m := b.chunks[index>>middleBits]; m != nil {
		return m[index&(1<<middleBits-1)]
	}
	return nil
}

func (b *Blocks) fault(format string, args ...any) {
	if len(b.faults) < maxFaults {
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
}
