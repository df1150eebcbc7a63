package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// Layout says whether variants share axes.
type Layout int

// The layouts. Auto takes one pair of axes for up to seven variants whose
// marks come at about the same time, else a panel for each.
const (
	Auto Layout = iota
	Together
	Panels
)

const maxTogether = 7 // as many names have room beside the panel

// RSSFigure is resident memory and live bytes over time, of all variants of
// one cell.
type RSSFigure struct {
	Title   string // the cell in words
	Caption string // where the figures come from: see Caption
	Series  []CellSeries
	Layout  Layout
}

// curves is what is drawn of one variant.
type curves struct {
	name   string
	look   stroke
	strong Trace // of the median trial; its Trial is nil where no trial is sound
	rss    []dot
	live   []dot
	claim  Claim
	faint  [][]dot
	end    float64
	failed int
}

// RSS lays the figure out.
func RSS(f RSSFigure) *Figure {
	looks := looksOf(f.Series)
	all := make([]curves, len(f.Series))
	seconds, bytes := 0.0, 0.0
	for i, s := range f.Series {
		all[i] = newCurves(s, looks[i])
		seconds = math.Max(seconds, all[i].end)
		bytes = math.Max(bytes, top(append(all[i].faint, all[i].rss, all[i].live, all[i].claim.dots())...))
	}
	bytes *= 1.04 // the highest line is not cut in half by the edge
	together, agree := instants(all, seconds)
	layout := f.Layout
	if layout == Auto {
		layout = Panels
		if agree && len(all) <= maxTogether {
			layout = Together
		}
	}
	body, height := drawTogether(all, together, seconds, bytes), togetherHeight
	if layout == Panels {
		body, height = drawPanels(all, seconds, bytes), panelsHeight(len(all))
	}
	return frame{title: f.Title, note: f.note(all), caption: f.Caption}.figure(height, body)
}

func newCurves(s CellSeries, look stroke) curves {
	sound := s.sound()
	c := curves{name: s.Variant.Name(), look: look, failed: len(s.Traces) - len(sound)}
	strong := median(sound)
	for i, t := range sound {
		end := t.end()
		c.end = math.Max(c.end, end)
		if i != strong {
			c.faint = append(c.faint, t.rss(end))
			continue
		}
		c.strong, c.rss, c.live, c.claim = t, t.rss(end), t.live(end), t.Claim(end)
	}
	return c
}

// note says what the lines are.
func (f RSSFigure) note(all []curves) string {
	note := "Resident memory over time."
	rounds, live := 0, false
	for _, c := range all {
		rounds = max(rounds, len(c.faint)+1)
		live = live || len(c.live) > 0
	}
	if live {
		note += " Grey: live bytes, those asked for and not yet freed."
	}
	note += claimNote(all)
	if rounds > 1 {
		note += fmt.Sprintf(" Strong line: the median of %d rounds; faint: the others.", rounds)
	}
	for _, c := range all {
		if _, ok := c.purged(); ok {
			return note + " Ring: after a purge."
		}
	}
	return note
}

// purged is the RSS after the purge, in the median trial.
func (c curves) purged() (float64, bool) {
	if c.strong.Trial == nil {
		return 0, false
	}
	return c.strong.at(results.MarkPurged)
}

// value says in words where the curve ends.
func (c curves) value() string {
	var words []string
	if len(c.rss) > 0 {
		words = append(words, round3(last(c.rss))+" at end")
		if idle, ok := c.strong.at(results.MarkIdle); ok {
			words[0] = round3(idle) + " at idle"
		}
	} else if c.strong.Trial != nil {
		words = append(words, "no samples")
	}
	if purged, ok := c.purged(); ok {
		words = append(words, round3(purged)+" purged")
	}
	if dots := c.claim.dots(); len(dots) > 0 && c.failed == 0 { // there is no room for more
		words = append(words, round3(last(dots))+" allocated")
	}
	switch {
	case c.strong.Trial == nil && c.failed == 0:
		words = append(words, "no trials")
	case c.strong.Trial == nil:
		words = append(words, "no trial that counts")
	case c.failed > 0:
		words = append(words, fmt.Sprintf("%d left out", c.failed))
	}
	return strings.Join(words, ", ")
}

// ring marks where a purge brought the memory, at the curve's end; drop joins
// the two by a dotted line.
func (c curves) ring(p panel, drop bool) {
	bytes, ok := c.purged()
	if !ok || len(c.rss) == 0 {
		return
	}
	from, to := p.point(c.rss[len(c.rss)-1]), p.point(dot{c.end, bytes})
	to.X = from.X
	if drop {
		p.StrokeLine2(draw.LineStyle{Color: c.look.colour, Width: lineHair, Dashes: []vg.Length{1, 2}}, from.X, from.Y, to.X, to.Y)
	}
	p.DrawGlyphNoClip(draw.GlyphStyle{Color: whitePaper, Radius: 2.6, Shape: draw.CircleGlyph{}}, to)
	p.DrawGlyphNoClip(draw.GlyphStyle{Color: c.look.colour, Radius: 2.6, Shape: draw.RingGlyph{}}, to)
}
