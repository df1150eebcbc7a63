package plots

import (
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is one pair of axes: the rectangle of the data and its two scales,
// both from 0.
type panel struct {
	draw.Canvas
	seconds, bytes float64 // at the right and upper edge; above 0
}

// newPanel takes the rectangle; scales that would be empty are opened, so
// that constant zero and a single instant can be drawn.
func newPanel(c draw.Canvas, seconds, bytes float64) panel {
	if !(seconds > 0) {
		seconds = 1
	}
	if !(bytes > 0) {
		bytes = 4096
	}
	return panel{c, seconds, bytes}
}

func (p panel) point(d dot) vg.Point {
	return vg.Point{X: p.X(d.t / p.seconds), Y: p.Y(d.y / p.bytes)}
}

// axes draws the grid, the tick labels and the line at zero.
func (p panel) axes(labelX, labelY bool) {
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	for _, t := range byteTicks(p.bytes) {
		y := p.Y(t.at / p.bytes)
		p.StrokeLine2(hair, p.Min.X, y, p.Max.X, y)
		if labelY {
			p.FillText(lettersNote.style(-1), vg.Point{X: p.Min.X - 5, Y: y}, t.label)
		}
	}
	axis := draw.LineStyle{Color: inkMark, Width: 2 * lineHair}
	p.StrokeLine2(axis, p.Min.X, p.Min.Y, p.Max.X, p.Min.Y)
	for _, t := range timeTicks(p.seconds) {
		x := p.X(t.at / p.seconds)
		p.StrokeLine2(axis, x, p.Min.Y, x, p.Min.Y-3)
		if labelX {
			p.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: p.Min.Y - 10}, t.label)
		}
	}
}

// curve draws a line through the dots; a single one becomes a disc.
func (p panel) curve(style draw.LineStyle, dots []dot) {
	points := p.thin(dots)
	if len(points) == 1 {
		p.DrawGlyphNoClip(draw.GlyphStyle{Color: style.Color, Radius: style.Width + 1, Shape: draw.CircleGlyph{}}, points[0])
		return
	}
	p.StrokeLines(style, points)
}

// area fills what lies below the dots.
func (p panel) area(dots []dot) {
	points := p.thin(dots)
	if len(points) < 2 {
		return
	}
	points = append(points, vg.Point{X: points[len(points)-1].X, Y: p.Min.Y}, vg.Point{X: points[0].X, Y: p.Min.Y})
	p.FillPolygon(fillLive, points)
}

// thin turns dots into points of the page, and leaves out those that nobody
// can see: of each half point of width it keeps the first, lowest, highest
// and last, and of a level stretch its two ends. A file of 20,000 rows becomes
// a curve of some 1,000, which no spike is missing from.
func (p panel) thin(dots []dot) []vg.Point {
	const column vg.Length = 0.5
	var points []vg.Point
	add := func(pt vg.Point) {
		if n := len(points); n >= 2 && level(points[n-2], pt) && level(points[n-1], pt) {
			points[n-1] = pt
			return
		}
		points = append(points, pt)
	}
	for i := 0; i < len(dots); {
		first := p.point(dots[i])
		low, high := i, i
		j := i
		for ; j < len(dots) && p.point(dots[j]).X < first.X+column; j++ {
			if dots[j].y < dots[low].y {
				low = j
			}
			if dots[j].y > dots[high].y {
				high = j
			}
		}
		j = max(j, i+1) // whatever the numbers are, go on
		kept := i
		add(first)
		for _, k := range []int{min(low, high), max(low, high), j - 1} {
			if k > kept {
				add(p.point(dots[k]))
				kept = k
			}
		}
		i = j
	}
	return points
}

func level(a, b vg.Point) bool { return math.Abs(float64(a.Y-b.Y)) < 0.02 }

// instant is a mark on the axis of time. It comes at slightly different times
// for each variant: from and to are its first and last.
type instant struct {
	name     string
	from, to float64
}

// marks draws vertical lines, or bands where variants differ, with their
// names above the panel. Names that would meet take turns on two rows, and
// those at one and the same place share a line of text.
func (p panel) marks(all []instant) {
	const row vg.Length = 10
	free := []vg.Length{p.Min.X - 40, p.Min.X - 40} // where the last name of each row ends
	for _, m := range all {
		from, to := p.X(m.from/p.seconds), p.X(m.to/p.seconds)
		if to-from > 1.5 {
			p.FillPolygon(inkGrid, []vg.Point{{X: from, Y: p.Min.Y}, {X: to, Y: p.Min.Y}, {X: to, Y: p.Max.Y}, {X: from, Y: p.Max.Y}})
		}
		middle := (from + to) / 2
		width := lettersNote.width(m.name)
		x, align := middle, text.XAlignment(-0.5)
		if middle+width/2 > p.Max.X {
			x, align = p.Max.X, -1
		}
		begin := x + vg.Length(align)*width
		r := 0
		for r < len(free)-1 && begin < free[r]+4 {
			r++
		}
		free[r] = begin + width
		foot := p.Max.Y + 2 + row*vg.Length(r)
		if to-from <= 1.5 {
			p.StrokeLine2(draw.LineStyle{Color: inkMark, Width: lineHair, Dashes: []vg.Length{2, 2}}, middle, p.Min.Y, middle, foot)
		}
		p.FillText(lettersNote.style(align), vg.Point{X: x, Y: foot + row/2}, m.name)
	}
}

// markRoom is the height that the names of marks take above a panel.
const markRoom vg.Length = 22
