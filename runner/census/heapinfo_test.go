package census

import (
	"encoding/binary"
	"errors"
	"testing"

	"alloclab/results"
)

// memory is another process's memory, by address; all else is not mapped.
type memory map[uint64][]byte

func (m memory) ReadAt(b []byte, at int64) (int, error) {
	if text, ok := m[uint64(at)]; ok && len(text) >= len(b) {
		return copy(b, text), nil
	}
	return 0, errors.New("input/output error")
}

// info is a heap_info of glibc.
func info(arena, size, protected uint64) []byte {
	b := binary.NativeEndian.AppendUint64(nil, arena)
	b = binary.NativeEndian.AppendUint64(b, 0) // prev
	b = binary.NativeEndian.AppendUint64(b, size)
	return binary.NativeEndian.AppendUint64(b, protected)
}

const (
	heap1 = 0x7f00_0000_0000
	heap2 = heap1 + HeapMax
	heap3 = heap1 + 2*HeapMax
)

func TestOutside(t *testing.T) {
	own := info(heap1+0x30, 1<<20, 1<<20)
	all := []Range{{Start: heap1 - 5*4096, End: heap3 + 4096}}
	for name, c := range map[string]struct {
		ranges []Range
		memory memory
		want   results.Outside
	}{
		"none":                      {nil, nil, results.Outside{Arenas: 1}},
		"one":                       {all, memory{heap1: own}, results.Outside{Arenas: 2, Heaps: 1}},
		"glibc before 2.35":         {all, memory{heap1: info(heap1+0x20, 4096, 4096)}, results.Outside{Arenas: 2, Heaps: 1}},
		"two arenas":                {all, memory{heap1: own, heap2: info(heap2+0x30, 4096, 8192)}, results.Outside{Arenas: 3, Heaps: 2}},
		"two heaps of one arena":    {all, memory{heap1: own, heap3: info(heap1+0x30, 4096, 8192)}, results.Outside{Arenas: 2, Heaps: 2}},
		"full heap":                 {all, memory{heap1: info(heap1+0x30, HeapMax, HeapMax)}, results.Outside{Arenas: 2, Heaps: 1}},
		"heaps in mappings apart":   {[]Range{{Start: heap1, End: heap1 + 4096}, {Start: heap3, End: heap3 + 4096}}, memory{heap1: own, heap3: info(heap3+0x30, 1, 1)}, results.Outside{Arenas: 3, Heaps: 2}},
		"a heap outside candidates": {[]Range{{Start: heap2, End: heap3}}, memory{heap1: own}, results.Outside{Arenas: 1}},
		"begins behind its heap":    {[]Range{{Start: heap1 + 4096, End: heap2}}, memory{heap1: own}, results.Outside{Arenas: 1}},
		// what only looks like one
		"nothing written":                {all, memory{heap1: make([]byte, 32)}, results.Outside{Arenas: 1}},
		"size 0":                         {all, memory{heap1: info(heap1+0x30, 0, 4096)}, results.Outside{Arenas: 1}},
		"larger than its protected part": {all, memory{heap1: info(heap1+0x30, 8192, 4096)}, results.Outside{Arenas: 1}},
		"larger than a heap":             {all, memory{heap1: info(heap1+0x30, 4096, HeapMax+1)}, results.Outside{Arenas: 1}},
		"an arena in the middle":         {all, memory{heap1: info(heap1+4096, 4096, 4096)}, results.Outside{Arenas: 1}},
		"an arena at the very beginning": {all, memory{heap1: info(heap1, 4096, 4096)}, results.Outside{Arenas: 1}},
		"of an arena that is not mapped": {all, memory{heap2: info(heap1+0x30, 4096, 4096)}, results.Outside{Arenas: 1}},
		"of an arena that names another": {all, memory{heap2: info(heap1+0x30, 4096, 4096), heap1: info(heap1+0x20, 4096, 4096)}, results.Outside{Arenas: 2, Heaps: 1}},
		"of an arena beyond user space":  {all, memory{heap2: info(1<<63+0x30, 4096, 4096)}, results.Outside{Arenas: 1}},
		"candidates beyond user space":   {[]Range{{Start: 1<<64 - 4096, End: 1<<64 - 1}, {Start: 1 << 48, End: 1<<64 - 1}}, memory{0: own}, results.Outside{Arenas: 1}},
		"two that name each other's":     {all, memory{heap1: info(heap2+0x30, 1, 1), heap2: info(heap1+0x30, 1, 1)}, results.Outside{Arenas: 1}},
	} {
		if got := Outside(HeapInfos(c.ranges, c.memory)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func FuzzOutside(f *testing.F) {
	f.Add(info(heap1+0x30, 4096, 4096), info(heap1+0x30, 1, 1), uint64(heap1), uint64(heap3))
	f.Add(info(heap2+0x20, 4096, 4096), info(heap2+0x30, 1, 1), uint64(heap1+1), uint64(1<<64-1))
	f.Add([]byte{1}, []byte{}, uint64(1<<64-1), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, a, b []byte, start, end uint64) {
		if end > start+1<<40 {
			end = start + 1<<40
		}
		got := Outside(HeapInfos([]Range{{Start: start, End: end}}, memory{heap1: a, heap2: b}))
		if got.Arenas < 1 || got.Heaps < got.Arenas-1 || got.Heaps > 2 {
			t.Errorf("%+v from two heaps at most", got)
		}
	})
}
