package page

import (
	"cmp"
	"encoding/json"
	"html/template"
	"slices"

	"alloclab/plots"
	"alloclab/results"
)

// heapMaps is the data of one cell's live heap map: what heapmap.js reads.
type heapMaps struct {
	Title    string        `json:"title"`
	Page     int64         `json:"page"` // bytes
	Variants []heapVariant `json:"variants"`
}

type heapVariant struct {
	Name  string     `json:"name"`
	Marks []heapMark `json:"marks"`
}

// heapMark is a mark's heaps in the order of addresses. Left are those that the
// page has no room for.
type heapMark struct {
	Name  string     `json:"name"`
	Unit  int64      `json:"unit"` // pages: see results.HeapMap
	Heaps []heapData `json:"heaps"`
	Left  int64      `json:"left,omitempty"`       // heaps
	Rest  int64      `json:"left_bytes,omitempty"` // in memory
}

// heapData is one heap; accounts are bytes.
type heapData struct {
	Kind   results.HeapKind `json:"kind"`
	Arena  int              `json:"arena,omitempty"`
	Start  results.Address  `json:"start"`
	Length int64            `json:"length"`
	Size   int64            `json:"size,omitempty"`
	Top    results.Address  `json:"top,omitempty"`
	Blocks results.Address  `json:"blocks,omitempty"` // end of the highest
	Live   int64            `json:"live"`
	Round  int64            `json:"rounding"`
	Pinned int64            `json:"pinned"`
	Empty  int64            `json:"empty"`
	Runs   results.PageRuns `json:"runs"`
}

// heaps encodes a cell's heap maps.
func (p *page) heaps(cell plots.Cell) (template.JS, bool, error) {
	c := heapMaps{Title: results.Plain(cell.Title())}
	for _, s := range cell.Series {
		if s.Heaps == nil {
			continue
		}
		c.Page = s.Heaps.PageSize
		v := heapVariant{Name: s.Variant.Name()}
		for i := range s.Heaps.Marks {
			if m, ok := p.heapMark(s.Heaps.Marks[i], s.Heaps.PageSize); ok {
				v.Marks = append(v.Marks, m)
			}
		}
		if len(v.Marks) > 0 {
			c.Variants = append(c.Variants, v)
		}
	}
	text, err := json.Marshal(c)
	return template.JS(text), len(c.Variants) > 0, err // escaped, see curves
}

// heapMark takes a mark's map into the page, as coarse as there is room for.
func (p *page) heapMark(m results.HeapMap, pageSize int64) (heapMark, bool) {
	out := heapMark{Name: results.Plain(m.Mark)}
	order := slices.DeleteFunc(slices.Clone(m.Heaps), func(h results.Heap) bool { // libraries' odds and ends
		return h.Kind == results.HeapMapped && h.Resident() == 0 && h.Runs.Count()[results.PageSwapped] == 0
	})
	slices.SortStableFunc(order, func(a, b results.Heap) int { return cmp.Compare(b.Resident(), a.Resident()) })
	if m.Others != nil {
		out.Left, out.Rest = m.Count, m.Others.Resident()
	}
	if len(order) > maxHeapsShown {
		for i := range order[maxHeapsShown:] {
			out.Left++
			out.Rest += order[maxHeapsShown+i].Resident()
		}
		order = order[:maxHeapsShown]
	}
	slices.SortFunc(order, func(a, b results.Heap) int { return cmp.Compare(a.Start, b.Start) })
	bounded := results.HeapMap{Unit: m.Unit, Heaps: order}
	bounded.Bound(p.budget.mapRuns, pageSize)
	out.Unit = bounded.Unit
	runs := 0
	for i := range order {
		h := &order[i]
		runs += len(h.Runs)
		out.Heaps = append(out.Heaps, heapData{
			Kind: h.Kind, Arena: h.Arena, Start: h.Start, Length: int64(h.End - h.Start), Size: h.Size, Top: h.Top, Blocks: h.BlocksEnd,
			Live: h.Live, Round: h.Rounding, Pinned: h.Pinned, Empty: h.Empty, Runs: h.Runs,
		})
	}
	return out, len(order) > 0 && p.budget.takeMap(runs)
}
