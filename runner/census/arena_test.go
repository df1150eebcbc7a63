package census

import (
	"encoding/binary"
	"slices"
	"testing"

	"alloclab/runner/proc"
)

// flat is another process's memory: bytes that begin at addresses.
type flat map[uint64][]byte

func (f flat) ReadAt(b []byte, at int64) (int, error) {
	for start, text := range f {
		if offset := uint64(at) - start; uint64(at) >= start && offset < uint64(len(text)) {
			return copy(b, text[offset:]), nil
		}
	}
	return 0, errUnmapped
}

var errUnmapped = unmapped{}

type unmapped struct{}

func (unmapped) Error() string { return "input/output error" }

// state is a malloc_state with empty bins.
func state(at, top, next, attached, system uint64) []byte {
	b := make([]byte, stateSize)
	put := func(offset, value uint64) { binary.NativeEndian.PutUint64(b[offset:], value) }
	put(stateTop, top)
	for i := uint64(stateBins); i < stateNext-16; i += 16 {
		put(i, at+i-16)
		put(i+8, at+i-16)
	}
	put(stateNext, next)
	put(stateAttached, attached)
	put(stateSystem, system)
	return b
}

// chunk is the header of a top chunk.
func chunkHeader(size uint64) []byte {
	return binary.NativeEndian.AppendUint64(make([]byte, 8), size|1)
}

func TestArenas(t *testing.T) {
	const main, other, third = 0x7fff_0000_0c80, heap1 + 0x30, heap2 + 0x30
	mainTop, otherTop := uint64(base+0x1000), uint64(heap1+0x2000)
	tops := func(f flat) flat {
		f[mainTop], f[otherTop] = chunkHeader(0x20000), chunkHeader(0x1e000)
		return f
	}
	data := []Range{{Start: main - 0xc80, End: main + 0x1380}}
	libc := func(s []byte) []byte {
		b := make([]byte, 0x2000)
		copy(b[0xc80:], s)
		return b
	}
	a := Arena{Address: main, Main: true, Attached: 1, System: 0x21000, Top: mainTop, End: mainTop + 0x20000}
	b := Arena{Address: other, Attached: 3, System: 0x20000, Top: otherTop, End: otherTop + 0x1e000}
	one := []HeapInfo{{Start: heap1, Arena: other}}
	for name, c := range map[string]struct {
		infos  []HeapInfo
		memory flat
		want   []Arena
	}{
		"none":       {nil, flat{}, nil},
		"main alone": {nil, tops(flat{data[0].Start: libc(state(main, mainTop, main, 1, 0x21000))}), []Arena{a}},
		"main not used yet": {nil, flat{data[0].Start: libc(state(main, main+stateTop, main, 1, 0x21000))},
			[]Arena{{Address: main, Main: true, Attached: 1, System: 0x21000}}},
		"two on a ring":               {one, tops(flat{main: state(main, mainTop, other, 1, 0x21000), other: state(other, otherTop, main, 3, 0x20000)}), []Arena{a, b}},
		"a ring without main":         {one, tops(flat{other: state(other, otherTop, other, 3, 0x20000)}), []Arena{b}},
		"a ring that does not close":  {one, tops(flat{main: state(main, mainTop, main, 1, 0x21000), other: state(other, otherTop, main, 3, 0x20000)}), []Arena{b}},
		"a ring that is not mapped":   {one, tops(flat{other: state(other, otherTop, third, 3, 0x20000)}), []Arena{b}},
		"top of no chunk":             {one, flat{other: state(other, heap1+0x3000, other, 3, 0x20000)}, nil},
		"top beyond all it has":       {one, flat{otherTop: chunkHeader(0x3e000), other: state(other, otherTop, other, 3, 0x20000)}, nil},
		"top that ends in a page":     {one, flat{otherTop: chunkHeader(0x1e010), other: state(other, otherTop, other, 3, 0x20000)}, nil},
		"nothing of the system's":     {one, tops(flat{other: state(other, otherTop, other, 3, 0)}), nil},
		"a list of its own, no arena": {nil, tops(flat{data[0].Start: libc(append(make([]byte, stateNext), state(main, mainTop, main, 1, 0x21000)[stateNext:]...))}), nil},
		"a bin with one link":         {nil, tops(flat{data[0].Start: libc(append(append(state(main, mainTop, main, 1, 0x21000)[:stateBins:stateBins], 1, 0, 0, 0, 0, 0, 0, 0), state(main, mainTop, main, 1, 0x21000)[stateBins+8:]...))}), nil},
	} {
		if got := Arenas(c.infos, data, c.memory); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// All arenas count, or nothing is said; where a top chunk is does not matter, since it moves.
func TestObtained(t *testing.T) {
	const main, other = 0x7fff_0000_0c80, heap1 + 0x30
	one := []HeapInfo{{Start: heap1, Arena: other}}
	for name, c := range map[string]struct {
		memory flat
		bytes  int64
		ok     bool
	}{
		"two":                        {flat{main: state(main, 8, other, 1, 0x21000), other: state(other, 24, main, 3, 0x20000)}, 0x41000, true},
		"main is not found":          {flat{other: state(other, 24, other, 3, 0x20000)}, 0x20000, false},
		"one cannot be read":         {flat{main: state(main, 8, other, 1, 0x21000), other: state(other, 24, main, 3, 0x20000)[:stateSystem]}, 0, false},
		"one has no size":            {flat{main: state(main, 8, other, 1, 0), other: state(other, 24, main, 3, 0x20000)}, 0, false},
		"a ring that does not close": {flat{main: state(main, 8, main, 1, 0x21000), other: state(other, 24, main, 3, 0x20000)}, 0x20000, false},
	} {
		if bytes, ok := Obtained(one, nil, c.memory); ok != c.ok || ok && bytes != c.bytes {
			t.Errorf("%s: %d, %v", name, bytes, ok)
		}
	}
}

func FuzzArenas(f *testing.F) {
	f.Add(state(heap1+0x30, heap1+0x2000, heap1+0x30, 1, 4096), chunkHeader(4096), uint64(heap1+0x2000))
	f.Add(state(heap2+0x30, heap1+0x2000, heap1+0x30, 1, 1<<40), []byte{}, uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, a, b []byte, at uint64) {
		memory := flat{heap1 + 0x30: a, at: b}
		for _, got := range Arenas([]HeapInfo{{Start: heap1, Arena: heap1 + 0x30}}, nil, memory) {
			if got.Top != 0 && (got.End <= got.Top || got.End-got.Top > got.System) {
				t.Errorf("%+v", got)
			}
		}
		for _, got := range Arenas(nil, []Range{{Start: heap1, End: heap1 + 1<<62}}, memory) {
			if !got.Main {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestLibcData(t *testing.T) {
	mapping := func(start, end uint64, perms, path string, inode uint64) proc.Mapping {
		return proc.Mapping{Start: start, End: end, Perms: perms, Path: path, Inode: inode}
	}
	program := mapping(1<<12, 2<<12, "rw-p", "/bin/server", 3)
	bss := mapping(2<<12, 3<<12, "rw-p", "", 0)
	for name, c := range map[string]struct {
		mappings []proc.Mapping
		want     []Range
	}{
		"nothing":              {nil, nil},
		"libc, with its bss":   {[]proc.Mapping{program, mapping(8<<12, 9<<12, "r--p", "/lib/libc.so.6", 7), mapping(9<<12, 10<<12, "rw-p", "/lib/libc.so.6", 7), mapping(10<<12, 12<<12, "rw-p", "", 0)}, []Range{{Start: 9 << 12, End: 12 << 12}}},
		"before 2.34":          {[]proc.Mapping{mapping(9<<12, 10<<12, "rw-p", "/lib/libc-2.31.so", 7)}, []Range{{Start: 9 << 12, End: 10 << 12}}},
		"updated meanwhile":    {[]proc.Mapping{mapping(9<<12, 10<<12, "rw-p", "/lib/libc.so.6 (deleted)", 7)}, []Range{{Start: 9 << 12, End: 10 << 12}}},
		"linked statically":    {[]proc.Mapping{program, bss}, []Range{{Start: 1 << 12, End: 3 << 12}}},
		"another library's":    {[]proc.Mapping{mapping(9<<12, 10<<12, "rw-p", "/lib/libcrypto.so.3", 7)}, nil},
		"shared, not its data": {[]proc.Mapping{mapping(9<<12, 10<<12, "rw-s", "/lib/libc.so.6", 7)}, nil},
	} {
		if got := LibcData(c.mappings, "/bin/server"); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
