package plots

import (
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// claimBoxes are the claims on empty pages, in the order of stacking: earth
// tones, since all of them are parts of the account empty. The last is what
// nobody explains.
var claimBoxes = []struct {
	name string
	box  box
}{
	{results.ClaimLazyFree, box{fill: color.RGBA{0xf7, 0xe8, 0xbc, 0xff}, ink: inkOnLight}},
	{results.ClaimMetadata, box{fill: color.RGBA{0xb9, 0xb2, 0xa3, 0xff}, ink: inkOnLight}},
	{results.ClaimUnit, box{fill: color.RGBA{0xc8, 0x6b, 0x4a, 0xff}, ink: inkOnDark}},
	{results.ClaimThreadCache, box{fill: color.RGBA{0xe8, 0xc9, 0x9a, 0xff}, ink: inkOnLight}},
	{results.ClaimDecay, box{fill: color.RGBA{0xe3, 0xa9, 0x3c, 0xff}, ink: inkOnLight}},
	{results.ClaimPageHeap, box{fill: color.RGBA{0xb8, 0x86, 0x2b, 0xff}, ink: inkOnLight}},
	{results.ClaimTop, box{fill: color.RGBA{0x8a, 0x6a, 0x22, 0xff}, ink: inkOnDark}},
	{results.ClaimBins, box{fill: color.RGBA{0x5c, 0x46, 0x1a, 0xff}, ink: inkOnDark}},
	{results.ClaimUnexplained, box{fill: whitePaper, ink: inkText, open: true}},
}

// ledgerRow is one bar: a variant's median trial at a mark.
type ledgerRow struct {
	mark   string
	pages  []part
	claims []part
	note   string
}

type ledgerGroup struct {
	name string
	look stroke
	rows []ledgerRow
}

const (
	ledgerBar    vg.Length = 11
	ledgerPitch  vg.Length = 14
	ledgerHead   vg.Length = 17 // the variant's name
	ledgerGap    vg.Length = 7  // below a group
	ledgerNames  vg.Length = 52 // width of the marks' names
	ledgerTotals vg.Length = 58 // width of the figure behind a bar
	ledgerAxis   vg.Length = 24
	claimsLeast  vg.Length = 120
)

// Ledger draws what resident memory is made of at each mark, and beside it
// what the allocator says of the empty pages. It is nil where no trial that
// counts has a ledger.
func Ledger(title, caption string, series []CellSeries) *Figure {
	var groups []ledgerGroup
	height := ledgerAxis
	mostPages, mostClaims := int64(0), int64(0)
	racy := false
	for i, s := range series {
		g := ledgerGroup{name: s.Variant.Name(), look: looksOf(series)[i]}
		if t, ok := s.Median(); ok {
			g.rows = ledgerRows(t.Trial)
		}
		if len(g.rows) == 0 {
			continue
		}
		for _, r := range g.rows {
			mostPages, mostClaims = max(mostPages, total(r.pages)), max(mostClaims, total(r.claims))
			racy = racy || r.note != ""
		}
		groups = append(groups, g)
		height += ledgerHead + ledgerPitch*vg.Length(len(g.rows)) + ledgerGap
	}
	if mostPages == 0 {
		return nil
	}
	note := "What resident memory is made of. Left: every resident page in exactly one account, counted by the lab, in MiB; other is code, stacks and files. " +
		"Right, at the same scale: what the allocator says of the empty pages, an estimate. The trial in the middle of all rounds."
	if racy {
		note += " (racy): pages moved while they were counted."
	}
	f := frame{title: title, note: note, caption: caption, legend: ledgerLegend(groups)}
	return f.figure(height, func(c draw.Canvas) { drawLedger(c, groups, mostPages, mostClaims) })
}

func ledgerRows(t *results.Trial) []ledgerRow {
	var rows []ledgerRow
	for _, m := range t.Marks {
		l := m.Ledger
		if l == nil || m.Name == results.MarkBaseline {
			continue
		}
		r := ledgerRow{mark: m.Name}
		if m.Racy {
			r.note = " (racy)"
		}
		for i, bytes := range []int64{l.Other, l.Live, l.Rounding, l.Pinned, l.Empty, l.Unmanaged} {
			r.pages = append(r.pages, part{accountBoxes[i].name, bytes, &accountBoxes[i].box})
		}
		for i := range claimBoxes {
			if bytes := m.Claims[claimBoxes[i].name]; bytes > 0 {
				r.claims = append(r.claims, part{strings.ReplaceAll(claimBoxes[i].name, "_", " "), bytes, &claimBoxes[i].box})
			}
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b ledgerRow) int {
		return slices.Index(results.MarkOrder, a.mark) - slices.Index(results.MarkOrder, b.mark)
	})
	return rows
}

func total(parts []part) int64 {
	sum := int64(0)
	for _, p := range parts {
		sum += p.bytes
	}
	return sum
}

// ledgerLegend names all accounts, and those claims that occur.
func ledgerLegend(groups []ledgerGroup) []legendItem {
	var items []legendItem
	for i := range accountBoxes {
		if accountBoxes[i].name == "unmanaged" && !slices.ContainsFunc(groups, func(g ledgerGroup) bool {
			return slices.ContainsFunc(g.rows, func(r ledgerRow) bool { return r.pages[i].bytes > 0 })
		}) {
			continue // workloads have none
		}
		items = append(items, legendItem{name: accountBoxes[i].name, fill: &accountBoxes[i].box})
	}
	for i := range claimBoxes {
		for _, g := range groups {
			if slices.ContainsFunc(g.rows, func(r ledgerRow) bool {
				return slices.ContainsFunc(r.claims, func(p part) bool { return p.box == &claimBoxes[i].box })
			}) {
				items = append(items, legendItem{name: strings.ReplaceAll(claimBoxes[i].name, "_", " "), fill: &claimBoxes[i].box})
				break
			}
		}
	}
	return items
}

func drawLedger(c draw.Canvas, groups []ledgerGroup, mostPages, mostClaims int64) {
	left := c.Min.X + ledgerNames
	room := c.Max.X - left - ledgerTotals
	unit := float64(mostPages) / float64(room)
	right := c.Max.X // where claims begin
	if mostClaims > 0 {
		room -= 6
		unit = float64(mostPages+mostClaims) / float64(room)
		claims := vg.Length(float64(mostClaims) / unit)
		if claims < claimsLeast { // the scale stays one, the ticks need the room
			claims = claimsLeast
			unit = max(float64(mostPages)/float64(room-claims), float64(mostClaims)/float64(claims))
		}
		right = c.Max.X - claims
	}
	foot := c.Min.Y + ledgerAxis
	ledgerTicks(c, left, foot, mostPages, unit)
	if mostClaims > 0 {
		ledgerTicks(c, right, foot, mostClaims, unit)
	}
	y := c.Max.Y
	for _, g := range groups {
		c.StrokeLine2(g.look.line(lineStrong), c.Min.X, y-8, c.Min.X+sampleWidth, y-8)
		name := lettersBold.fit(g.name, c.Max.X-c.Min.X-30)
		background(c, vg.Point{X: c.Min.X + sampleWidth + 5, Y: y - 8}, lettersBold.width(name))
		c.FillText(lettersBold.style(0), vg.Point{X: c.Min.X + sampleWidth + 5, Y: y - 8}, name)
		y -= ledgerHead
		for _, r := range g.rows {
			middle := y - ledgerPitch/2
			c.FillText(lettersText.style(-1), vg.Point{X: left - 6, Y: middle}, r.mark)
			end := stack(c, r.pages, left, middle-ledgerBar/2, middle+ledgerBar/2, unit, false)
			text := round3(float64(total(r.pages))) + r.note
			background(c, vg.Point{X: end + 4, Y: middle}, lettersNote.width(text))
			c.FillText(lettersNote.style(0), vg.Point{X: end + 4, Y: middle}, text)
			if mostClaims > 0 {
				stack(c, r.claims, right, middle-ledgerBar/2, middle+ledgerBar/2, unit, true)
			}
			y -= ledgerPitch
		}
		y -= ledgerGap
	}
}

// background hides the grid behind a text.
func background(c draw.Canvas, at vg.Point, width vg.Length) {
	c.FillPolygon(whitePaper, []vg.Point{{X: at.X - 1, Y: at.Y - 5}, {X: at.X + width + 1, Y: at.Y - 5}, {X: at.X + width + 1, Y: at.Y + 5}, {X: at.X - 1, Y: at.Y + 5}})
}

// ledgerTicks draws the axis of one column of bars.
func ledgerTicks(c draw.Canvas, left, foot vg.Length, most int64, unit float64) {
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	free := left - 100
	for _, t := range byteTicks(float64(most)) {
		x := left + vg.Length(t.at/unit)
		c.StrokeLine2(hair, x, foot, x, c.Max.Y-ledgerHead)
		if w := lettersNote.width(t.label); x-w/2 > free+3 {
			c.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: foot - 8}, t.label)
			free = x + w/2
		}
	}
	c.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, left, foot, left, c.Max.Y-ledgerHead)
}
