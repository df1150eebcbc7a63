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
// address space that the blocks meet (0.4 %, and 1.6 % where they are smaller than pages),
// not to their number, and blocks may come in any order.
type Blocks struct {
	Count     int64
	Requested int64
	Usable    int64

	pageShift uint
	granules  uint64 // of a page
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

// share is what blocks have in one page. No sum exceeds its size: a block that
// would make it so is not added.
type share struct {
	live, rounding uint32 // bytes asked for, and the rest of the blocks' extents
	// Granules that the block at the page's start takes, and the one at its end:
	// with blocks as large as pages these say all, and nothing else is touched.
	low, high uint32
}

// chunk has its pages, and one bit a granule for blocks that touch no edge of
// their page. Overlaps are found by these.
type chunk struct {
	pages [chunkPages]share
	taken []uint64 // nil before the first such block
}

// NewBlocks makes an empty set for a page size (a power of two, 512 bytes to 1 MiB).
func NewBlocks(pageSize int) *Blocks {
	b := &Blocks{pageShift: uint(bits.TrailingZeros(uint(pageSize))), granules: uint64(pageSize) / granule, lastIndex: ^uint64(0), whole: new(chunk)}
	for i := range b.whole.pages {
		b.whole.pages[i] = share{live: uint32(pageSize), low: uint32(b.granules)}
	}
	return b
}

// Reset empties the set for another census and keeps its memory.
func (b *Blocks) Reset() {
	for _, c := range b.used {
		clear(c.pages[:])
		clear(c.taken)
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
func (b *Blocks) mark(number, offset, length, live uint64) bool {
	c := b.last
	if number>>chunkBits != b.lastIndex {
		c = b.chunk(number >> chunkBits)
	}
	if c == b.whole {
		return false
	}
	p := &c.pages[number%chunkPages]
	held := uint64(p.live) + uint64(p.rounding)
	if held == 0 {
		b.pages++
	}
	if held+length > 1<<b.pageShift {
		return false
	}
	p.live += uint32(live)
	p.rounding += uint32(length - live)
	return b.take(c, number%chunkPages, offset/granule, (offset+length)/granule) // an odd rest is not marked, so it is never a false alarm
}

// take marks the granules from first to before end in a page of a chunk. It is
// false where one was taken before.
func (b *Blocks) take(c *chunk, number, first, end uint64) bool {
	p := &c.pages[number]
	switch {
	case first == end:
		return true
	case first < uint64(p.low) || end > b.granules-uint64(p.high):
		return false
	case first == 0:
		p.low = uint32(end)
		return c.taken == nil || !meets(b.takenIn(c, number), first, end)
	case end == b.granules:
		p.high = uint32(end - first)
		return c.taken == nil || !meets(b.takenIn(c, number), first, end)
	}
	if c.taken == nil {
		c.taken = make([]uint64, chunkPages*b.granules/64)
	}
	return set(b.takenIn(c, number), first, end)
}

// takenIn are the bits of a page.
func (b *Blocks) takenIn(c *chunk, number uint64) []uint64 {
	words := b.granules / 64
	return c.taken[number*words:][:words]
}

// set sets the bits from first to before end. It is false where one was set before.
func set(taken []uint64, first, end uint64) bool {
	head, tail := ^uint64(0)<<(first%64), ^uint64(0)>>(-end%64)
	at, last := first/64, (end-1)/64
	if at == last {
		head &= tail
		hit := taken[at] & head
		taken[at] |= head
		return hit == 0
	}
	hit := taken[at]&head | taken[last]&tail
	taken[at] |= head
	taken[last] |= tail
	for i := at + 1; i < last; i++ {
		hit |= taken[i]
		taken[i] = ^uint64(0)
	}
	return hit == 0
}

// meets says whether one of the bits from first to before end is set.
func meets(taken []uint64, first, end uint64) bool {
	head, tail := ^uint64(0)<<(first%64), ^uint64(0)>>(-end%64)
	at, last := first/64, (end-1)/64
	if at == last {
		return taken[at]&head&tail != 0
	}
	hit := taken[at]&head | taken[last]&tail
	for _, word := range taken[at+1 : last] {
		hit |= word
	}
	return hit != 0
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
		c = new(chunk)
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
