package plots

import (
	"math/rand/v2"
	"slices"
	"testing"

	"alloclab/results"
)

// TestHeapColumns: what a column shows is what its pages are.
func TestHeapColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		h := results.Heap{Start: results.Address(4096 * r.Uint64N(64))}
		var pages []results.PageState
		for range 1 + r.IntN(40) {
			state, n := results.PageState(r.IntN(int(results.PageStates))), 1+r.Int64N(30)
			h.Runs = h.Runs.Add(n, state)
			for range n {
				pages = append(pages, state)
			}
		}
		each := 1 + r.IntN(20)
		columns := heapColumns(&h, paging{4096, 1}, float64(each*4096), 1000)
		if len(columns) != (len(pages)+each-1)/each {
			t.Fatalf("%d columns of %d pages for %d pages", len(columns), each, len(pages))
		}
		for i, c := range columns {
			part := pages[i*each : min((i+1)*each, len(pages))]
			sum := int8(0)
			for state, n := range c {
				count := 0
				for _, p := range part {
					if p == results.PageState(state) {
						count++
					}
				}
				sum += n
				share := float64(count) / float64(len(part)) * heapLevels
				if (n > 0) != (count > 0) || len(part) > 1 && (float64(n) < share-6 || float64(n) > share+6) {
					t.Fatalf("column %d: %d of %d pages are %v, drawn %d twelfths high", i, count, len(part), results.PageState(state), n)
				}
			}
			if sum != heapLevels {
				t.Fatalf("column %d is %d high: %v", i, sum, c)
			}
		}
		// In cells of 8 pages, columns in the same cell are alike.
		coarse := h
		coarse.Runs = h.Runs.Coarse(uint64(h.Start)/4096, 8)
		columns = heapColumns(&coarse, paging{4096, 8}, 4096, 1000)
		for i := 1; i < len(columns); i++ {
			if (int(h.Start/4096)+i)%8 != 0 && columns[i] != columns[i-1] {
				t.Fatalf("pages %d and %d of one cell look different: %v, %v", i-1, i, columns[i-1], columns[i])
			}
		}
	}
	if got := heapColumns(&results.Heap{}, paging{4096, 1}, 4096, 10); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestSteps: the outlines of a state enclose as much as its columns are high.
func TestSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var columns []levels
		for range r.IntN(30) {
			var shares [results.PageStates]float64
			all := 0.0
			for range 1 + r.IntN(4) {
				n := float64(1 + r.IntN(3))
				shares[r.IntN(len(shares))] += n
				all += n
			}
			columns = append(columns, levelsOf(shares, all))
		}
		for state := range results.PageStates {
			want, got := 0, 0
			for _, c := range columns {
				want += int(c[state])
			}
			for _, area := range steps(columns, state) {
				twice := 0
				for i, p := range area {
					q := area[(i+1)%len(area)]
					twice += p.column*int(q.level) - q.column*int(p.level)
					if p.column != q.column && p.level != q.level {
						t.Fatalf("a slope from %v to %v", p, q)
					}
				}
				got += max(twice, -twice) / 2
			}
			if got != want {
				t.Fatalf("%v: outlines enclose %d, columns %d", columns, got, want)
			}
		}
	}
}

// TestHeapRows: the heaps of all marks, the largest first; a heap that is gone
// at a mark is nil there.
func TestHeapRows(t *testing.T) {
	heap := func(start results.Address, empty int64) results.Heap {
		return results.Heap{Start: start, End: start + 8192, Empty: empty}
	}
	maps := &results.HeapMaps{PageSize: 4096, Marks: []results.HeapMap{
		{Mark: results.MarkBaseline, Heaps: []results.Heap{heap(0x9000, 8192)}},
		{Mark: results.MarkHold, Heaps: []results.Heap{heap(0x1000, 4096), heap(0x3000, 8192), heap(0x5000, 0)}},
		{Mark: results.MarkPurged, Heaps: []results.Heap{heap(0x1000, 0)}},
	}}
	marks, rows := heapRows(maps)
	if !slices.Equal(marks, []string{results.MarkHold, results.MarkPurged}) || len(rows) != 2 || rows[0].key.Start != 0x3000 || rows[0].at[1] != nil || rows[1].at[1] == nil || rows[1].most != 4096 {
		t.Errorf("%v %+v", marks, rows)
	}
	if _, rows := heapRows(nil); rows != nil {
		t.Error("rows of no maps")
	}
}
