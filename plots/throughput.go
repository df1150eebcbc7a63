package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// speeds are the two throughputs: of the clock on the wall, and of the
// processor time that was used for them.
var speeds = []struct{ metric, name string }{
	{results.MetricOpsPerS, "operations per second"},
	{results.MetricOpsPerCPUS, "operations per second of CPU time"},
}

const throughputPitch vg.Length = 30

// Throughput draws every round as a dot, and the median as a bar. It is nil
// where the workload counts no operations.
func Throughput(title, caption string, series []CellSeries) *Figure {
	most := make([]float64, len(speeds))
	for _, s := range series {
		for i, speed := range speeds {
			for _, v := range s.metric(speed.metric) {
				most[i] = math.Max(most[i], v)
			}
		}
	}
	if most[0] == 0 && most[1] == 0 {
		return nil
	}
	note := "Throughput. Each dot is one round; the bar is their median, and ± the distance of the furthest round from it. Trials that got too little processor time are left out."
	f := frame{title: title, note: note, caption: caption}
	looks := looksOf(series)
	height := 44 + throughputPitch*vg.Length(len(series))
	return f.figure(height, func(c draw.Canvas) {
		names := vg.Length(60)
		for _, s := range series {
			names = max(names, lettersBold.width(s.Variant.Name()))
		}
		names = min(names, 170) + 10
		const gap vg.Length = 24
		width := (c.Max.X - c.Min.X - names - gap) / 2
		foot, head := c.Min.Y+22, c.Max.Y-18
		for i, s := range series {
			y := head - throughputPitch*(vg.Length(i)+.5)
			c.FillText(lettersBold.style(-1), vg.Point{X: c.Min.X + names - 10, Y: y + 4}, lettersBold.fit(s.Variant.Name(), names-10))
		}
		for j, speed := range speeds {
			left := c.Min.X + names + vg.Length(j)*(width+gap)
			c.FillText(lettersText.style(0), vg.Point{X: left, Y: c.Max.Y - 7}, speed.name)
			across := span{0, most[j] * 1.03, false}
			x := func(v float64) vg.Length { return left + width*vg.Length(across.at(v)) }
			for _, t := range rateTicks(across.high) {
				c.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, x(t.at), foot, x(t.at), head)
				c.FillText(lettersNote.style(-0.5), vg.Point{X: x(t.at), Y: foot - 8}, t.label)
			}
			for i, s := range series {
				drawRounds(c, s.metric(speed.metric), x, left, head-throughputPitch*(vg.Length(i)+.5), looks[i])
			}
			c.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, left, foot, left, head)
		}
	})
}

// drawRounds draws one row: a thin line from 0, the dots, the median.
func drawRounds(c draw.Canvas, values []float64, x func(float64) vg.Length, left, y vg.Length, look stroke) {
	m, ok := middle(values)
	if !ok {
		c.FillText(lettersNote.style(0), vg.Point{X: left + 5, Y: y}, "no trial that counts")
		return
	}
	y += 4 // the words stand below
	c.StrokeLine2(look.faint(), left, y, x(m), y)
	for _, v := range values {
		at := vg.Point{X: x(v), Y: y}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.faint().Color, Radius: 2.7, Shape: draw.CircleGlyph{}}, at)
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.colour, Radius: 2.7, Shape: draw.RingGlyph{}}, at)
	}
	c.StrokeLine2(draw.LineStyle{Color: look.colour, Width: 2.4}, x(m), y-6, x(m), y+6)
	text := rate(m) + " " + Spread(values)
	at, width := x(m)-3, lettersNote.width(text)
	at = max(left+4, at-width) // left of the bar, where nothing else is
	c.FillText(lettersNote.style(0), vg.Point{X: at, Y: y - 10}, text)
}

// Spread is the distance of the furthest value from the median, rounded up to
// whole per cent: all rounds lie within it. It is no confidence interval, and
// of one round it says that there was one.
func Spread(values []float64) string {
	m, ok := middle(values)
	switch {
	case !ok:
		return ""
	case len(values) == 1:
		return "(1 round)"
	case m == 0:
		return ""
	}
	furthest := 0.0
	for _, v := range values {
		furthest = math.Max(furthest, math.Abs(v-m)/m)
	}
	return fmt.Sprintf("± %.0f %%", math.Max(0, math.Ceil(furthest*100-1e-9)))
}
