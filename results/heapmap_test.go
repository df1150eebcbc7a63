package results

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPageRunsText(t *testing.T) {
	runs := PageRuns{{12, PageLive}, {3, PagePinned}, {400, PageEmpty}, {1, PageSwapped}, {5, PageReturned}, {1 << 40, PageReserved}}
	text, err := runs.MarshalText()
	if err != nil || string(text) != "12l3p400e1s5r1099511627776n" {
		t.Errorf("%s, %v", text, err)
	}
	var back PageRuns
	if err := back.UnmarshalText(text); err != nil || !slices.Equal(back, runs) {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"12", "l", "0l", "12x", "-1l", "1 l", "1l2", "9999999999999999l", "999999999999999l999999999999999l999999999999999l"} {
		if err := back.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken for %v", bad, back)
		}
	}
}

func FuzzPageRuns(f *testing.F) {
	f.Add("12l3p400e1s5r7n", uint64(3), uint8(2))
	f.Add("1l1p", uint64(0), uint8(0))
	f.Fuzz(func(t *testing.T, text string, first uint64, exponent uint8) {
		var runs PageRuns
		if runs.UnmarshalText([]byte(text)) != nil {
			return
		}
		back, err := runs.MarshalText()
		if err != nil || strings.TrimLeft(string(back), "0") != strings.TrimLeft(text, "0") && !strings.Contains(text, "0") {
			t.Errorf("%q became %q, %v", text, back, err)
		}
		unit := int64(1) << (exponent % 40)
		if coarse := runs.Coarse(first%(1<<52), unit); coarse.Count() != runs.Count() {
			t.Errorf("%v became %v in cells of %d pages", runs, coarse, unit)
		}
	})
}

// naiveCoarse sorts a list of all pages, cell by cell.
func naiveCoarse(runs PageRuns, first uint64, unit int64) (coarse PageRuns) {
	var pages []PageState
	for _, r := range runs {
		for range r.Pages {
			pages = append(pages, r.State)
		}
	}
	for at := 0; at < len(pages); {
		n := min(int(unit)-int((first+uint64(at))%uint64(unit)), len(pages)-at)
		slices.Sort(pages[at : at+n])
		at += n
	}
	for _, state := range pages {
		coarse = coarse.Add(1, state)
	}
	return coarse
}

func TestCoarse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var runs PageRuns
		for range r.IntN(12) {
			runs = runs.Add(1+r.Int64N(20), PageState(r.IntN(int(PageStates))))
		}
		first, unit := r.Uint64N(100), int64(1)<<r.IntN(6)
		got := runs.Coarse(first, unit)
		if want := naiveCoarse(runs, first, unit); !slices.Equal(got, want) {
			t.Fatalf("%v from page %d in cells of %d: %v, want %v", runs, first, unit, got, want)
		}
		if again := got.Coarse(first, 2*unit); !slices.Equal(again, runs.Coarse(first, 2*unit)) {
			t.Fatalf("%v from page %d in cells of %d, then %d: %v", runs, first, unit, 2*unit, again)
		}
	}
}

// alternating is a map in which no two neighbours are alike.
func alternating(pages int64) HeapMap {
	h := Heap{Kind: HeapMapped, Start: 0x7000_0000_0000, End: 0x7000_0000_0000 + Address(pages*4096)}
	for i := range pages {
		h.Runs = h.Runs.Add(1, PageState(i%2)+PagePinned)
	}
	n := h.Runs.Count()
	h.Live, h.Pinned, h.Empty = n[PagePinned]*16, n[PagePinned]*4080, n[PageEmpty]*4096
	return HeapMap{Mark: MarkHold, Unit: 1, Heaps: []Heap{h}}
}

func TestBound(t *testing.T) {
	m := alternating(100_000)
	before := m.Ledger()
	count := m.Heaps[0].Runs.Count()
	m.Bound(MaxRuns, 4096)
	if n := len(m.Heaps[0].Runs); n > MaxRuns || n < MaxRuns/4 || m.Unit != 64 {
		t.Errorf("%d runs in cells of %d pages", n, m.Unit)
	}
	if m.Ledger() != before || m.Heaps[0].Runs.Count() != count {
		t.Error("coarser, it counts something else")
	}
	if err := m.validate(4096); err != nil {
		t.Error(err)
	}
	m.Bound(0, 4096) // cannot be: one cell is left
	if n := len(m.Heaps[0].Runs); n != 2 {
		t.Errorf("%d runs at the coarsest", n)
	}
}

func TestHeapMapsFile(t *testing.T) {
	dir := t.TempDir()
	m := alternating(10)
	m.Heaps[0].BlocksEnd = m.Heaps[0].Start + 100
	want := &HeapMaps{V: Version, Trial: 7, PageSize: 4096, Marks: []HeapMap{m}}
	if err := WriteHeapMaps(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadHeapMaps(dir, 7)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Mark(MarkHold) == nil || got.Mark(MarkIdle) != nil {
		t.Error("a mark is found that is not there, or the other way round")
	}
	if none, err := ReadHeapMaps(dir, 8); none != nil || err != nil || none.Mark(MarkHold) != nil {
		t.Errorf("of a trial without maps: %v, %v", none, err)
	}
}

func TestHeapMapsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*HeapMaps){
		"newer":                     func(m *HeapMaps) { m.V = Version + 1 },
		"page_bytes":                func(m *HeapMaps) { m.PageSize = 1000 },
		"unit_pages":                func(m *HeapMaps) { m.Marks[0].Unit = 3 },
		"in no order":               func(m *HeapMaps) { m.Marks[0].Heaps = append(m.Marks[0].Heaps, m.Marks[0].Heaps[0]) },
		"pages in its runs":         func(m *HeapMaps) { m.Marks[0].Heaps[0].End += 4096 },
		"not the bytes":             func(m *HeapMaps) { m.Marks[0].Heaps[0].Empty++ },
		"lies outside":              func(m *HeapMaps) { m.Marks[0].Heaps[0].Top = 1 },
		"lies outside ":             func(m *HeapMaps) { m.Marks[0].Heaps[0].BlocksEnd = m.Marks[0].Heaps[0].End + 1 },
		"size_bytes":                func(m *HeapMaps) { m.Marks[0].Heaps[0].Size = 1 << 40 },
		"is in no order":            func(m *HeapMaps) { m.Marks[0].Heaps[0].End = m.Marks[0].Heaps[0].Start },
		"0x700000000001-0x70000000": func(m *HeapMaps) { m.Marks[0].Heaps[0].Start++ },
	} {
		maps := &HeapMaps{V: Version, Trial: 1, PageSize: 4096, Marks: []HeapMap{alternating(10)}}
		change(maps)
		text, err := json.Marshal(maps)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseHeapMaps(text); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzHeapMaps(f *testing.F) {
	text, err := json.Marshal(&HeapMaps{V: Version, Trial: 1, PageSize: 4096, Marks: []HeapMap{alternating(10)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"page_bytes":4096,"marks":[{"unit_pages":1,"heaps":[{"start":"0x0","end":"0xffffffffffffffff","runs":"1n"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		maps, err := parseHeapMaps(text)
		if err != nil {
			return
		}
		for _, m := range maps.Marks {
			var held int64
			for i := range m.Heaps {
				n := m.Heaps[i].Runs.Count()
				held += (n[PageLive] + n[PagePinned]) * maps.PageSize
			}
			if l := m.Ledger(); m.Others == nil && l.Live+l.Rounding+l.Pinned != held {
				t.Errorf("%+v of %d bytes", l, held)
			}
			m.Bound(10, maps.PageSize)
		}
	})
}
