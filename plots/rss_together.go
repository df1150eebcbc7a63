package plots

import (
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

const togetherHeight vg.Length = 300

// instants are the marks that all variants share, each with the times at
// which it came. agree is false where they differ so much that bands of two
// marks meet, or one is wider than an eighth of the figure: then variants are
// not looked at in one picture.
func instants(all []curves, seconds float64) (marks []instant, agree bool) {
	agree = true
	for _, name := range []string{results.MarkHold, results.MarkFreed, results.MarkIdle} {
		m := instant{name, math.Inf(1), math.Inf(-1)}
		for _, c := range all {
			if c.strong.Trial == nil {
				continue
			}
			if at := c.strong.Trial.Mark(name); at != nil {
				m.from, m.to = math.Min(m.from, at.T), math.Max(m.to, at.T)
			}
		}
		if m.from > m.to {
			continue
		}
		if n := len(marks); m.to-m.from > seconds/8 || n > 0 && m.from < marks[n-1].to {
			agree = false
		}
		marks = append(marks, m)
	}
	return marks, agree
}

// drawTogether draws all variants on one pair of axes.
func drawTogether(all []curves, marks []instant, seconds, bytes float64) func(draw.Canvas) {
	return func(c draw.Canvas) {
		var labels []label
		names := vg.Length(0)
		add := func(l label) {
			names = max(names, lettersBold.width(l.name), lettersNote.width(l.value))
			labels = append(labels, l)
		}
		for _, v := range all {
			add(label{look: v.look.line(lineStrong), name: v.name, value: v.value()})
		}
		live := -1
		for i, v := range all {
			if len(v.live) > 0 {
				live = i
				add(label{look: draw.LineStyle{Color: inkLive, Width: 1}, name: "live", value: round3(last(v.live)) + " at the end"})
				break
			}
		}
		names = min(names, 190)
		p := newPanel(draw.Crop(c, 44, -(labelLead+names), 18, -markRoom), seconds, bytes)
		if live >= 0 {
			p.area(all[live].live)
		}
		p.axes(true, true)
		p.marks(marks)
		for _, v := range all {
			for _, dots := range v.faint {
				p.curve(v.look.faint(), dots)
			}
		}
		if live >= 0 {
			p.curve(draw.LineStyle{Color: inkLive, Width: 1}, all[live].live)
			labels[len(labels)-1].end = p.end(all[live].live)
		}
		for i, v := range all {
			v.drawClaim(p)
			p.curve(v.look.line(lineStrong), v.rss)
			labels[i].end = p.end(v.rss)
			if len(v.rss) == 0 {
				labels[i].end.Y, labels[i].loose = p.Max.Y, true
			}
		}
		for _, v := range all {
			v.ring(p, len(all) <= 3) // more of these lines hide each other
		}
		p.labels(labels, names)
		if len(all) == 0 {
			p.FillText(lettersText.style(-0.5), p.Center(), "no trials")
		}
	}
}

// end is the point where a curve ends.
func (p panel) end(dots []dot) vg.Point {
	if len(dots) == 0 {
		return vg.Point{X: p.Max.X, Y: p.Min.Y}
	}
	return p.point(dots[len(dots)-1])
}

// own are the marks of one variant, for a panel of its own.
func (c curves) own() []instant {
	if c.strong.Trial == nil {
		return nil
	}
	var marks []instant
	for _, name := range []string{results.MarkHold, results.MarkFreed, results.MarkIdle} {
		if m := c.strong.Trial.Mark(name); m != nil {
			marks = append(marks, instant{name, m.T, m.T})
		}
	}
	sort.SliceStable(marks, func(i, j int) bool { return marks[i].from < marks[j].from })
	return marks
}
