package plots

import (
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// frame is what every figure has around its data: what it shows, how to read
// it, and where it comes from.
type frame struct {
	title   string // the cell in words
	note    string // what is what
	caption string // see Caption
	legend  []legendItem
}

// legendItem is a name with the look that stands for it: a line or a box.
type legendItem struct {
	name string
	line *draw.LineStyle
	fill *box
}

const (
	noteRow   vg.Length = 11
	legendRow vg.Length = 14
)

// figure lays out a body of that height within the frame. The body gets its
// own rectangle of the canvas.
func (f frame) figure(height vg.Length, body func(draw.Canvas)) *Figure {
	const width = figureWidth - 2*figureMargin
	title := lettersTitle.fit(results.Plain(f.title), width)
	note := lettersNote.wrap(strings.Fields(results.Plain(f.note)), width)
	caption := lettersNote.wrap(strings.Fields(results.Plain(f.caption)), width)
	legend := legendRows(f.legend, width)
	above := vg.Length(22) // of the title
	if f.title == "" {
		above = 4
	}
	head := above + 7 + noteRow*vg.Length(len(note)) + legendRow*vg.Length(len(legend))
	foot := noteRow*vg.Length(len(caption)) + 4
	return &Figure{
		Width: figureWidth, Height: 2*figureMargin + head + height + foot,
		draw: func(c draw.Canvas) {
			c.SetColor(whitePaper)
			c.Fill(c.Rectangle.Path())
			c = draw.Crop(c, figureMargin, -figureMargin, figureMargin, -figureMargin)
			if f.title != "" {
				c.FillText(lettersTitle.style(0), vg.Point{X: c.Min.X, Y: c.Max.Y - 6}, title)
			}
			y := c.Max.Y - above
			for _, line := range note {
				c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: y}, line)
				y -= noteRow
			}
			y -= 2
			for _, row := range legend {
				drawLegend(c, vg.Point{X: c.Min.X, Y: y}, row)
				y -= legendRow
			}
			for i, line := range caption {
				y := c.Min.Y + 5 + noteRow*vg.Length(len(caption)-1-i)
				c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: y}, line)
			}
			body(draw.Crop(c, 0, 0, foot, -head))
		},
	}
}

const (
	sampleWidth vg.Length = 18 // of a line in a legend
	boxWidth    vg.Length = 9
	legendGap   vg.Length = 14
	maxLegend   vg.Length = 200 // width of one name
)

func (i legendItem) lead() vg.Length {
	if i.line != nil {
		return sampleWidth + 5
	}
	return boxWidth + 4
}

func (i legendItem) width() vg.Length { return i.lead() + min(lettersText.width(i.name), maxLegend) }

// legendRows breaks a legend into rows of a width.
func legendRows(items []legendItem, width vg.Length) [][]legendItem {
	var rows [][]legendItem
	used := vg.Length(0)
	for _, item := range items {
		w := item.width() + legendGap
		if len(rows) == 0 || used+w-legendGap > width {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], item)
		used += w
	}
	return rows
}

// drawLegend draws one row of a legend; at is the middle of its left edge.
func drawLegend(c draw.Canvas, at vg.Point, row []legendItem) {
	for _, item := range row {
		if item.line != nil {
			c.StrokeLine2(*item.line, at.X, at.Y, at.X+sampleWidth, at.Y)
		} else {
			item.fill.draw(c, at.X, at.X+boxWidth, at.Y-4, at.Y+4)
		}
		c.FillText(lettersText.style(0), vg.Point{X: at.X + item.lead(), Y: at.Y}, lettersText.fit(item.name, maxLegend))
		at.X += item.width() + legendGap
	}
}

// legendOf names the variants with their lines.
func legendOf(series []CellSeries, looks []stroke) []legendItem {
	var items []legendItem
	for i, s := range series {
		look := looks[i].line(lineStrong)
		items = append(items, legendItem{name: s.Variant.Name(), line: &look})
	}
	return items
}

// looksOf are the looks of a cell's variants.
func looksOf(series []CellSeries) []stroke {
	var names []string
	for _, s := range series {
		names = append(names, s.Variant.Allocator)
	}
	return strokes(names)
}
