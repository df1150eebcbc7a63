package census

import (
	"encoding/binary"
	"io"
	"slices"
)

// Arena is what ptmalloc's malloc_state says (glibc malloc/malloc.c, 64-bit,
// 2.26 and later), read from another process's memory and checked.
type Arena struct {
	Address  uint64
	Main     bool
	Attached uint64 // threads that use it; 0: on the list of free arenas
	System   uint64 // bytes of all its heaps: system_mem
	// Top is where the top chunk begins and End where it, and with it the
	// arena's newest heap, ends. 0: it has none yet.
	Top, End uint64
}

// Offsets in malloc_state.
const (
	stateTop      = 96
	stateBins     = 112
	stateNext     = 2160
	stateAttached = 2176
	stateSystem   = 2184
	stateSize     = 2200
)

const (
	maxArenas  = 1 << 16 // of a ring that is none
	maxScanned = 1 << 20 // of libc's data: it has some 20 KiB
)

// Arenas reads ptmalloc's arenas, the main one first and the others in the
// order of addresses. infos are its heaps, data the writable mappings of libc, or of a program
// that is linked statically. The main arena has no symbol in a stripped libc: it is the
// one that the ring of arenas leads to, or a ring of its own in data. Those that do
// not pass the checks are left out.
func Arenas(infos []HeapInfo, data []Range, memory io.ReaderAt) []Arena {
	known, main := addresses(infos, data, memory)
	var arenas []Arena
	for _, at := range known {
		if a, ok := readArena(at, memory); ok {
			a.Main = at == main
			arenas = append(arenas, a)
		}
	}
	return arenas
}

// Obtained is what all arenas together have got from the system (system_mem), of a process
// that may run meanwhile: nothing is asked of top chunks, which move then. It is false where not all arenas
// could be read.
func Obtained(infos []HeapInfo, data []Range, memory io.ReaderAt) (bytes int64, ok bool) {
	known, main := addresses(infos, data, memory)
	for _, at := range known {
		a, _, ok := readState(at, memory)
		if !ok {
			return 0, false
		}
		bytes += int64(a.System)
	}
	return bytes, main != 0
}

// addresses are those of all arenas, the main one first where it was found.
func addresses(infos []HeapInfo, data []Range, memory io.ReaderAt) (known []uint64, main uint64) {
	for _, i := range infos {
		known = append(known, i.Arena)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if len(known) > 0 {
		main = offRing(known, memory)
	} else {
		main = alone(data, memory)
	}
	if main != 0 {
		known = append([]uint64{main}, known...)
	}
	return known, main
}

// offRing follows next from a known arena to the one that is not known. All
// arenas, known ones and main, must be on the ring.
func offRing(known []uint64, memory io.ReaderAt) (main uint64) {
	at := known[0]
	for range min(len(known)+1, maxArenas) {
		next, ok := word(at+stateNext, memory)
		if !ok {
			return 0
		}
		if _, ok := slices.BinarySearch(known, next); !ok {
			if main != 0 && main != next {
				return 0
			}
			main = next
		}
		at = next
	}
	if at != known[0] {
		return 0
	}
	return main
}

// alone looks for an arena that is its own ring. An unused bin points to
// itself, which no other data do 127 times.
func alone(data []Range, memory io.ReaderAt) uint64 {
	for _, r := range data {
		if r.End <= r.Start || r.End > addressLimit {
			continue
		}
		size := min(r.End-r.Start, maxScanned)
		b := make([]byte, size)
		n, _ := memory.ReadAt(b, int64(r.Start)) // the end may not be mapped
		b = b[:n]
		for at := 0; at+stateSize <= len(b); at += 8 {
			address := r.Start + uint64(at)
			if binary.NativeEndian.Uint64(b[at+stateNext:]) == address && binsOf(b[at:], address) {
				return address
			}
		}
	}
	return 0
}

// binsOf reports whether what is there can be the bins of a malloc_state at an address:
// both pointers of a bin are its own, or neither is.
func binsOf(b []byte, address uint64) bool {
	for i := stateBins; i < stateNext-16; i += 16 {
		own := address + uint64(i) - 16 // a bin is used as a chunk, whose links are 16 bytes into it
		forward, back := binary.NativeEndian.Uint64(b[i:]), binary.NativeEndian.Uint64(b[i+8:])
		if (forward == own) != (back == own) || forward == 0 {
			return false
		}
	}
	return true
}

// readState reads a malloc_state, and where its top chunk is.
func readState(at uint64, memory io.ReaderAt) (a Arena, top uint64, ok bool) {
	var b [stateSize]byte
	if at >= addressLimit || at%8 != 0 {
		return Arena{}, 0, false
	}
	if n, _ := memory.ReadAt(b[:], int64(at)); n < len(b) {
		return Arena{}, 0, false
	}
	a = Arena{Address: at, Attached: binary.NativeEndian.Uint64(b[stateAttached:]), System: binary.NativeEndian.Uint64(b[stateSystem:])}
	return a, binary.NativeEndian.Uint64(b[stateTop:]), a.System > 0 && a.System < addressLimit && a.Attached <= 1<<22
}

// readArena reads a malloc_state and its top chunk.
func readArena(at uint64, memory io.ReaderAt) (Arena, bool) {
	a, top, ok := readState(at, memory)
	if !ok {
		return Arena{}, false
	}
	if top == 0 || top == at+stateTop {
		return a, true // not used yet
	}
	size, ok := word(top+8, memory)
	size &^= 7
	if !ok || top%16 != 0 || top >= addressLimit || size < 16 || size > a.System || (top+size)%512 != 0 {
		return Arena{}, false
	}
	a.Top, a.End = top, top+size
	return a, true
}

func word(at uint64, memory io.ReaderAt) (uint64, bool) {
	var b [8]byte
	if at >= addressLimit {
		return 0, false
	}
	if n, _ := memory.ReadAt(b[:], int64(at)); n < len(b) {
		return 0, false
	}
	return binary.NativeEndian.Uint64(b[:]), true
}
