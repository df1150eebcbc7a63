package census

import "alloclab/runner/wire"

// A list in random order jumps through the whole table, and every jump waits
// for memory. Sorted by chunk, the part of the table that is at work fits a
// cache; the sort itself is one counting pass and one copy.

// scattered says that a list changes chunk so often that sorting pays. It looks
// at a few hundred places: most lists are in order and should not pay for the question.
func (b *Blocks) scattered(list []wire.Block) bool {
	const places = 256
	if len(list) < 4*places {
		return false
	}
	shift := b.pageShift + chunkBits
	jumps := 0
	for step, i := len(list)/places, 1; i < len(list); i += step {
		if list[i].Address>>shift != list[i-1].Address>>shift {
			jumps++
		}
	}
	return jumps > places/4
}

// buckets is the number of chunks told apart by their lowest bits: 8 GiB of
// address space, beyond which several share a bucket and the order is only less good.
const buckets = 1 << 12

// byChunk is the list sorted by chunk, valid until the next call.
func (b *Blocks) byChunk(list []wire.Block) []wire.Block {
	shift := b.pageShift + chunkBits
	var start [buckets + 1]int32
	for i := range list {
		start[list[i].Address>>shift%buckets+1]++
	}
	for i := range buckets {
		start[i+1] += start[i]
	}
	if cap(b.sorted) < len(list) {
		b.sorted = make([]wire.Block, len(list))
	}
	sorted := b.sorted[:len(list)]
	for i := range list {
		at := &start[list[i].Address>>shift%buckets]
		sorted[*at] = list[i]
		*at++
	}
	return sorted
}
