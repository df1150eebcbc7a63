package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// pageBoxes are the looks of page states: the ledger's accounts where they
// mean the same, and paler the less memory a page is.
var pageBoxes = [results.PageStates]box{
	results.PageLive:     accountBoxes[1].box,
	results.PagePinned:   accountBoxes[3].box,
	results.PageEmpty:    accountBoxes[4].box,
	results.PageSwapped:  accountBoxes[2].box,
	results.PageReturned: {fill: color.RGBA{0xd6, 0xe4, 0xee, 0xff}, ink: inkOnLight},
	results.PageReserved: {fill: fillLive, ink: inkOnLight, open: true},
}

var boxTop = box{fill: color.RGBA{0x8a, 0x6a, 0x22, 0xff}, ink: inkOnDark}

const (
	heapStrip   vg.Length = 12
	heapPitch   vg.Length = 20
	heapGap     vg.Length = 8
	heapNames   vg.Length = 112 // width of a heap's name and address
	heapMarks   vg.Length = 42  // width of a mark's name
	heapColumn  vg.Length = 1.5 // each shows the shares of its pages' states
	heapLevels            = 12  // of a column's height
	heapsShown            = 8
	heapLeast             = 64 << 10 // smaller mappings are libraries' odds and ends
	heapTopEdge vg.Length = 2.5      // height of the bar for the top chunk
)

// heapMarksShown are what a figure compares: most is live, what stays, and what
// stays after the allocator was told to give back. All marks are in the page.
var heapMarksShown = []string{results.MarkHold, results.MarkIdle, results.MarkPurged}

// heapRow is one heap at the marks that a figure shows; nil where it is not.
type heapRow struct {
	key  *results.Heap // for its name and address
	at   []*results.Heap
	most int64 // resident at any of them
}

// HeapMap draws the heaps of the trial in the middle of all rounds, page by
// page. It is nil where there is no map of it.
func HeapMap(title, caption string, s CellSeries) *Figure {
	marks, rows := heapRows(s.Heaps)
	if len(rows) == 0 {
		return nil
	}
	note := "Heaps by address: each strip is a heap at one mark, and each column of it shows the shares of its pages' states (a state that occurs is drawn at least a twelfth high). " +
		"live: at least half of the page is in blocks. pinned: a block meets it, and more than half is free. empty: in memory, and no block meets it. " +
		"returned: not in memory: given back, or never touched. reserved: addresses only. The trial in the middle of all rounds."
	shown := min(heapsShown, len(rows))
	for shown > 1 && rows[shown-1].key.Kind == results.HeapMapped && rows[shown-1].most < heapLeast {
		shown--
	}
	switch rest := rows[shown:]; len(rest) {
	case 0:
	case 1:
		note += fmt.Sprintf(" One more heap, with at most %s in memory, is not drawn.", round3(float64(rest[0].most)))
	default:
		note += fmt.Sprintf(" %d more heaps, each with at most %s in memory, are not drawn.", len(rest), round3(float64(rest[0].most)))
	}
	rows = rows[:shown]
	slices.SortFunc(rows, func(a, b heapRow) int { return cmp.Compare(a.key.Start, b.key.Start) })
	end := int64(0)
	for _, r := range rows {
		for _, h := range r.at {
			if h != nil {
				end = max(end, lastPage(h, s.Heaps.PageSize))
			}
		}
	}
	note += " Strips begin at the heap's address and end where the last heap's memory does."
	height := ledgerAxis + vg.Length(len(rows))*(heapPitch*vg.Length(len(marks))+heapGap)
	f := frame{title: title + " · " + s.Variant.Name(), note: note, caption: caption, legend: heapLegend(rows)}
	return f.figure(height, func(c draw.Canvas) { drawHeaps(c, s.Heaps, marks, rows, end) })
}

// heapRows are the heaps of all shown marks, those with most memory first.
func heapRows(maps *results.HeapMaps) (marks []string, rows []heapRow) {
	for _, name := range heapMarksShown {
		if maps.Mark(name) != nil {
			marks = append(marks, name)
		}
	}
	at := map[results.Address]int{}
	for i, name := range marks {
		m := maps.Mark(name)
		for j := range m.Heaps {
			h := &m.Heaps[j]
			k, ok := at[h.Start]
			if !ok {
				k = len(rows)
				at[h.Start] = k
				rows = append(rows, heapRow{key: h, at: make([]*results.Heap, len(marks))})
			}
			rows[k].at[i] = h
			rows[k].most = max(rows[k].most, h.Resident())
		}
	}
	rows = slices.DeleteFunc(rows, func(r heapRow) bool { return r.most == 0 })
	slices.SortStableFunc(rows, func(a, b heapRow) int { return cmp.Compare(b.most, a.most) })
	return marks, rows
}

// lastPage is where the heap's memory ends, from its start on.
func lastPage(h *results.Heap, pageSize int64) (end int64) {
	at := int64(0)
	for _, r := range h.Runs {
		at += r.Pages * pageSize
		if r.State < results.PageReturned {
			end = at
		}
	}
	return max(end, int64(h.BlocksEnd)-int64(h.Start))
}

func heapLegend(rows []heapRow) []legendItem {
	var pages [results.PageStates]int64
	top := false
	for _, r := range rows {
		for _, h := range r.at {
			if h == nil {
				continue
			}
			top = top || h.Top != 0
			for state, n := range h.Runs.Count() {
				pages[state] += n
			}
		}
	}
	var items []legendItem
	for state := range pages {
		if pages[state] > 0 {
			items = append(items, legendItem{name: results.PageState(state).String(), fill: &pageBoxes[state]})
		}
	}
	highest := draw.LineStyle{Color: inkTitle, Width: 1.4}
	items = append(items, legendItem{name: "upright: end of the highest block in use", line: &highest})
	if top {
		items = append(items, legendItem{name: "ptmalloc's top chunk", fill: &boxTop})
	}
	return items
}

// heapName says what a heap is, in two lines.
func heapName(h *results.Heap) (name, address string) {
	switch h.Kind {
	case results.HeapMain:
		name = "[heap], grown by brk"
	case results.HeapArena:
		name = fmt.Sprintf("arena %d", h.Arena)
	default:
		name = "mapped memory"
	}
	return name, h.Start.String()
}

func drawHeaps(c draw.Canvas, maps *results.HeapMaps, marks []string, rows []heapRow, end int64) {
	left := c.Min.X + heapNames + heapMarks
	width := c.Max.X - left - ledgerTotals
	unit := float64(end) / float64(width) // bytes a point
	foot := c.Min.Y + ledgerAxis
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	for _, t := range byteTicks(float64(end)) {
		x := left + vg.Length(t.at/unit)
		c.StrokeLine2(hair, x, foot, x, c.Max.Y)
		c.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: foot - 8}, t.label)
	}
	y := c.Max.Y
	for _, r := range rows {
		name, address := heapName(r.key)
		c.FillText(lettersBold.style(0), vg.Point{X: c.Min.X, Y: y - 7}, lettersBold.fit(name, heapNames-4))
		c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: y - 18}, address)
		for i, h := range r.at {
			high := y - 1
			low := high - heapStrip
			c.FillText(lettersNote.style(-1), vg.Point{X: left - 5, Y: (low + high) / 2}, marks[i])
			right := left
			if h == nil {
				c.FillText(lettersNote.style(0), vg.Point{X: left + 2, Y: (low + high) / 2}, "is not there")
			} else {
				right = drawStrip(c, h, left, low, width, unit, paging{maps.PageSize, maps.Mark(marks[i]).Unit})
			}
			if h != nil {
				text := round3(float64(h.Resident()))
				background(c, vg.Point{X: right + 5, Y: (low + high) / 2}, lettersNote.width(text))
				c.FillText(lettersNote.style(0), vg.Point{X: right + 5, Y: (low + high) / 2}, text)
			}
			y -= heapPitch
		}
		y -= heapGap
	}
}

// drawStrip draws one heap and returns where it ends.
func drawStrip(c draw.Canvas, h *results.Heap, left, low, width vg.Length, unit float64, pages paging) vg.Length {
	length := min(width, vg.Length(float64(h.End-h.Start)/unit))
	columns := heapColumns(h, pages, unit*float64(heapColumn), int(float64(width/heapColumn)+.5))
	for state := range results.PageStates {
		look := pageBoxes[state]
		for _, area := range steps(columns, state) {
			points := make([]vg.Point, len(area))
			for i, p := range area {
				points[i] = vg.Point{X: min(left+vg.Length(p.column)*heapColumn, left+length), Y: low + heapStrip*vg.Length(p.level)/heapLevels}
			}
			c.FillPolygon(look.fill, points)
		}
	}
	edge := draw.LineStyle{Color: inkMark, Width: lineHair}
	c.StrokeLines(edge, []vg.Point{{X: left, Y: low}, {X: left + length, Y: low}, {X: left + length, Y: low + heapStrip}, {X: left, Y: low + heapStrip}, {X: left, Y: low}})
	place := func(a results.Address) vg.Length {
		return left + min(width, vg.Length(float64(a-h.Start)/unit))
	}
	if h.Top != 0 {
		boxTop.draw(c, place(h.Top), max(place(h.Top)+1, place(h.Start+results.Address(h.Size))), low-heapTopEdge-1, low-1)
	}
	if h.BlocksEnd != 0 {
		x := place(h.BlocksEnd)
		c.StrokeLine2(draw.LineStyle{Color: inkTitle, Width: 1.4}, x, low-3, x, low+heapStrip+2)
	}
	return left + length
}
