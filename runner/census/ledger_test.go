package census

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"alloclab/results"
	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

const base = 0x7f12_3400_0000 // of a chunk

func blocksOf(t testing.TB, pageSize int, list ...wire.Block) *Blocks {
	t.Helper()
	b := NewBlocks(pageSize)
	b.Add(list)
	return b
}

// One page table, made by hand, for each account.
func TestLedgerAccounts(t *testing.T) {
	const p = 4096
	heap := Range{Start: base, End: base + 16*p, Account: Heap, PrivateAnonymous: true}
	for name, c := range map[string]struct {
		blocks  []wire.Block
		pages   map[uint64]uint64 // page: entry
		account Account
		file    bool // not private anonymous
		want    results.Ledger
	}{
		"nothing":             {},
		"absent pages":        {blocks: []wire.Block{{Address: base, Requested: 100, Usable: 104}}},
		"empty":               {pages: map[uint64]uint64{0: present, 7: present}, want: results.Ledger{Empty: 2 * p}},
		"zero page":           {pages: map[uint64]uint64{0: zero, 1: present}, want: results.Ledger{Empty: p}},
		"zero page of a heap": {blocks: []wire.Block{{Address: base, Requested: p, Usable: p}}, pages: map[uint64]uint64{0: zero}},
		"swapped":             {pages: map[uint64]uint64{0: proc.PageSwapped | proc.PageExclusive}},
		"one whole page":      {blocks: []wire.Block{{Address: base + p, Requested: p, Usable: p}}, pages: map[uint64]uint64{1: present}, want: results.Ledger{Live: p}},
		"live, rounding and pinned": {
			blocks: []wire.Block{{Address: base + 16, Requested: 1000, Usable: 1016}}, pages: map[uint64]uint64{0: present, 1: present},
			want: results.Ledger{Live: 1000, Rounding: 16, Pinned: p - 1016, Empty: p},
		},
		"a page between two": {
			blocks: []wire.Block{{Address: base + p - 8, Requested: 12, Usable: 24}}, pages: map[uint64]uint64{0: present, 1: present},
			want: results.Ledger{Live: 12, Rounding: 12, Pinned: 2*p - 24},
		},
		"rounding that reaches another page": {
			blocks: []wire.Block{{Address: base, Requested: 10, Usable: 3 * p}}, pages: map[uint64]uint64{0: present, 1: present, 2: present},
			want: results.Ledger{Live: 10, Rounding: 3*p - 10},
		},
		"half of a block resident": {
			blocks: []wire.Block{{Address: base, Requested: 2 * p, Usable: 2 * p}}, pages: map[uint64]uint64{1: present},
			want: results.Ledger{Live: p},
		},
		"asked for 0 bytes": {
			blocks: []wire.Block{{Address: base, Requested: 0, Usable: 24}}, pages: map[uint64]uint64{0: present},
			want: results.Ledger{Rounding: 24, Pinned: p - 24},
		},
		"other":           {pages: map[uint64]uint64{0: present, 1: zero}, account: Other, want: results.Ledger{Other: p}},
		"other of a file": {pages: map[uint64]uint64{0: file, 1: zero}, account: Other, file: true, want: results.Ledger{Other: 2 * p}},
		"lab":             {pages: map[uint64]uint64{0: file, 1: file}, account: Lab, file: true, want: results.Ledger{Lab: 2 * p}},
	} {
		pages := newTable(p)
		for page, entry := range c.pages {
			pages.entries[base/p+page] = entry
		}
		r := heap
		r.Account, r.PrivateAnonymous = c.account, !c.file
		got, err := blocksOf(t, p, c.blocks...).Ledger([]Range{r}, pages, proc.Resident)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestLedgerFaults(t *testing.T) {
	const p = 4096
	heap := []Range{{Start: base, End: base + 1024*p, Account: Heap, PrivateAnonymous: true}}
	pages := newTable(p)
	pages.set(base, base+1024*p, present)
	good := wire.Block{Address: base + 64, Requested: 100, Usable: 104}
	whole := wire.Block{Address: base + 512*p, Requested: 512 * p, Usable: 512 * p}
	for name, c := range map[string]struct {
		list []wire.Block
		want string
	}{
		"the same block twice":              {[]wire.Block{good, good}, "overlaps"},
		"by its last 8 bytes":               {[]wire.Block{good, {Address: base + 160, Requested: 8, Usable: 8}}, "overlaps"},
		"by its first 8 bytes":              {[]wire.Block{good, {Address: base, Requested: 72, Usable: 72}}, "overlaps"},
		"inside":                            {[]wire.Block{{Address: base, Requested: 9000, Usable: 9000}, {Address: base + p, Requested: 8, Usable: 8}}, "overlaps"},
		"inside, the other way round":       {[]wire.Block{{Address: base + p, Requested: 8, Usable: 8}, {Address: base, Requested: 9000, Usable: 9000}}, "overlaps"},
		"inside a chunk that a block fills": {[]wire.Block{whole, {Address: base + 600*p, Requested: 8, Usable: 8}}, "overlaps"},
		"a block that fills a used chunk":   {[]wire.Block{{Address: base + 600*p, Requested: 8, Usable: 8}, whole}, "overlaps"},
		"two that fill one chunk":           {[]wire.Block{whole, whole}, "overlaps"},
		"before the heap":                   {[]wire.Block{{Address: base - 8, Requested: 8, Usable: 8}}, "1 pages outside the heap"},
		"half outside the heap":             {[]wire.Block{{Address: base - 2*p, Requested: 3 * p, Usable: 3 * p}}, "2 pages outside the heap"},
		"less usable than asked for":        {[]wire.Block{{Address: base, Requested: 9, Usable: 8}}, "9 bytes were asked for and 8 are usable"},
		"nothing usable":                    {[]wire.Block{{Address: base}}, "0 are usable"},
		"wraps around":                      {[]wire.Block{{Address: 1<<64 - 8, Requested: 16, Usable: 16}}, "asked for"},
		"wraps around to 0":                 {[]wire.Block{{Address: 1<<64 - 16, Requested: 16, Usable: 16}}, "asked for"},
		"in the kernel":                     {[]wire.Block{{Address: 0xffff_8000_0000_0000, Requested: 8, Usable: 8}}, "asked for"},
		"beyond user space":                 {[]wire.Block{{Address: 1<<48 - 8, Requested: 16, Usable: 16}}, "asked for"},
		"larger than any memory":            {[]wire.Block{{Address: 0, Requested: 1 << 47, Usable: 1 << 47}}, "no process holds so much"},
		"larger together than any memory":   {[]wire.Block{{Address: 1 << 46, Requested: 1 << 43, Usable: 1 << 43}, {Address: 1 << 45, Requested: 1<<43 + 1, Usable: 1<<43 + 1}}, "no process holds so much"},
	} {
		_, err := blocksOf(t, p, c.list...).Ledger(heap, pages, proc.Resident)
		var fault *FaultError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := blocksOf(t, p, good, whole).Ledger(heap, pages, proc.Resident); err != nil {
		t.Error("a right list:", err)
	}
	// Blocks of odd sizes side by side are no overlap.
	var odd []wire.Block
	for at, i := uint64(base), uint64(1); i < 200; i++ {
		odd = append(odd, wire.Block{Address: at, Requested: i, Usable: i})
		at += i
	}
	if _, err := blocksOf(t, p, odd...).Ledger(heap, pages, proc.Resident); err != nil {
		t.Error("blocks of odd sizes side by side:", err)
	}
	// An overfull page is found where the granules of blocks, too short to have any, cannot tell.
	b := blocksOf(t, p, wire.Block{Address: base, Requested: p, Usable: p})
	for range 3 {
		b.Add([]wire.Block{{Address: base + 1, Requested: 6, Usable: 6}})
	}
	var fault *FaultError
	if _, err := b.Ledger(heap, pages, proc.Resident); !errors.As(err, &fault) || !strings.Contains(err.Error(), "block at 0x7f1234000001 of 6 bytes overlaps") {
		t.Errorf("an overfull page: %v", err)
	}
	// Faults are told and counted out, not piled up.
	b = NewBlocks(p)
	for range 1000 {
		b.Add([]wire.Block{{}})
	}
	if _, err := b.Ledger(heap, pages, proc.Resident); !errors.As(err, &fault) || len(fault.Faults) != maxFaults {
		t.Errorf("%v", err)
	}
}

func TestLedgerPassesOnErrors(t *testing.T) {
	gone := errors.New("gone")
	_, err := NewBlocks(4096).Ledger([]Range{{Start: base, End: base + 4096}}, brokenPages{gone}, proc.Resident)
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "0x7f1234000000-0x7f1234001000") {
		t.Error(err)
	}
}

type brokenPages struct{ err error }

func (b brokenPages) Walk(uint64, uint64, []uint64, func(uint64, []uint64) error) error { return b.err }

func TestReset(t *testing.T) {
	const p = 4096
	heap := []Range{{Start: base, End: base + 1024*p, Account: Heap, PrivateAnonymous: true}}
	pages := newTable(p)
	pages.set(base, base+2*p, present)
	b := blocksOf(t, p, wire.Block{Address: base, Requested: 9, Usable: 8}, wire.Block{Address: base, Requested: p, Usable: p},
		wire.Block{Address: base + 512*p, Requested: 512 * p, Usable: 512 * p})
	b.Add([]wire.Block{{Address: base + 600*p, Requested: 8, Usable: 16}}) // overlaps: what stands for filled chunks must stay as it is
	b.Reset()
	b.Add([]wire.Block{{Address: base + 512*p, Requested: 512 * p, Usable: 512 * p}})
	filled := newTable(p)
	filled.set(base+512*p, base+1024*p, present)
	if l, err := b.Ledger(heap, filled, proc.Resident); err != nil || l != (results.Ledger{Live: 512 * p}) {
		t.Errorf("%+v, %v of a filled chunk", l, err)
	}
	b.Reset()
	if b.Count != 0 || b.Requested != 0 || b.Usable != 0 {
		t.Errorf("%d blocks, %d and %d bytes after Reset", b.Count, b.Requested, b.Usable)
	}
	if l, err := b.Ledger(heap, pages, proc.Resident); err != nil || l != (results.Ledger{Empty: 2 * p}) {
		t.Errorf("%+v, %v after Reset", l, err)
	}
	b.Add([]wire.Block{{Address: base + 600*p, Requested: p, Usable: p}, {Address: base, Requested: 1, Usable: 8}})
	if l, err := b.Ledger(heap, pages, proc.Resident); err != nil || l != (results.Ledger{Live: 1, Rounding: 7, Pinned: p - 8, Empty: p}) {
		t.Errorf("%+v, %v in the second census", l, err)
	}
	if b.Count != 2 || b.Requested != p+1 || b.Usable != p+8 {
		t.Errorf("%d blocks, %d and %d bytes in the second census", b.Count, b.Requested, b.Usable)
	}
}

// TestMiscountedPage breaks the census: one page is miscounted, by a Resident
// that lies. The ledger's total then differs from RSS, which is what marks a
// trial as racy, by exactly that page.
func TestMiscountedPage(t *testing.T) {
	const p = 4096
	pages := newTable(p)
	pages.set(base, base+100*p, present)
	ranges := []Range{{Start: base, End: base + 100*p, Account: Heap, PrivateAnonymous: true}}
	rss := int64(100 * p) // by another route
	b := blocksOf(t, p, wire.Block{Address: base + 5*p, Requested: 100, Usable: 104})
	l, err := b.Ledger(ranges, pages, proc.Resident)
	if err != nil || l.Total() != rss {
		t.Fatalf("%+v, %v", l, err)
	}
	for _, account := range []Account{Heap, Other, Lab} {
		ranges[0].Account = account
		b := NewBlocks(p)
		for _, lie := range []int{0, 57, 99} {
			seen := -1
			l, err := b.Ledger(ranges, pages, func(entry uint64, privateAnonymous bool) bool {
				seen++
				return seen != lie && proc.Resident(entry, privateAnonymous)
			})
			if err != nil || l.Total() != rss-p {
				t.Errorf("page %d miscounted in account %d: total %d, RSS %d, %v", lie, account, l.Total(), rss, err)
			}
		}
	}
}

// owner is what a naive census says of one byte.
type owner byte

const (
	none owner = iota
	live
	rounding
)

// A block that fills whole chunks costs no memory of its own.
func TestHugeBlock(t *testing.T) {
	const p = 4096
	huge := wire.Block{Address: base + 100, Requested: 1 << 40, Usable: 1<<40 + 4}
	b := blocksOf(t, p, huge)
	if len(b.used) > 2 {
		t.Errorf("%d chunks for one block", len(b.used))
	}
	pages := newTable(p)
	pages.set(base, base+p, present)                // first page
	pages.set(base+1<<30, base+1<<30+10*p, present) // in the middle
	pages.set(base+1<<40, base+1<<40+p, present)    // last page
	var ranges []Range
	for _, at := range []uint64{base, base + 1<<30, base + 1<<40} {
		ranges = append(ranges, Range{Start: at, End: at + 16*p, Account: Heap, PrivateAnonymous: true})
	}
	l, err := b.Ledger(ranges, pages, proc.Resident)
	// Only parts of the heap are walked here, so that the rest of the block lies outside.
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d pages outside", 1<<28+1-33)) {
		t.Error(err)
	}
	if l != (results.Ledger{Live: p - 100 + 10*p + 100, Rounding: 4, Pinned: 100 + p - 104}) {
		t.Errorf("%+v", l)
	}
}

// An address beyond all block tables is no block's, and no index out of range.
func TestLedgerOfHighAddresses(t *testing.T) {
	const p = 4096
	b := blocksOf(t, p, wire.Block{Address: base, Requested: 8, Usable: 8})
	pages := newTable(p)
	pages.set(base, base+p, present)
	pages.set(1<<48+base, 1<<48+base+p, present)
	l, err := b.Ledger([]Range{
		{Start: base, End: base + p, PrivateAnonymous: true}, {Start: 1<<48 + base, End: 1<<48 + base + p, PrivateAnonymous: true},
	}, pages, proc.Resident)
	if err != nil || l != (results.Ledger{Live: 8, Pinned: p - 8, Empty: p}) {
		t.Errorf("%+v, %v", l, err)
	}
}

func FuzzLedger(f *testing.F) {
	f.Add(uint64(base), uint64(100), uint64(104), uint64(base+4096), uint64(8), uint64(8), uint64(base), uint8(3))
	f.Add(uint64(1<<48-8), uint64(8), uint64(8), uint64(1<<64-8), uint64(1), uint64(16), uint64(1<<48-4096), uint8(1))
	f.Add(uint64(0), uint64(1<<43), uint64(1<<43), uint64(1<<43), uint64(1<<43), uint64(1<<43), uint64(0), uint8(255))
	f.Fuzz(func(t *testing.T, a1, r1, u1, a2, r2, u2, heap uint64, n uint8) {
		const p = 4096
		heap = heap % (1 << 56) / p * p
		a1, u1, a2, u2 = a1&^7, u1&^7, a2&^7, u2&^7 // what is finer than a granule may overlap unseen
		list := []wire.Block{{Address: a1, Requested: r1, Usable: u1}, {Address: a2, Requested: r2, Usable: u2}}
		b := blocksOf(t, p, list...)
		pages := newTable(p)
		pages.set(heap, heap+uint64(n)*p, present)
		ranges := []Range{{Start: heap, End: heap + uint64(n)*p, Account: Heap, PrivateAnonymous: true}}
		l, err := b.Ledger(ranges, pages, proc.Resident)
		if err != nil {
			return
		}
		if l.Total() != int64(n)*p {
			t.Errorf("%+v does not add up to %d pages", l, n)
		}
		if r1 > u1 || r2 > u2 || a1 < heap || a2 < heap || a1+u1 > heap+uint64(n)*p || a2+u2 > heap+uint64(n)*p {
			t.Errorf("%+v was taken in a heap at %#x of %d pages", list, heap, n)
		}
		if want, _ := naive(list, ranges, pages, proc.Resident); l != want {
			t.Errorf("%+v, naive says %+v", l, want)
		}
	})
}
