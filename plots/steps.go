package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

const (
	stepRow    vg.Length = 15
	stepNames  vg.Length = 76 // width of what was done
	stepHead   vg.Length = 18 // the variants' names
	stepFoot   vg.Length = 26 // axis, and the space to the next part
	stepAcross           = 4  // variants beside each other
	stepGap    vg.Length = 14
)

var fillTop = color.RGBA{0xf3, 0xe6, 0xc4, 0xff} // the earth tone of claims on a heap's top, weaker

// stepColumn is one variant.
type stepColumn struct {
	name  string
	look  stroke
	steps []results.Step
}

// stepPart is a stretch of steps that is drawn to one scale.
type stepPart struct {
	from, to int
	bytes    float64
}

// Steps draws heaps step by step: time runs down, bytes to the right. It is nil
// where no trial has steps.
func Steps(title, caption string, series []CellSeries) *Figure {
	var all []stepColumn
	var names []string
	top := false
	for i, s := range series {
		for _, t := range s.Traces {
			steps := t.Trial.Steps()
			if t.Trial.Status != results.StatusOK || len(steps) == 0 {
				continue
			}
			all = append(all, stepColumn{s.Variant.Name(), looksOf(series)[i], steps})
			for j := len(names); j < len(steps); j++ {
				names = append(names, steps[j].Words())
			}
			top = top || steps[0].Top != nil
			break
		}
	}
	if len(all) == 0 {
		return nil
	}
	parts := stepParts(all, len(names))
	note := "The heap after each step; time runs down. Coloured: resident anonymous memory beyond the start's. Thin and dark: the program break, beyond what was in use below it at the start; none where the allocator has no heap there."
	if top {
		note += " Filled: the heap's top, free memory between the highest chunk in use and the break."
	}
	if len(parts) > 1 {
		note += " The lower part has another scale."
	}
	band := stepHead
	for _, p := range parts {
		band += stepRow*vg.Length(p.to-p.from) + stepFoot
	}
	bands := (len(all) + stepAcross - 1) / stepAcross
	return frame{title: title, note: note, caption: caption}.figure(band*vg.Length(bands), func(c draw.Canvas) {
		for b := range bands {
			some := all[b*stepAcross : min(len(all), (b+1)*stepAcross)]
			drawStepBand(draw.Crop(c, 0, 0, 0, -band*vg.Length(b)), some, names, parts)
		}
	})
}

// stepParts begins a part with each block that is 16 times as large as all
// before it: beside it nobody would see the others.
func stepParts(all []stepColumn, steps int) []stepPart {
	parts := []stepPart{{to: steps}}
	most := 0.0
	for i, s := range all[0].steps {
		bytes := float64(s.Malloc)
		if most > 0 && bytes >= 16*most {
			parts[len(parts)-1].to = i
			parts = append(parts, stepPart{from: i, to: steps})
		}
		most = max(most, bytes)
	}
	for i := range parts {
		p := &parts[i]
		for _, column := range all {
			for j := p.from; j < min(p.to, len(column.steps)); j++ {
				at := column.at(j)
				p.bytes = max(p.bytes, at.brk, at.rss)
			}
		}
		p.bytes *= 1.06
	}
	return parts
}

// stepPlace is what is drawn of a step, in bytes; below 0 is absent.
type stepPlace struct{ rss, top, brk float64 }

func (c stepColumn) at(i int) stepPlace {
	beyond := func(v, zero *int64) float64 {
		if v == nil || zero == nil {
			return -1
		}
		return math.Max(0, float64(*v-*zero))
	}
	first, s := c.steps[0], c.steps[i]
	place := stepPlace{rss: beyond(s.RSS, first.RSS), top: -1, brk: -1}
	if first.Break == nil || s.Break == nil {
		return place
	}
	used := *first.Break
	if first.Top != nil {
		used -= *first.Top
	}
	place.brk = beyond(s.Break, &used)
	if s.Top != nil {
		place.top = math.Max(0, float64(*s.Break-*s.Top-used))
	}
	return place
}

// drawStepBand draws variants beside each other, the steps' names left of them.
func drawStepBand(c draw.Canvas, some []stepColumn, names []string, parts []stepPart) {
	width := (c.Max.X - c.Min.X - stepNames - stepGap*vg.Length(stepAcross-1)) / stepAcross
	for i, column := range some {
		x := c.Min.X + stepNames + (width+stepGap)*vg.Length(i)
		c.StrokeLine2(draw.LineStyle{Color: column.look.colour, Width: lineStrong}, x, c.Max.Y-6, x+12, c.Max.Y-6)
		c.FillText(lettersBold.style(0), vg.Point{X: x + 16, Y: c.Max.Y - 6}, lettersBold.fit(column.name, width-16))
	}
	y := c.Max.Y - stepHead
	for _, part := range parts {
		rows := part.to - part.from
		foot := y - stepRow*vg.Length(rows)
		for i := part.from; i < part.to; i++ {
			middle := y - stepRow*vg.Length(i-part.from) - stepRow/2
			c.FillText(lettersText.style(-1), vg.Point{X: c.Min.X + stepNames - 8, Y: middle}, names[i])
		}
		for i, column := range some {
			x := c.Min.X + stepNames + (width+stepGap)*vg.Length(i)
			p := newPanel(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: foot}, Max: vg.Point{X: x + width, Y: y}}}, part.bytes, float64(rows))
			p.steps(column, part)
		}
		y = foot - stepFoot
	}
}

// steps draws one variant's part.
func (p panel) steps(column stepColumn, part stepPart) {
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	n := min(part.to, len(column.steps)) - part.from
	edge := func(i int) vg.Length { return p.Max.Y - stepRow*vg.Length(i) }
	for i := range n {
		if at := column.at(part.from + i); at.top >= 0 {
			left, right := p.X(at.top/p.seconds), p.X(at.brk/p.seconds)
			p.FillPolygon(fillTop, []vg.Point{{X: left, Y: edge(i)}, {X: right, Y: edge(i)}, {X: right, Y: edge(i + 1)}, {X: left, Y: edge(i + 1)}})
		}
	}
	for i := range part.to - part.from + 1 {
		p.StrokeLine2(hair, p.Min.X, edge(i), p.Max.X, edge(i))
	}
	free := p.Min.X - 40
	for _, t := range byteTicks(p.seconds) {
		x := p.X(t.at / p.seconds)
		p.StrokeLine2(hair, x, p.Min.Y, x, p.Max.Y)
		if w := lettersNote.width(t.label); x-w/2 > free+4 && x+w/2 < p.Max.X+stepGap {
			p.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: p.Min.Y - 8}, t.label)
			free = x + w/2
		}
	}
	p.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, p.Min.X, p.Min.Y, p.Min.X, p.Max.Y)
	for _, line := range []struct {
		style draw.LineStyle
		of    func(stepPlace) float64
	}{
		{draw.LineStyle{Color: column.look.colour, Width: lineStrong}, func(at stepPlace) float64 { return at.rss }},
		{draw.LineStyle{Color: inkTitle, Width: 1}, func(at stepPlace) float64 { return at.brk }},
	} {
		var points []vg.Point
		for i := range n {
			if v := line.of(column.at(part.from + i)); v >= 0 {
				x := p.X(v / p.seconds)
				points = append(points, vg.Point{X: x, Y: edge(i)}, vg.Point{X: x, Y: edge(i + 1)})
			}
		}
		if len(points) > 0 {
			p.StrokeLines(line.style, points)
		}
	}
}
