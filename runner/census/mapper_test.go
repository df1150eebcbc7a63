package census

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// naiveStates says of each page of the heap what it is, byte by byte, and where
// the highest block ends.
func naiveStates(list []wire.Block, ranges []Range, pages *table) (states []results.PageState, highest uint64) {
	held := map[uint64]uint64{} // bytes in blocks, by page
	for _, b := range list {
		for i := range b.Usable {
			held[(b.Address+i)/pages.size]++
		}
		highest = max(highest, b.Address+b.Usable)
	}
	for _, r := range ranges {
		if r.Account != Heap {
			continue
		}
		for at := r.Start; at < r.End; at += pages.size {
			entry, n := pages.entries[at/pages.size], held[at/pages.size]
			switch {
			case entry&proc.PageSwapped != 0:
				states = append(states, results.PageSwapped)
			case !proc.Resident(entry, true) && r.Reserved:
				states = append(states, results.PageReserved)
			case !proc.Resident(entry, true):
				states = append(states, results.PageReturned)
			case n == 0:
				states = append(states, results.PageEmpty)
			case 2*n < pages.size:
				states = append(states, results.PagePinned)
			default:
				states = append(states, results.PageLive)
			}
		}
	}
	return states, highest
}

func spelled(heaps []results.Heap) (states []results.PageState) {
	for _, h := range heaps {
		for _, run := range h.Runs {
			for range run.Pages {
				states = append(states, run.State)
			}
		}
	}
	return states
}

// sparse leaves out stretches without a present or swapped page, as Pagemap.Walk may.
type sparse struct{ *table }

func (s sparse) Walk(start, end uint64, buffer []uint64, visit func(uint64, []uint64) error) error {
	return s.table.Walk(start, end, buffer, func(at uint64, entries []uint64) error {
		for len(entries) > 0 && entries[0] == 0 {
			at, entries = at+s.size, entries[1:]
		}
		if len(entries) == 0 {
			return nil
		}
		return visit(at, entries)
	})
}

func TestMapAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 400 {
		list, ranges, pages := scene(r, 4096)
		for j := range ranges {
			ranges[j].Reserved = r.IntN(3) == 0
		}
		b := blocksOf(t, 4096, list...)
		l, got, err := b.Map(ranges, nil, pages, proc.Resident)
		if err != nil {
			t.Fatal(err)
		}
		states, highest := naiveStates(list, ranges, pages)
		if len(got.Heaps) != 1 || got.Unit != 1 || !slices.Equal(spelled(got.Heaps), states) || uint64(got.Heaps[0].BlocksEnd) != highest {
			t.Fatalf("case %d: %+v\n%v\nhighest %#x", i, got, states, highest)
		}
		if sum := got.Ledger(); sum.Heap() != l.Heap() || sum.Live != l.Live || sum.Rounding != l.Rounding || sum.Pinned != l.Pinned {
			t.Fatalf("case %d: heaps sum up to %+v, the ledger is %+v", i, sum, l)
		}
		if _, again, err := b.Map(ranges, nil, sparse{pages}, proc.Resident); err != nil || !cmp.Equal(again, got) {
			t.Fatalf("case %d: with stretches left out: %s, %v", i, cmp.Diff(got, again), err)
		}
	}
}

func TestHeapsOf(t *testing.T) {
	const mib = 1 << 20
	heap := func(start, end uint64) Range { return Range{Start: start, End: end, PrivateAnonymous: true} }
	brk := Range{Start: base, End: base + mib, PrivateAnonymous: true, Brk: true}
	reserved := Range{Start: heap1 + mib, End: heap2, PrivateAnonymous: true, Reserved: true}
	of := func(start, end uint64) HeapInfo { return HeapInfo{Start: start, Arena: end + 0x30} }
	type h struct {
		kind       results.HeapKind
		start, end uint64
		arena      int
	}
	for name, c := range map[string]struct {
		ranges []Range
		infos  []HeapInfo
		want   []h
	}{
		"neighbours are one":      {[]Range{heap(mib, 2*mib), heap(2*mib, 3*mib), heap(5*mib, 6*mib)}, nil, []h{{"mapped", mib, 3 * mib, 0}, {"mapped", 5 * mib, 6 * mib, 0}}},
		"but [heap] stands alone": {[]Range{brk, heap(base+mib, base+2*mib)}, nil, []h{{"main", base, base + mib, 0}, {"mapped", base + mib, base + 2*mib, 0}}},
		"what is no heap parts":   {[]Range{heap(mib, 2*mib), {Start: 2 * mib, End: 3 * mib, Account: Other}, heap(3*mib, 4*mib)}, nil, []h{{"mapped", mib, 2 * mib, 0}, {"mapped", 3 * mib, 4 * mib, 0}}},
		"a heap and its reserve":  {[]Range{heap(heap1, heap1+mib), reserved}, []HeapInfo{of(heap1, heap1)}, []h{{"arena", heap1, heap2, 1}}},
		"three merged heaps of two arenas, and what lies around": {
			[]Range{heap(heap1-mib, heap3+HeapMax+mib)}, []HeapInfo{of(heap1, heap1), of(heap2, heap1), of(heap3, heap3)},
			[]h{{"mapped", heap1 - mib, heap1, 0}, {"arena", heap1, heap2, 1}, {"arena", heap2, heap3, 1}, {"arena", heap3, heap3 + HeapMax, 2}, {"mapped", heap3 + HeapMax, heap3 + HeapMax + mib, 0}},
		},
		"without their infos they are one": {[]Range{heap(heap1, heap3)}, nil, []h{{"mapped", heap1, heap3, 0}}},
	} {
		var got []h
		for _, o := range heapsOf(c.ranges, c.infos) {
			got = append(got, h{o.Kind, uint64(o.Start), uint64(o.End), o.Arena})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestMapIsBounded: a heap in which no two neighbours are alike is made coarse
// on the way, and comes out as if that had been done at the end.
func TestMapIsBounded(t *testing.T) {
	const p, pages = 4096, 120_000
	table := newTable(p)
	var exact results.PageRuns
	for i := range uint64(pages) {
		if i%3 == 0 {
			table.entries[base/p+i] = present
			exact = exact.Add(1, results.PageEmpty)
		} else {
			exact = exact.Add(1, results.PageReturned)
		}
	}
	ranges := []Range{{Start: base, End: base + pages*p, PrivateAnonymous: true}}
	l, m, err := NewBlocks(p).Map(ranges, nil, table, proc.Resident)
	if err != nil || l.Empty != pages/3*p {
		t.Fatal(l, err)
	}
	got := m.Heaps[0].Runs
	if len(got) > results.MaxRuns || m.Unit < 32 || !slices.Equal(got, exact.Coarse(base/p, m.Unit)) {
		t.Errorf("%d runs in cells of %d pages", len(got), m.Unit)
	}
}

// TestManyHeaps: the smallest are put together, and nothing is lost.
func TestManyHeaps(t *testing.T) {
	const p, n = 4096, results.MaxHeaps + 44
	table := newTable(p)
	var ranges []Range
	for i := range uint64(n) {
		start := base + i*1000*p
		table.set(start, start+(1+i%7)*p, present)
		ranges = append(ranges, Range{Start: start, End: start + 10*p, PrivateAnonymous: true})
	}
	l, m, err := NewBlocks(p).Map(ranges, nil, table, proc.Resident)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Heaps) != results.MaxHeaps || m.Count != n-results.MaxHeaps || m.Others.Empty != 43*p+2*p || m.Ledger() != l {
		t.Errorf("%d heaps, %d others of %d bytes; %+v, want %+v", len(m.Heaps), m.Count, m.Others.Empty, m.Ledger(), l)
	}
	if got := m.Others.Runs.Count(); got[results.PageEmpty]+got[results.PageReturned] != (n-results.MaxHeaps)*10 {
		t.Errorf("others have %v pages", got)
	}
}

func TestHighest(t *testing.T) {
	const p = 4096
	block := func(at, size uint64) wire.Block { return wire.Block{Address: at, Requested: size, Usable: size} }
	b := blocksOf(t, p, block(base+24, 40), block(base+3*p+8, 2*p), block(1<<30, 4<<20), block(1<<48-p, p))
	for _, c := range []struct{ start, end, want uint64 }{
		{base, base + p, base + 64}, {base, base + 10*p, base + 5*p + 8}, {base, base + 4*p, base + 4*p},
		{0, 1 << 40, 1<<30 + 4<<20}, {0, 1 << 29, 0}, {base + 6*p, 1<<48 - p, 0}, {0, 1 << 48, 1 << 48}, {1 << 48, 1 << 50, 0}, {0, 1 << 62, 1 << 48},
	} {
		if got := b.highest(c.start, c.end); got != c.want {
			t.Errorf("%#x-%#x: %#x, want %#x", c.start, c.end, got, c.want)
		}
	}
}

// TestBothEndsOfATerabyte: what lies far apart in one mapping is two heaps.
func TestBothEndsOfATerabyte(t *testing.T) {
	const p, tib = 4096, 1 << 40
	ends := newTable(p)
	ends.set(base, base+3*p, present)
	ends.set(base+tib-5*p, base+tib-3*p, present)
	ranges := []Range{{Start: base, End: base + tib, PrivateAnonymous: true}}
	l, m, err := blocksOf(t, p, wire.Block{Address: base + tib - 5*p, Requested: 8, Usable: 8}).Map(ranges, nil, populated{ends}, proc.Resident)
	if err != nil {
		t.Fatal(err)
	}
	want := []results.Heap{
		{Kind: results.HeapMapped, Start: base, End: base + tib - 5*p, Empty: 3 * p, Runs: results.PageRuns{{Pages: 3, State: results.PageEmpty}, {Pages: tib/p - 8, State: results.PageReturned}}},
		{Kind: results.HeapMapped, Start: base + tib - 5*p, End: base + tib, BlocksEnd: base + tib - 5*p + 8, Live: 8, Pinned: p - 8, Empty: p,
			Runs: results.PageRuns{{Pages: 1, State: results.PagePinned}, {Pages: 1, State: results.PageEmpty}, {Pages: 3, State: results.PageReturned}}},
	}
	if d := cmp.Diff(want, m.Heaps); d != "" || m.Ledger() != l {
		t.Error(d, m.Ledger(), l)
	}
}

// populated visits only what the table has.
type populated struct{ *table }

func (s populated) Walk(start, end uint64, buffer []uint64, visit func(uint64, []uint64) error) error {
	var all []uint64
	for at := range s.entries {
		if at*s.size >= start && at*s.size < end {
			all = append(all, at)
		}
	}
	slices.Sort(all)
	for _, at := range all {
		if err := visit(at*s.size, []uint64{s.entries[at]}); err != nil {
			return err
		}
	}
	return nil
}
