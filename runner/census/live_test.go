package census

import (
	"math/rand/v2"
	"slices"
	"testing"

	"alloclab/runner/wire"
)

// TestLive compares the set with a Go map, through growth and removal.
func TestLive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var l Live
	known := map[uint64]uint64{}
	bytes, strange := int64(0), int64(0)
	for range 200_000 {
		address := 16 * (1 + r.Uint64N(5000))
		if r.IntN(20) == 0 {
			address += 1 << 40
		}
		size, held := known[address]
		if r.IntN(2) == 0 {
			if held {
				strange++
				bytes -= int64(size)
			}
			known[address] = r.Uint64N(1000)
			bytes += int64(known[address])
			l.Apply(wire.RingEvent{Kind: wire.RingAllocated, Address: address, Size: known[address]})
			continue
		}
		if !held {
			strange++
		}
		bytes -= int64(size)
		delete(known, address)
		l.Apply(wire.RingEvent{Kind: wire.RingFreed, Address: address})
	}
	if l.Blocks != int64(len(known)) || l.Bytes != bytes || l.Strange != strange {
		t.Errorf("%d blocks of %d bytes, %d strange; a map says %d, %d, %d", l.Blocks, l.Bytes, l.Strange, len(known), bytes, strange)
	}
	n := 0
	l.Each(func(part []wire.Block) {
		for _, b := range part {
			if size, ok := known[b.Address]; !ok || size != b.Usable || size != b.Requested {
				t.Fatalf("%+v; a map says %d, %v", b, size, ok)
			}
			n++
		}
	})
	if n != len(known) {
		t.Errorf("%d blocks are listed of %d", n, len(known))
	}
	sum := int64(0)
	for _, c := range l.Classes() {
		sum += c.Size * c.Blocks
	}
	if sum != bytes {
		t.Errorf("the classes hold %d bytes of %d", sum, bytes)
	}
	l.Apply(wire.RingEvent{Kind: wire.RingStarted, Address: 1})
	if l.Blocks != 0 || l.Bytes != 0 {
		t.Errorf("a new image holds %d blocks of the old one", l.Blocks)
	}
}

// A large block that glibc mapped right below the main thread's memory has its pages: how far down that goes is an estimate.
func TestBlockBelowTheMainThread(t *testing.T) {
	const p = 4096
	var l Live
	l.Apply(wire.RingEvent{Kind: wire.RingStarted, Address: 0x9004_8740})
	l.Apply(wire.RingEvent{Kind: wire.RingAllocated, Address: 0x9000_0010, Size: 0x4_8000 - 0x10}) // its end is 0x740 below the descriptor
	mappings := []Mapped{{0x9000_0000, 0x9005_0000}}
	got := l.Regions(mappings, p)
	if want := (wire.Region{Start: 0x9004_8000, End: 0x9004_a000, Kind: wire.RegionTLS}); len(got) != 1 || got[0] != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	l.Apply(wire.RingEvent{Kind: wire.RingFreed, Address: 0x9000_0010})
	if got := l.Regions(mappings, p); len(got) != 1 || got[0].Start != 0x9004_4000 {
		t.Errorf("without the block: %+v", got)
	}
	// Blocks over and over the region: nothing is left of it.
	l.Apply(wire.RingEvent{Kind: wire.RingAllocated, Address: 0x9000_0010, Size: 0x8_0000})
	if got := l.Regions(mappings, p); len(got) != 0 {
		t.Errorf("under a block: %+v", got)
	}
}

func TestLiveRegions(t *testing.T) {
	const p = 4096
	var l Live
	for _, e := range []wire.RingEvent{
		{Kind: wire.RingStarted, Address: 0x9000_8100},
		{Kind: wire.RingMapped, Address: 0x1000_0000, Size: 10 * p},
		{Kind: wire.RingMapped, Address: 0x2000_0000, Size: p},
		{Kind: wire.RingUnmapped, Address: 0x1000_0000 + 2*p, Size: 3 * p}, // a hole
		{Kind: wire.RingMapped, Address: 0x1000_0000 + 3*p, Size: p},       // in it
		{Kind: wire.RingUnmapped, Address: 0x2000_0000 - p, Size: 5 * p},
		{Kind: wire.RingUnmapped, Address: 0x3000_0000, Size: 0},
		{Kind: wire.RingStack, Address: 0x5000_7700, Size: 0x5000_6f00},
		{Kind: wire.RingStack, Address: 0x6000_7700, Size: 0x6000_6f00}, // its stack is no longer mapped
	} {
		l.Apply(e)
	}
	l.Apply(wire.RingEvent{Kind: wire.RingStack, Address: 0x7000_7700, Size: 0x7000_6f00})
	l.Apply(wire.RingEvent{Kind: wire.RingAllocated, Address: 0x7000_4000, Size: 64})     // the stack has become a heap
	l.Apply(wire.RingEvent{Kind: wire.RingAllocated, Address: 0x9000_a010, Size: 80 * p}) // glibc mapped it beside the linker's memory
	got := l.Regions([]Mapped{{0x5000_0000, 0x5001_0000}, {0x7000_0000, 0x7001_0000}, {0x9000_0000, 0x9010_0000}, {0x1000_0000, 0x1001_0000}}, p)
	want := []wire.Region{
		{Start: 0x1000_0000, End: 0x1000_0000 + 2*p, Kind: wire.RegionUnmanaged},
		{Start: 0x1000_0000 + 3*p, End: 0x1000_0000 + 4*p, Kind: wire.RegionUnmanaged},
		{Start: 0x1000_0000 + 5*p, End: 0x1000_0000 + 10*p, Kind: wire.RegionUnmanaged},
		{Start: 0x5000_0000, End: 0x5000_8000, Kind: wire.RegionStack},
		{Start: 0x9000_4000, End: 0x9000_9000, Kind: wire.RegionTLS},
	}
	if !slices.Equal(got, want) {
		t.Errorf("regions\n%x, want\n%x", got, want)
	}
}

func FuzzLive(f *testing.F) {
	f.Add([]byte{1, 1, 8, 2, 1, 0, 3, 4, 9, 4, 5, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		var l Live
		for ; len(data) >= 3; data = data[3:] {
			l.Apply(wire.RingEvent{Kind: wire.RingKind(data[0] % 8), Address: uint64(data[1]), Size: uint64(data[2])})
		}
		blocks, bytes := int64(0), int64(0)
		l.Each(func(part []wire.Block) {
			for _, b := range part {
				blocks++
				bytes += int64(b.Usable)
			}
		})
		if blocks != l.Blocks || bytes != l.Bytes {
			t.Fatalf("%d blocks of %d bytes are listed, %d of %d counted", blocks, bytes, l.Blocks, l.Bytes)
		}
		for i, r := range l.mapped {
			if r.Start >= r.End || i > 0 && l.mapped[i-1].End > r.Start {
				t.Fatalf("mapped ranges are not disjoint: %v", l.mapped)
			}
		}
	})
}
