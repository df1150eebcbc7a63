package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	panelHeight vg.Length = 178 // with its heading, marks and time
	panelGap    vg.Length = 18
)

// columns is how many panels stand side by side.
func columns(n int) int {
	switch {
	case n <= 2:
		return max(1, n)
	case n <= 4:
		return 2
	default:
		return 3
	}
}

func panelsHeight(n int) vg.Length {
	rows := (n + columns(n) - 1) / columns(n)
	return panelHeight * vg.Length(max(1, rows))
}

// drawPanels draws each variant on axes of its own; all have the same scales,
// so that panels can be compared by eye.
func drawPanels(all []curves, seconds, bytes float64) func(draw.Canvas) {
	return func(c draw.Canvas) {
		across := columns(len(all))
		const left vg.Length = 44
		width := (c.Max.X - c.Min.X - left - panelGap*vg.Length(across-1)) / vg.Length(across)
		for i, v := range all {
			column, row := i%across, i/across
			x := c.Min.X + left + vg.Length(column)*(width+panelGap)
			y := c.Max.Y - panelHeight*vg.Length(row)
			p := newPanel(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: y - panelHeight + 24},
				Max: vg.Point{X: x + width, Y: y - 28 - markRoom},
			}}, seconds, bytes)
			p.StrokeLine2(v.look.line(lineStrong), x, y-6, x+18, y-6)
			p.FillText(lettersBold.style(0), vg.Point{X: x + 23, Y: y - 6}, lettersBold.fit(v.name, width-23))
			p.FillText(lettersNote.style(0), vg.Point{X: x, Y: y - 18}, lettersNote.fit(v.value(), width))
			p.area(v.live)
			p.axes(true, column == 0)
			p.marks(v.own())
			for _, dots := range v.faint {
				p.curve(v.look.faint(), dots)
			}
			p.curve(draw.LineStyle{Color: inkLive, Width: 1}, v.live)
			v.drawClaim(p)
			p.curve(v.look.line(lineStrong), v.rss)
			v.ring(p, true)
		}
	}
}
