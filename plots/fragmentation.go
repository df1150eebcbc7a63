package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// RatioNames are the columns of the five ratios of results.Ratios, in order.
var RatioNames = []string{"mean over time", "at most live", "at most used", "peak / peak", "at idle"}

// Disagree is the factor between the ratios of one trial from which on they
// give different answers.
const Disagree = 2

const (
	fragmentationHeight vg.Length = 220
	ratioPitch          vg.Length = 13
)

// overheads is one variant: used over live, and the ratios.
type overheads struct {
	name   string
	look   stroke
	dots   []dot // y is the ratio
	ratios results.Ratios
	known  bool
}

// Fragmentation draws memory used over memory in use, over time, and below it
// the ratios in which that is summed up. It is nil where no trial tells its
// live bytes.
func Fragmentation(title, caption string, series []CellSeries) *Figure {
	looks := looksOf(series)
	var all []overheads
	seconds, high := 0.0, 2.0
	cut := int64(0)
	any := false
	for i, s := range series {
		o := overheads{name: s.Variant.Name(), look: looks[i]}
		if t, ok := s.Median(); ok {
			o.ratios, o.known = t.Trial.Fragmentation(t.Samples), true
			o.dots = t.overhead()
			cut = max(cut, results.LiveCut(t.Samples))
			seconds = math.Max(seconds, t.end())
		}
		for _, d := range o.dots {
			high = math.Max(high, d.y)
		}
		any = any || len(o.dots) > 1
		all = append(all, o)
	}
	if !any {
		return nil
	}
	up := span{1, high * 1.08, true}
	if high <= 3 {
		up = span{0, high * 1.05, false}
	}
	note := fmt.Sprintf("Fragmentation over time: memory used (RSS without the lab's own and without what was resident at baseline) over live bytes, in the median trial. "+
		"Not drawn while less than %s is live: there the ratio tells of stacks and caches only, and of nothing live there is no ratio. "+
		"Below: the four definitions of Johnstone and Wilson, and the ratio at idle; ! where the largest is at least %d times the smallest.", results.Bytes(float64(cut)), Disagree)
	f := frame{title: title, note: note, caption: caption}
	table := ratioPitch*vg.Length(len(all)+1) + 14
	return f.figure(fragmentationHeight+table, func(c draw.Canvas) {
		drawOverhead(draw.Crop(c, 0, 0, table, 0), all, up, seconds)
		drawRatios(c, all, c.Min.Y+table-10)
	})
}

// overhead is used over live while enough is live.
func (t Trace) overhead() []dot {
	cut, end := results.LiveCut(t.Samples), t.end()
	var dots []dot
	for _, s := range t.Samples {
		if s.Live != results.Absent && s.Live >= cut && s.T >= 0 && s.T <= end {
			dots = append(dots, dot{s.T, float64(t.Trial.Used(s.RSS)) / float64(s.Live)})
		}
	}
	return dots
}

func drawOverhead(c draw.Canvas, all []overheads, up span, seconds float64) {
	var labels []label
	names := vg.Length(0)
	for _, o := range all {
		l := label{name: o.name, look: o.look.line(lineStrong), value: "too little is live"}
		if !o.known {
			l.value = "no trial that counts"
		}
		switch {
		case o.ratios.Idle.Known: // the line may end before, where too little is live
			l.value = factor(o.ratios.Idle.Value) + " at idle"
		case len(o.dots) > 0:
			l.value = factor(last(o.dots)) + " where it ends"
		}
		names = max(names, lettersBold.width(l.name), lettersNote.width(l.value))
		labels = append(labels, l)
	}
	names = min(names, 190)
	p := newPanel(draw.Crop(c, 44, -(labelLead+names), 18, -8), seconds, 1)
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	var marks []tick
	if up.log {
		marks = up.factors()
	} else {
		for _, t := range ticks(up.high, 1, "") {
			marks = append(marks, tick{t.at, "×" + strings.TrimSpace(t.label)})
		}
	}
	for _, t := range marks {
		y := p.Y(up.at(t.at))
		p.StrokeLine2(hair, p.Min.X, y, p.Max.X, y)
		p.FillText(lettersNote.style(-1), vg.Point{X: p.Min.X - 5, Y: y}, t.label)
	}
	axis := draw.LineStyle{Color: inkMark, Width: 2 * lineHair}
	p.StrokeLine2(axis, p.Min.X, p.Min.Y, p.Max.X, p.Min.Y)
	one := p.Y(up.at(1))
	p.StrokeLine2(draw.LineStyle{Color: inkNote, Width: lineHair, Dashes: []vg.Length{4, 3}}, p.Min.X, one, p.Max.X, one)
	for _, t := range timeTicks(p.seconds) {
		x := p.X(t.at / p.seconds)
		p.StrokeLine2(axis, x, p.Min.Y, x, p.Min.Y-3)
		p.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: p.Min.Y - 10}, t.label)
	}
	for i, o := range all {
		dots := make([]dot, len(o.dots))
		for j, d := range o.dots {
			dots[j] = dot{d.t, up.at(d.y)}
		}
		p.pieces(o.look.line(lineStrong), dots, seconds/50)
		labels[i].end = p.end(dots)
		if len(dots) == 0 {
			labels[i].end.Y, labels[i].loose = p.Max.Y, true
		}
	}
	p.labels(labels, names)
}

// pieces draws a curve that is interrupted where nothing was known for longer
// than gap.
func (p panel) pieces(style draw.LineStyle, dots []dot, gap float64) {
	from := 0
	for i := 1; i <= len(dots); i++ {
		if i == len(dots) || dots[i].t-dots[i-1].t > math.Max(gap, .05) {
			p.curve(style, dots[from:i])
			from = i
		}
	}
}

// drawRatios sets the table, from the line at top downwards.
func drawRatios(c draw.Canvas, all []overheads, top vg.Length) {
	const names, column vg.Length = 200, 92
	for i, name := range RatioNames {
		c.FillText(lettersNote.style(-1), vg.Point{X: c.Min.X + names + column*vg.Length(i+1), Y: top}, name)
	}
	c.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, c.Min.X, top-7, c.Min.X+names+column*vg.Length(len(RatioNames)), top-7)
	for i, o := range all {
		y := top - ratioPitch*vg.Length(i+1) - 2
		c.StrokeLine2(o.look.line(lineStrong), c.Min.X, y, c.Min.X+sampleWidth, y)
		c.FillText(lettersText.style(0), vg.Point{X: c.Min.X + sampleWidth + 5, Y: y}, lettersText.fit(o.name, names-sampleWidth-20))
		if !o.known {
			continue
		}
		for j, r := range o.ratios.All() {
			style := lettersText
			if o.ratios.Disagreement() >= Disagree && r.Known && r.Value >= Disagree*lowest(o.ratios) {
				style = lettersBold
			}
			c.FillText(style.style(-1), vg.Point{X: c.Min.X + names + column*vg.Length(j+1), Y: y}, Factor(r))
		}
		if o.ratios.Disagreement() >= Disagree {
			c.FillText(lettersBold.style(0), vg.Point{X: c.Min.X + names + column*vg.Length(len(RatioNames)) + 4, Y: y}, "!")
		}
	}
}

func lowest(r results.Ratios) float64 {
	low := math.Inf(1)
	for _, ratio := range r.All() {
		if ratio.Known {
			low = math.Min(low, ratio.Value)
		}
	}
	return low
}

// Factor prints a ratio, or a dash where it is not known.
func Factor(r results.Ratio) string {
	if !r.Known {
		return "–"
	}
	return factor(r.Value)
}

func factor(v float64) string { return "×" + results.Number(v) }
