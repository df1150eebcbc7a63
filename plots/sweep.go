package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// Sweep is a set of cells that differ in one number only: the axis.
type Sweep struct {
	Axis   string // name of the parameter, or "CPUs"
	Title  string
	Name   string // for files
	Kind   string // of the parameter: count, bytes, duration, fraction
	Points []SweepPoint
}

// SweepPoint is one cell of a sweep.
type SweepPoint struct {
	At     float64
	Cell   string
	Series []CellSeries // one a variant, in the same order everywhere; without samples
}

// axisCPUs is the axis that is no parameter of a workload.
const axisCPUs = "CPUs"

// Sweeps finds every axis of a run: for each parameter that has at least two
// values, the cells that are alike in all the rest.
func Sweeps(run results.Run, trials []results.Trial) []Sweep {
	var sweeps []Sweep
	var rests []string // what tells two sweeps over one axis apart
	at := map[string]int{}
	for _, cell := range run.TitledCells() {
		for _, axis := range axes(cell) {
			i, known := at[axis.rest]
			if !known {
				i = len(sweeps)
				at[axis.rest] = i
				title := rest(cell, axis.name).Title() + ", over " + axis.name
				sweeps = append(sweeps, Sweep{Axis: axis.name, Kind: axis.kind, Title: title, Name: cell.Workload + " over " + axis.name})
				rests = append(rests, axis.rest)
			}
			sweeps[i].Points = append(sweeps[i].Points, SweepPoint{At: axis.value, Cell: cell.Name, Series: seriesOf(run, cell.Name, trials)})
		}
	}
	count := map[string]int{}
	for i := range sweeps {
		if len(sweeps[i].Points) > 1 {
			count[sweeps[i].Name]++
		}
	}
	for i, s := range sweeps {
		if count[s.Name] > 1 {
			sweeps[i].Name += " " + rests[i]
		}
		sweeps[i].Name = fileName(strings.ReplaceAll(sweeps[i].Name, " ", "_"))
	}
	sweeps = slices.DeleteFunc(sweeps, func(s Sweep) bool { return len(s.Points) < 2 })
	for _, s := range sweeps {
		slices.SortStableFunc(s.Points, func(a, b SweepPoint) int { return int(math.Copysign(1, a.At-b.At)) })
	}
	return sweeps
}

type axis struct {
	name, kind, rest string // rest names all that the axis leaves alike
	value            float64
}

// axes are the numbers of a cell that may be an axis.
func axes(cell results.Cell) []axis {
	var all []axis
	for _, p := range cell.Params {
		if v, ok := p.Value.(float64); ok {
			all = append(all, axis{strings.ReplaceAll(p.Name, "_", " "), p.Kind, key(cell, p.Name), v})
		}
	}
	if cell.CPUs > 0 {
		all = append(all, axis{axisCPUs, "count", key(cell, axisCPUs), float64(cell.CPUs)})
	}
	return all
}

// key names the cell without one of its numbers.
func key(cell results.Cell, without string) string {
	words := []string{without, cell.Workload, cell.Runtime}
	for _, p := range cell.Params {
		if p.Name != without {
			words = append(words, fmt.Sprintf("%s=%v", p.Name, p.Value))
		}
	}
	if without != axisCPUs {
		words = append(words, fmt.Sprint(cell.CPUs))
	}
	return strings.Join(words, "/")
}

// rest is the cell without the axis, for its title.
func rest(cell results.Cell, axis string) results.Cell {
	cell.Params = slices.DeleteFunc(slices.Clone(cell.Params), func(p results.Param) bool {
		return strings.ReplaceAll(p.Name, "_", " ") == axis
	})
	if axis == axisCPUs {
		cell.CPUs = 0
	}
	return cell
}

func (s Sweep) has(metric string) bool {
	for _, p := range s.Points {
		for _, v := range p.Series {
			if len(v.metric(metric)) > 0 {
				return true
			}
		}
	}
	return false
}

func (s Sweep) legend() []legendItem {
	return legendOf(s.Points[0].Series, looksOf(s.Points[0].Series))
}

// sweepPanel is one metric along the axis.
type sweepPanel struct {
	metric, name string
	ticks        func(float64) []tick
	line         float64 // a limit, drawn across; 0 is none
	lineName     string
	dodge        bool // lines that coincide are moved apart by their width
}

// Over draws speed and memory along an axis, a line for each variant. It is
// nil where no trial counts.
func Over(s Sweep, caption string) *Figure {
	var panels []sweepPanel
	for _, p := range []sweepPanel{
		{metric: results.MetricOpsPerS, name: "operations per second", ticks: rateTicks},
		{metric: results.MetricOpsPerCPUS, name: "operations per second of CPU time", ticks: rateTicks},
		{metric: results.MetricRSSPeak, name: "peak RSS", ticks: byteTicks},
		{metric: results.MetricRSSIdle, name: "RSS at idle", ticks: byteTicks},
	} {
		if s.has(p.metric) {
			panels = append(panels, p)
		}
	}
	if len(panels) == 0 {
		return nil
	}
	note := "Speed and memory over " + s.Axis + ". Lines go through the medians; small rings are single rounds. All axes of values begin at 0; RSS is without the lab's own memory."
	f := frame{title: s.Title, note: note, caption: caption, legend: s.legend()}
	const tall vg.Length = 196
	rows := (len(panels) + 1) / 2
	return f.figure(tall*vg.Length(rows), func(c draw.Canvas) {
		const left, gap vg.Length = 44, 58
		width := (c.Max.X - c.Min.X - left - gap) / 2
		for i, p := range panels {
			x := c.Min.X + left + vg.Length(i%2)*(width+gap)
			y := c.Max.Y - tall*vg.Length(i/2)
			s.draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: y - tall + 40}, Max: vg.Point{X: x + width, Y: y - 22}}}, p)
		}
	})
}

// across is the axis: logarithmic where its values span a factor of four.
func (s Sweep) across() span {
	low, high := s.Points[0].At, s.Points[len(s.Points)-1].At
	if low > 0 && high/low >= 4 {
		return span{low, high, true}
	}
	return span{low, high, false}
}

// value prints a place of the axis in its own unit.
func (s Sweep) value(v float64) string {
	switch s.Kind {
	case "bytes":
		return results.Bytes(v)
	case "duration":
		return results.Seconds(v)
	default:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", v), "0"), ".")
	}
}

// draw draws one panel and returns where each variant's line ends.
func (s Sweep) draw(c draw.Canvas, p sweepPanel) (ends []vg.Point) {
	high := p.line
	for _, pt := range s.Points {
		for _, v := range pt.Series {
			for _, value := range v.metric(p.metric) {
				high = math.Max(high, value)
			}
		}
	}
	if high == 0 {
		high = 1
	}
	high *= 1.05
	across := s.across()
	at := func(v float64) vg.Length { return c.X(.04 + .92*across.at(v)) }
	up := func(v float64) vg.Length { return c.Y(v / high) }
	c.FillText(lettersBold.style(0), vg.Point{X: c.Min.X - 30, Y: c.Max.Y + 12}, p.name)
	for _, t := range p.ticks(high) {
		c.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, c.Min.X, up(t.at), c.Max.X, up(t.at))
		c.FillText(lettersNote.style(-1), vg.Point{X: c.Min.X - 5, Y: up(t.at)}, t.label)
	}
	line := draw.LineStyle{Color: inkMark, Width: 2 * lineHair}
	c.StrokeLine2(line, c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
	free := c.Min.X - 100
	for _, pt := range s.Points {
		x, text := at(pt.At), s.value(pt.At)
		c.StrokeLine2(line, x, c.Min.Y, x, c.Min.Y-3)
		if w := lettersNote.width(text); x-w/2 > free+4 {
			c.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: c.Min.Y - 9}, text)
			free = x + w/2
		}
	}
	c.FillText(lettersNote.style(-0.5), vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: c.Min.Y - 20}, s.Axis)
	if p.line > 0 {
		c.StrokeLine2(draw.LineStyle{Color: inkNote, Width: 1, Dashes: []vg.Length{4, 3}}, c.Min.X, up(p.line), c.Max.X, up(p.line))
		c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X + 4, Y: up(p.line) + 6}, p.lineName)
	}
	looks := looksOf(s.Points[0].Series)
	for i, look := range looks {
		offset := vg.Length(0)
		if p.dodge {
			offset = (vg.Length(i) - vg.Length(len(looks)-1)/2) * lineStrong
		}
		var points []vg.Point
		for _, pt := range s.Points {
			if i >= len(pt.Series) {
				continue
			}
			values := pt.Series[i].metric(p.metric)
			for _, v := range values {
				c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.faint().Color, Radius: 2, Shape: draw.RingGlyph{}}, vg.Point{X: at(pt.At), Y: up(v) + offset})
			}
			if m, ok := middle(values); ok {
				points = append(points, vg.Point{X: at(pt.At), Y: up(m) + offset})
			}
		}
		c.StrokeLines(look.line(lineStrong), points)
		for _, pt := range points {
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: look.colour, Radius: 2, Shape: draw.CircleGlyph{}}, pt)
		}
		end := vg.Point{X: c.Max.X, Y: c.Min.Y}
		if n := len(points); n > 0 {
			end = points[n-1]
		}
		ends = append(ends, end)
	}
	return ends
}
