package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// quantiles are those that are stored, with their places on the axis. Equal
// steps stand for ten times fewer calls each, but for the last: the longest
// call of all, however many there were.
var quantiles = []struct {
	name string
	of   func(results.Latency) float64
}{
	{"50 %", func(l results.Latency) float64 { return l.P50 }},
	{"90 %", func(l results.Latency) float64 { return l.P90 }},
	{"99 %", func(l results.Latency) float64 { return l.P99 }},
	{"99.9 %", func(l results.Latency) float64 { return l.P999 }},
	{"99.99 %", func(l results.Latency) float64 { return l.P9999 }},
	{"max", func(l results.Latency) float64 { return l.Max }},
}

var operations = []string{"malloc", "free"}

// sizeClass is a class of sizes of one operation; the zero one is all sizes.
type sizeClass struct{ above, upTo int64 }

func (s sizeClass) String() string {
	switch {
	case s == sizeClass{}:
		return "all sizes"
	case s.upTo == 0:
		return "above " + results.Bytes(float64(s.above))
	case s.above == 0:
		return "up to " + results.Bytes(float64(s.upTo))
	default:
		return results.Bytes(float64(s.above)) + " to " + results.Bytes(float64(s.upTo))
	}
}

// latencyOf gathers the latencies of one operation and class in all trials of
// the latency pass that count.
func (s CellSeries) latencyOf(operation string, class sizeClass) []results.Latency {
	var found []results.Latency
	for _, t := range s.Latency {
		if !t.Counts() {
			continue
		}
		for _, l := range t.Latency {
			if l.Operation == operation && l.All == (class == sizeClass{}) && (l.All || l.UpTo == class.upTo) && l.Calls > 0 {
				found = append(found, l)
			}
		}
	}
	return found
}

// LatencyRow is how long calls of one operation and size class took: medians
// over rounds of the quantiles that QuantileNames names, in seconds.
type LatencyRow struct {
	Variant, Operation, Class string
	Quantiles                 []float64
}

// QuantileNames are the quantiles of a LatencyRow.
func QuantileNames() []string {
	var names []string
	for _, q := range quantiles {
		names = append(names, q.name)
	}
	return names
}

// LatencyRows are all latencies of a cell, and the cost of one reading of the
// clock, which each of them contains.
func LatencyRows(series []CellSeries) (rows []LatencyRow, timerSeconds float64) {
	for _, operation := range operations {
		for _, class := range append([]sizeClass{{}}, classes(series)...) {
			for _, s := range series {
				if q := s.latencyQuantiles(operation, class); q != nil {
					rows = append(rows, LatencyRow{s.Variant.Name(), operation, class.String(), q})
				}
			}
		}
	}
	timerSeconds, _ = timer(series)
	return rows, timerSeconds
}

// latencyQuantiles are the medians over rounds of each quantile, in the order
// p50, p90, p99, p99.9, p99.99, max; it is nil where there are none.
func (s CellSeries) latencyQuantiles(operation string, class sizeClass) []float64 {
	found := s.latencyOf(operation, class)
	if len(found) == 0 {
		return nil
	}
	var out []float64
	for _, q := range quantiles {
		var values []float64
		for _, l := range found {
			values = append(values, q.of(l))
		}
		m, _ := middle(values)
		out = append(out, m)
	}
	return out
}

// timer is the cost of reading the clock once, as the trials measured it.
func timer(series []CellSeries) (float64, bool) {
	var values []float64
	for _, s := range series {
		for _, operation := range operations {
			for _, l := range s.latencyOf(operation, sizeClass{}) {
				values = append(values, l.Timer)
			}
		}
	}
	return middle(values)
}

// classes are all classes with calls, the largest last; where there is only
// one, all sizes together say the same and it is left out.
func classes(series []CellSeries) []sizeClass {
	seen := map[int64]bool{}
	unlimited := false
	for _, s := range series {
		for _, t := range s.Latency {
			for _, l := range t.Latency {
				if l.All || l.Calls == 0 || !t.Counts() {
					continue
				}
				seen[l.UpTo] = true
				unlimited = unlimited || l.UpTo == 0
			}
		}
	}
	if len(seen) < 2 {
		return nil
	}
	var limits []int64
	for upTo := range seen {
		if upTo > 0 {
			limits = append(limits, upTo)
		}
	}
	slices.Sort(limits)
	var all []sizeClass
	above := int64(0)
	for _, upTo := range limits {
		// The class's lower end is not stored; the nearest class seen below
		// would claim too much where one between them had no calls.
		all = append(all, sizeClass{upTo: upTo})
		above = upTo
	}
	if unlimited {
		all = append(all, sizeClass{above: above})
	}
	return all
}

const (
	latencyTall vg.Length = 190
	latencyLow  vg.Length = 132
)

// Latency draws how long calls of malloc and free took, of all sizes and then
// by size class. It is nil where the latency pass was not run.
func Latency(title, caption string, series []CellSeries) *Figure {
	rows := append([]sizeClass{{}}, classes(series)...)
	var values []float64
	for _, s := range series {
		for _, row := range rows {
			for _, operation := range operations {
				values = append(values, s.latencyQuantiles(operation, row)...)
			}
		}
	}
	cost, timed := timer(series)
	if timed {
		values = append(values, cost)
	}
	up, ok := timeSpan(values)
	if !ok {
		return nil
	}
	looks := looksOf(series)
	note := "Latency. The share of calls on the axis took at most the time at its height. Medians of all rounds; the time axis is logarithmic. Where a class has fewer than 10,000 calls, its 99.99 % is its longest call."
	if timed {
		note += fmt.Sprintf(" Dotted: one reading of the clock, %s, which every value contains.", results.Seconds(cost))
	}
	f := frame{title: title, note: note, caption: caption, legend: legendOf(series, looks)}
	height := latencyTall + latencyLow*vg.Length(len(rows)-1)
	return f.figure(height, func(c draw.Canvas) {
		y := c.Max.Y
		for i, row := range rows {
			height := latencyLow
			if i == 0 {
				height = latencyTall
			}
			const left, gap vg.Length = 40, 46
			width := (c.Max.X - c.Min.X - left - gap) / 2
			for j, operation := range operations {
				x := c.Min.X + left + vg.Length(j)*(width+gap)
				p := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: y - height + 20}, Max: vg.Point{X: x + width, Y: y - 20}}}
				c.FillText(lettersBold.style(0), vg.Point{X: x, Y: y - 11}, operation+", "+row.String())
				latencyAxes(p, up)
				if timed {
					at := p.Y(up.at(cost))
					p.StrokeLine2(draw.LineStyle{Color: inkNote, Width: 1, Dashes: []vg.Length{1, 2}}, p.Min.X, at, p.Max.X, at)
				}
				for k, s := range series {
					latencyCurve(p, up, s.latencyQuantiles(operation, row), looks[k])
				}
			}
			y -= height
		}
	})
}

// quantileAt is where a quantile stands, with room at both sides.
func quantileAt(c draw.Canvas, i int) vg.Length {
	return c.X((float64(i) + .35) / (float64(len(quantiles)) - .3))
}

func latencyAxes(c draw.Canvas, up span) {
	hair := draw.LineStyle{Color: inkGrid, Width: lineHair}
	ticks := up.decades()
	for _, t := range ticks {
		y := c.Y(up.at(t.at))
		c.StrokeLine2(hair, c.Min.X, y, c.Max.X, y)
		c.FillText(lettersNote.style(-1), vg.Point{X: c.Min.X - 4, Y: y}, t.label)
	}
	c.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
	for i, q := range quantiles {
		x := quantileAt(c, i)
		c.StrokeLine2(hair, x, c.Min.Y, x, c.Max.Y)
		c.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: c.Min.Y - 8}, q.name)
	}
}

func latencyCurve(c draw.Canvas, up span, values []float64, look stroke) {
	var points []vg.Point
	for i, v := range values {
		points = append(points, vg.Point{X: quantileAt(c, i), Y: c.Y(up.at(v))})
	}
	c.StrokeLines(look.line(lineStrong), points)
	for _, p := range points {
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.colour, Radius: 2, Shape: draw.CircleGlyph{}}, p)
	}
}
