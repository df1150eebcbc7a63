package census

import (
	"encoding/binary"
	"io"

	"alloclab/results"
)

// ptmalloc's non-main heaps: 64 MiB, aligned to their size, each beginning
// with a heap_info (glibc malloc/arena.c: ar_ptr, prev, size, mprotect_size).
const (
	heapMax      = 64 << 20
	heapInfoSize = 32
	// The arena's state follows the heap_info of its first heap: at 0x20
	// before glibc 2.35, at 0x30 since.
	arenaOffsetMax = 0x40
)

// Outside counts ptmalloc's arenas and heaps in another process from its
// memory alone. candidates are its private anonymous writable ranges. Counting 64 MiB
// mappings instead is wrong both ways: neighbours merge, and a heap may be
// split by protection.
func Outside(candidates []Range, memory io.ReaderAt) results.Outside {
	arenas := map[uint64]bool{}
	heaps := int64(0)
	for _, r := range candidates {
		if r.Start >= addressLimit {
			continue
		}
		for at := (r.Start + heapMax - 1) / heapMax * heapMax; at < min(r.End, addressLimit); at += heapMax {
			arena, ok := heapInfo(at, memory)
			if !ok {
				continue
			}
			// The arena lies in its own first heap, which must name it too.
			base := arena / heapMax * heapMax
			if base != at {
				if own, ok := heapInfo(base, memory); !ok || own != arena {
					continue
				}
			}
			arenas[arena] = true
			heaps++
		}
	}
	return results.Outside{Arenas: int64(len(arenas)) + 1, Heaps: heaps}
}

// heapInfo reads the heap_info at an address and returns its arena.
func heapInfo(at uint64, memory io.ReaderAt) (arena uint64, ok bool) {
	var b [heapInfoSize]byte
	if at >= addressLimit {
		return 0, false
	}
	if _, err := memory.ReadAt(b[:], int64(at)); err != nil {
		return 0, false
	}
	arena = binary.NativeEndian.Uint64(b[0:])
	size := binary.NativeEndian.Uint64(b[16:])
	protected := binary.NativeEndian.Uint64(b[24:])
	offset := arena % heapMax
	ok = size > 0 && size <= protected && protected <= heapMax && offset > 0 && offset <= arenaOffsetMax
	return arena, ok
}
