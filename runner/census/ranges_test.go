package census

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

func anonymous(start, end uint64) proc.Mapping {
	return proc.Mapping{Start: start, End: end, Perms: "rw-p"}
}

func TestRanges(t *testing.T) {
	const p = 0x1000
	region := func(start, end uint64, kind wire.RegionKind) wire.Region {
		return wire.Region{Start: start * p, End: end * p, Kind: kind}
	}
	mapping := func(start, end uint64, perms, path string, inode uint64) proc.Mapping {
		return proc.Mapping{Start: start * p, End: end * p, Perms: perms, Path: path, Inode: inode}
	}
	heap := func(start, end uint64) Range {
		return Range{Start: start * p, End: end * p, Account: Heap, PrivateAnonymous: true}
	}
	other := func(start, end uint64) Range {
		return Range{Start: start * p, End: end * p, Account: Other, PrivateAnonymous: true}
	}
	lab := func(start, end uint64) Range {
		return Range{Start: start * p, End: end * p, Account: Lab, PrivateAnonymous: true}
	}
	file := func(start, end uint64) Range { return Range{Start: start * p, End: end * p, Account: Other} }
	plain := mapping(10, 20, "rw-p", "", 0)

	for name, c := range map[string]struct {
		mappings []proc.Mapping
		regions  []wire.Region
		want     []Range
	}{
		"anonymous memory is heap":       {[]proc.Mapping{plain}, nil, []Range{heap(10, 20)}},
		"brk is heap":                    {[]proc.Mapping{mapping(10, 20, "rw-p", "[heap]", 0)}, nil, []Range{{Start: 10 * p, End: 20 * p, PrivateAnonymous: true, Brk: true}}},
		"named anonymous memory is heap": {[]proc.Mapping{mapping(10, 20, "rw-p", "[anon:mine]", 0)}, nil, []Range{heap(10, 20)}},
		"the Go runtime's is not":        {[]proc.Mapping{mapping(10, 20, "rw-p", "[anon: Go: heap]", 0)}, nil, []Range{other(10, 20)}},
		"unreadable memory too":          {[]proc.Mapping{mapping(10, 20, "---p", "", 0)}, nil, []Range{{Start: 10 * p, End: 20 * p, PrivateAnonymous: true, Reserved: true}}},
		"stack":                          {[]proc.Mapping{mapping(10, 20, "rw-p", "[stack]", 0)}, nil, []Range{other(10, 20)}},
		"vdso":                           {[]proc.Mapping{mapping(10, 11, "r-xp", "[vdso]", 0)}, nil, []Range{file(10, 11)}},
		"vsyscall is nowhere":            {[]proc.Mapping{mapping(10, 11, "--xp", "[vsyscall]", 0)}, nil, nil},
		"a file":                         {[]proc.Mapping{mapping(10, 20, "r--p", "/lib/x.so", 7)}, nil, []Range{file(10, 20)}},
		"a private writable file":        {[]proc.Mapping{mapping(10, 20, "rw-p", "/lib/x.so", 7)}, nil, []Range{file(10, 20)}},
		"shared anonymous memory":        {[]proc.Mapping{mapping(10, 20, "rw-s", "/dev/zero (deleted)", 7)}, nil, []Range{file(10, 20)}},
		"the lab's memfd": {
			[]proc.Mapping{mapping(10, 20, "rw-s", "/memfd:alloclab (deleted)", 7)}, []wire.Region{region(10, 20, wire.RegionLab)},
			[]Range{{Start: 10 * p, End: 20 * p, Account: Lab}},
		},
		"the lab's memfd, torn by mprotect": {
			[]proc.Mapping{mapping(10, 15, "rw-s", "/memfd:alloclab (deleted)", 7), mapping(15, 20, "r--s", "/memfd:alloclab (deleted)", 7)},
			[]wire.Region{region(10, 20, wire.RegionLab)}, []Range{{Start: 10 * p, End: 15 * p, Account: Lab}, {Start: 15 * p, End: 20 * p, Account: Lab}},
		},
		"another file beside it": {
			[]proc.Mapping{mapping(10, 20, "rw-s", "/memfd:test (deleted)", 8)}, []wire.Region{region(20, 30, wire.RegionLab)}, []Range{file(10, 20)},
		},
		"stacks in a merged mapping": {
			[]proc.Mapping{plain}, []wire.Region{region(12, 14, wire.RegionStack)}, []Range{heap(10, 12), other(12, 14), heap(14, 20)},
		},
		"a region at the beginning": {[]proc.Mapping{plain}, []wire.Region{region(5, 12, wire.RegionTLS)}, []Range{other(10, 12), heap(12, 20)}},
		"a region at the end":       {[]proc.Mapping{plain}, []wire.Region{region(18, 25, wire.RegionLoad)}, []Range{heap(10, 18), other(18, 20)}},
		"a region around it":        {[]proc.Mapping{plain}, []wire.Region{region(1, 50, wire.RegionLoad)}, []Range{other(10, 20)}},
		"regions that touch":        {[]proc.Mapping{plain}, []wire.Region{region(20, 30, wire.RegionLoad), region(1, 10, wire.RegionLoad)}, []Range{heap(10, 20)}},
		"anonymous memory of the lab": {
			[]proc.Mapping{plain}, []wire.Region{region(10, 12, wire.RegionLab)}, []Range{lab(10, 12), heap(12, 20)},
		},
		"regions that overlap, out of order": {
			[]proc.Mapping{plain}, []wire.Region{region(14, 18, wire.RegionLab), region(12, 15, wire.RegionStack), region(13, 14, wire.RegionTLS)},
			[]Range{heap(10, 12), other(12, 15), lab(15, 18), heap(18, 20)},
		},
		"a region over two mappings": {
			[]proc.Mapping{plain, mapping(20, 30, "r--p", "", 0)}, []wire.Region{region(15, 25, wire.RegionStack)},
			[]Range{heap(10, 15), other(15, 20), other(20, 25), heap(25, 30)},
		},
		"a region upside down": {[]proc.Mapping{plain}, []wire.Region{region(18, 12, wire.RegionStack)}, []Range{heap(10, 20)}},
	} {
		if d := cmp.Diff(c.want, Ranges(c.mappings, c.regions)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Ranges tile the mappings: nothing is left out and nothing is counted twice.
func checkTiling(t *testing.T, mappings []proc.Mapping, ranges []Range) {
	t.Helper()
	i := 0
	for _, m := range mappings {
		for at := m.Start; at < m.End; i++ {
			if i == len(ranges) || ranges[i].Start != at || ranges[i].End <= at || ranges[i].End > m.End {
				t.Fatalf("range %d of %+v does not go on at %#x of %+v", i, ranges, at, mappings)
			}
			if ranges[i].Account == Heap && !m.PrivateAnonymous() {
				t.Fatalf("%+v is heap of %+v", ranges[i], m)
			}
			at = ranges[i].End
		}
	}
	if i != len(ranges) {
		t.Fatalf("%d ranges too many: %+v of %+v", len(ranges)-i, ranges, mappings)
	}
}

func TestRangesTile(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	kinds := []proc.Mapping{{Perms: "rw-p"}, {Perms: "rw-p", Path: "[heap]"}, {Perms: "rw-s", Path: "/f", Inode: 1}, {Perms: "rw-p", Path: "[stack]"}}
	for range 2000 {
		var mappings []proc.Mapping
		at := uint64(0)
		for range r.IntN(6) {
			m := kinds[r.IntN(len(kinds))]
			m.Start = at + r.Uint64N(3)*4096
			m.End = m.Start + (1+r.Uint64N(8))*4096
			at = m.End
			mappings = append(mappings, m)
		}
		var regions []wire.Region
		for range r.IntN(6) {
			start := r.Uint64N(40) * 4096
			regions = append(regions, wire.Region{Start: start, End: start + r.Uint64N(9)*4096, Kind: wire.RegionKind(1 + r.IntN(5))})
		}
		checkTiling(t, mappings, Ranges(mappings, regions))
	}
}

func FuzzRanges(f *testing.F) {
	f.Add(uint64(0), uint64(8192), uint64(4096), uint64(16384), uint64(4096), uint64(1<<63), uint8(1))
	f.Fuzz(func(t *testing.T, start, middle, end, r1, r2, r3 uint64, kind uint8) {
		if start >= middle || middle >= end {
			return
		}
		mappings := []proc.Mapping{anonymous(start, middle), {Start: middle, End: end, Perms: "rw-s", Path: "/f", Inode: 1}}
		regions := []wire.Region{{Start: r1, End: r2, Kind: wire.RegionKind(kind)}, {Start: r2, End: r3, Kind: wire.RegionLab}}
		ranges := Ranges(mappings, regions)
		checkTiling(t, mappings, ranges)
		for _, r := range ranges {
			inside := r.Start >= r1 && r.End <= r2
			if r.Account == Heap && inside {
				t.Errorf("%+v is heap in spite of %+v", r, regions)
			}
		}
	})
}

func TestHeapCandidates(t *testing.T) {
	got := HeapCandidates([]proc.Mapping{
		anonymous(0, 4096),
		{Start: 4096, End: 8192, Perms: "---p"},
		{Start: 8192, End: 12288, Perms: "rw-p", Path: "[stack]"},
		{Start: 12288, End: 16384, Perms: "rw-p", Path: "/f", Inode: 1},
		{Start: 16384, End: 20480, Perms: "rw-p", Path: "[heap]"},
	})
	want := []Range{{Start: 0, End: 4096, Account: Heap, PrivateAnonymous: true}, {Start: 16384, End: 20480, Account: Heap, PrivateAnonymous: true}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
