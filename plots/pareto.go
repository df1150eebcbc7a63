package plots

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/analysis"
	"alloclab/analysis/rank"
	"alloclab/results"
)

// KindPareto is the figure of a ranking.
const KindPareto = "pareto"

// trade is one panel: memory against what it costs.
type trade struct {
	memory, cost string // metrics
	name         string
	more         bool // of the cost's figure is better
}

var trades = []trade{
	{results.MetricRSSIdle, results.MetricOpsPerCPUS, "RSS at idle over operations per second of CPU time: down and right is better", true},
	{results.MetricRSSMean, results.MetricMallocP99, "mean RSS over p99 of malloc: down and left is better", false},
}

// Pareto draws a ranking: memory against cost, each variant a point with the
// intervals of both, numbered as in the ranking. It is nil where no variant has both figures.
func Pareto(title, caption string, r rank.Ranking) *Figure {
	if len(trades[0].points(r))+len(trades[1].points(r)) == 0 {
		return nil
	}
	looks := paretoLooks(r)
	note := "Memory against cost, of every variant that was tried; numbers are ranks. Points are medians, lines through them 95 % intervals of the median " +
		"(of few rounds their range). The stairs join those that no other beats in both. A square is " + r.Base.Name() + ", as it is. Axes begin at 0 unless they are logarithmic."
	const tall, row vg.Length = 268, 13
	columns := 3
	lines := (len(r.Candidates) + columns - 1) / columns
	f := frame{title: title, note: note, caption: caption}
	return f.figure(tall+row*vg.Length(lines)+8, func(c draw.Canvas) {
		const left, gap vg.Length = 44, 58
		width := (c.Max.X - c.Min.X - left - gap) / 2
		for i, t := range trades {
			x := c.Min.X + left + vg.Length(i)*(width+gap)
			t.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: c.Max.Y - tall + 36}, Max: vg.Point{X: x + width, Y: c.Max.Y - 24},
			}}, r, looks)
		}
		wide := (c.Max.X - c.Min.X) / vg.Length(columns)
		for i, candidate := range r.Candidates {
			at := vg.Point{X: c.Min.X + wide*vg.Length(i/lines), Y: c.Max.Y - tall - row*(vg.Length(i%lines)+.5)}
			c.FillText(lettersNote.style(-1), vg.Point{X: at.X + 16, Y: at.Y}, strconv.Itoa(i+1))
			glyph(c, vg.Point{X: at.X + 24, Y: at.Y}, candidate, looks[i])
			letters, name := lettersText, candidate.Variant.Name()
			if candidate.Front {
				letters = lettersBold
			}
			if len(candidate.Values) == 0 {
				name += ": no trial that counts"
			}
			c.FillText(letters.style(0), vg.Point{X: at.X + 32, Y: at.Y}, letters.fit(name, wide-38))
		}
	})
}

func paretoLooks(r rank.Ranking) []stroke {
	var names []string
	for _, c := range r.Candidates {
		names = append(names, c.Variant.Allocator)
	}
	return strokes(names)
}

// glyph is a disc for a variant on the front, a ring for another, a square for the base.
func glyph(c draw.Canvas, at vg.Point, candidate rank.Candidate, look stroke) {
	style := draw.GlyphStyle{Color: look.colour, Radius: 3.2, Shape: draw.RingGlyph{}}
	switch {
	case candidate.Base:
		style.Shape = draw.BoxGlyph{}
	case candidate.Front:
		style.Shape = draw.CircleGlyph{}
	}
	c.DrawGlyphNoClip(style, at)
}

// spot is a variant in a panel; index is its place in the ranking.
type spot struct {
	index        int
	memory, cost analysis.Figure
}

// points are the variants that have both figures, in the ranking's order.
func (t trade) points(r rank.Ranking) []spot {
	var all []spot
	for i, c := range r.Candidates {
		m, held := c.Values[t.memory]
		p, paid := c.Values[t.cost]
		if held && paid {
			all = append(all, spot{i, m, p})
		}
	}
	return all
}

// stairs are the points that no other beats in both figures, from the cheapest
// on. One of whose memory nothing can be told is not among them.
func (t trade) stairs(r rank.Ranking, all []spot) []spot {
	better := func(a, b float64) bool { return a < b }
	if t.more {
		better = func(a, b float64) bool { return a > b }
	}
	var kept []spot
	for _, s := range all {
		beaten := r.Candidates[s.index].Unsettled()
		for _, o := range all {
			if r.Candidates[o.index].Unsettled() {
				continue
			}
			asGood := o.memory.Value <= s.memory.Value && !better(s.cost.Value, o.cost.Value)
			beaten = beaten || asGood && (o.memory.Value < s.memory.Value || better(o.cost.Value, s.cost.Value))
		}
		if !beaten {
			kept = append(kept, s)
		}
	}
	slices.SortStableFunc(kept, func(a, b spot) int {
		if better(a.cost.Value, b.cost.Value) {
			return -1
		}
		return 1
	})
	return kept
}

func (t trade) draw(c draw.Canvas, r rank.Ranking, looks []stroke) {
	all := t.points(r)
	c.FillText(lettersBold.style(0), vg.Point{X: c.Min.X - 34, Y: c.Max.Y + 14}, lettersBold.fit(t.name, c.Max.X-c.Min.X+40))
	if len(all) == 0 {
		c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: c.Max.Y - 10}, "no trial that counts has both figures")
		return
	}
	high, costs := 0.0, []float64{}
	for _, s := range all {
		high = math.Max(high, s.memory.High)
		costs = append(costs, s.cost.Low, s.cost.High)
	}
	across, ticks := t.across(costs)
	if high == 0 {
		high = 4096
	}
	high *= 1.08
	at := func(memory, cost float64) vg.Point {
		return vg.Point{X: c.X(across.at(cost)), Y: c.Y(memory / high)}
	}
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	for _, k := range byteTicks(high) {
		y := c.Y(k.at / high)
		c.StrokeLine2(hair, c.Min.X, y, c.Max.X, y)
		c.FillText(lettersNote.style(-1), vg.Point{X: c.Min.X - 5, Y: y}, k.label)
	}
	for _, k := range ticks {
		x := c.X(across.at(k.at))
		c.StrokeLine2(hair, x, c.Min.Y, x, c.Max.Y)
		c.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: c.Min.Y - 10}, k.label)
	}
	axis := draw.LineStyle{Color: inkMark, Width: 2 * lineHair}
	c.StrokeLine2(axis, c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
	c.StrokeLine2(axis, c.Min.X, c.Min.Y, c.Min.X, c.Max.Y)

	var steps []vg.Point
	for _, s := range t.stairs(r, all) {
		p := at(s.memory.Value, s.cost.Value)
		if n := len(steps); n > 0 {
			steps = append(steps, vg.Point{X: p.X, Y: steps[n-1].Y})
		}
		steps = append(steps, p)
	}
	c.StrokeLines(draw.LineStyle{Color: inkMark, Width: 1, Dashes: []vg.Length{4, 3}}, steps)

	taken := numbers{}
	for _, s := range all {
		p := at(s.memory.Value, s.cost.Value)
		taken = append(taken, vg.Rectangle{Min: vg.Point{X: p.X - 4, Y: p.Y - 4}, Max: vg.Point{X: p.X + 4, Y: p.Y + 4}})
	}
	for _, s := range all {
		thin := looks[s.index].faint()
		thin.Width = 1
		from, to := at(s.memory.Value, s.cost.Low), at(s.memory.Value, s.cost.High)
		c.StrokeLine2(thin, from.X, from.Y, to.X, to.Y)
		from, to = at(s.memory.Low, s.cost.Value), at(s.memory.High, s.cost.Value)
		c.StrokeLine2(thin, from.X, from.Y, to.X, to.Y)
	}
	for _, s := range all {
		p := at(s.memory.Value, s.cost.Value)
		glyph(c, p, r.Candidates[s.index], looks[s.index])
		taken = taken.put(c, p, strconv.Itoa(s.index+1), r.Candidates[s.index].Front)
	}
}

// across is the axis of costs: from 0, or logarithmic where times differ more
// than tenfold.
func (t trade) across(costs []float64) (span, []tick) {
	low, high := slices.Min(costs), slices.Max(costs)
	if t.more {
		s := span{0, high * 1.06, false}
		return s, rateTicks(s.high)
	}
	if low > 0 && high/low > 10 {
		if s, ok := timeSpan(costs); ok {
			return s, s.decades()
		}
	}
	s := span{0, math.Max(high, 1e-9) * 1.08, false}
	return s, timeTicks(s.high)
}

// numbers are the rectangles that are taken in a panel, by points and by
// numbers already set.
type numbers []vg.Rectangle

// put sets a number as near to its point as the others leave room, with a
// leader where that is not beside it.
func (n numbers) put(c draw.Canvas, p vg.Point, number string, strong bool) numbers {
	letters := lettersNote
	if strong {
		letters = lettersBold
	}
	wide, high := letters.width(number)+2, vg.Length(9)
	place := func(radius vg.Length, turn float64) vg.Rectangle {
		middle := vg.Point{X: p.X + radius*vg.Length(math.Cos(turn)), Y: p.Y + radius*vg.Length(math.Sin(turn))}
		return vg.Rectangle{Min: vg.Point{X: middle.X - wide/2, Y: middle.Y - high/2}, Max: vg.Point{X: middle.X + wide/2, Y: middle.Y + high/2}}
	}
	chosen := place(10, math.Pi/4)
search:
	for radius := vg.Length(10); radius < 90; radius += 7 {
		for k := range 16 {
			box := place(radius, math.Pi/4+float64(k)*math.Pi/8)
			free := box.Min.X > c.Min.X && box.Max.X < c.Max.X && box.Min.Y > c.Min.Y && box.Max.Y < c.Max.Y+8
			for _, other := range n {
				free = free && (box.Max.X <= other.Min.X || box.Min.X >= other.Max.X || box.Max.Y <= other.Min.Y || box.Min.Y >= other.Max.Y)
			}
			if free {
				chosen = box
				if radius > 10 {
					end := vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2}
					share := 1 - 6/radius
					c.StrokeLine2(draw.LineStyle{Color: inkMark, Width: lineHair}, p.X, p.Y, p.X+(end.X-p.X)*share, p.Y+(end.Y-p.Y)*share)
				}
				break search
			}
		}
	}
	c.FillText(letters.style(-0.5), vg.Point{X: (chosen.Min.X + chosen.Max.X) / 2, Y: (chosen.Min.Y + chosen.Max.Y) / 2}, number)
	return append(n, chosen)
}
