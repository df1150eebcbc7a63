package census

import (
	"encoding/binary"
	"io"

	"alloclab/results"
)

// HeapMax is the size of ptmalloc's heaps of arenas other than the main one:
// 64 MiB on 64-bit machines. They are aligned to it, and each begins with a
// heap_info (glibc malloc/arena.c: ar_ptr, prev, size, mprotect_size).
const HeapMax = 64 << 20

const (
	heapInfoSize = 32
	// The arena's state follows the heap_info of its first heap: at 0x20
	// before glibc 2.35, at 0x30 since.
	arenaOffsetMax = 0x40
)

// HeapInfo is what glibc keeps at the beginning of each heap of an arena other
// than the main one.
type HeapInfo struct {
	Start     uint64
	Arena     uint64 // address of its malloc_state
	Size      uint64 // of what the heap has so far, from Start on: the end of its top chunk, or of its last one
	Protected uint64 // of what was ever made writable
}

// HeapInfos finds ptmalloc's heaps of arenas other than the main one in another
// process from its memory alone, in the order of addresses. candidates are its
// private anonymous writable ranges. Looking for 64 MiB mappings instead is
// wrong both ways: neighbours merge, and a heap may be split by protection.
func HeapInfos(candidates []Range, memory io.ReaderAt) []HeapInfo {
	var found []HeapInfo
	for _, r := range candidates {
		if r.Start >= addressLimit {
			continue
		}
		for at := (r.Start + HeapMax - 1) / HeapMax * HeapMax; at < min(r.End, addressLimit); at += HeapMax {
			info, ok := heapInfo(at, memory)
			if !ok {
				continue
			}
			// The arena lies in its own first heap, which must name it too.
			base := info.Arena / HeapMax * HeapMax
			if base != at {
				if own, ok := heapInfo(base, memory); !ok || own.Arena != info.Arena {
					continue
				}
			}
			found = append(found, info)
		}
	}
	return found
}

// Outside counts ptmalloc's arenas and heaps.
func Outside(infos []HeapInfo) results.Outside {
	arenas := map[uint64]bool{}
	for _, info := range infos {
		arenas[info.Arena] = true
	}
	return results.Outside{Arenas: int64(len(arenas)) + 1, Heaps: int64(len(infos))}
}

// heapInfo reads the heap_info at an address.
func heapInfo(at uint64, memory io.ReaderAt) (HeapInfo, bool) {
	var b [heapInfoSize]byte
	if at >= addressLimit {
		return HeapInfo{}, false
	}
	if _, err := memory.ReadAt(b[:], int64(at)); err != nil {
		return HeapInfo{}, false
	}
	info := HeapInfo{
		Start: at, Arena: binary.NativeEndian.Uint64(b[0:]),
		Size: binary.NativeEndian.Uint64(b[16:]), Protected: binary.NativeEndian.Uint64(b[24:]),
	}
	offset := info.Arena % HeapMax
	ok := info.Size > 0 && info.Size <= info.Protected && info.Protected <= HeapMax && offset > 0 && offset <= arenaOffsetMax
	return info, ok
}
