package plots

import (
	"crypto/sha256"
	"encoding/hex"
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
	faint  [][]dot
	end    float64
	failed int
}

// RSS lays the figure out.
func RSS(f RSSFigure) *Figure {
	var names []string
	for _, s := range f.Series {
		names = append(names, s.Variant.Allocator)
	}
	looks := strokes(names)
	all := make([]curves, len(f.Series))
	seconds, bytes := 0.0, 0.0
	for i, s := range f.Series {
		all[i] = newCurves(s, looks[i])
		seconds = math.Max(seconds, all[i].end)
		bytes = math.Max(bytes, top(append(all[i].faint, all[i].rss, all[i].live)...))
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
	title := results.Plain(f.Title)
	note := f.note(all)
	caption := lettersNote.wrap(strings.Fields(results.Plain(f.Caption)), figureWidth-2*figureMargin)
	body, height := drawTogether(all, together, seconds, bytes), togetherHeight
	if layout == Panels {
		body, height = drawPanels(all, seconds, bytes), panelsHeight(len(all))
	}
	const head vg.Length = 40
	foot := vg.Length(len(caption))*11 + 4
	return &Figure{
		Width: figureWidth, Height: 2*figureMargin + head + height + foot,
		draw: func(c draw.Canvas) {
			c.SetColor(whitePaper)
			c.Fill(c.Rectangle.Path())
			c = draw.Crop(c, figureMargin, -figureMargin, figureMargin, -figureMargin)
			c.FillText(lettersTitle.style(0), vg.Point{X: c.Min.X, Y: c.Max.Y - 6}, lettersTitle.fit(title, c.Max.X-c.Min.X))
			c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: c.Max.Y - 22}, lettersNote.fit(note, c.Max.X-c.Min.X))
			for i, line := range caption {
				y := c.Min.Y + 5 + 11*vg.Length(len(caption)-1-i)
				c.FillText(lettersNote.style(0), vg.Point{X: c.Min.X, Y: y}, line)
			}
			body(draw.Crop(c, 0, 0, foot, -head))
		},
	}
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
		c.strong, c.rss, c.live = t, t.rss(end), t.live(end)
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
		words = append(words, round3(last(c.rss))+" at the end")
		if idle, ok := c.strong.at(results.MarkIdle); ok {
			words[0] = round3(idle) + " at idle"
		}
	} else if c.strong.Trial != nil {
		words = append(words, "no samples")
	}
	if purged, ok := c.purged(); ok {
		words = append(words, round3(purged)+" purged")
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

// Caption says where and with what a run's figures were taken.
func Caption(run results.Run) string {
	var facts []string
	for _, name := range []string{results.FieldKernel, results.FieldLibc} {
		if v := run.Fingerprint.Memory[name]; v != "" {
			facts = append(facts, v)
		}
	}
	if n := run.Fingerprint.Memory[results.FieldCores]; n != "" {
		facts = append(facts, n+" cores")
	}
	if v := run.Fingerprint.Memory[results.FieldTHP]; v != "" {
		facts = append(facts, "THP "+v)
	}
	seen := map[string]bool{}
	for _, v := range run.Variants {
		if name := strings.TrimSpace(v.Allocator + " " + v.Version); !seen[name] {
			seen[name] = true
			facts = append(facts, name)
		}
	}
	if run.Tool != "" {
		facts = append(facts, "alloclab "+run.Tool)
	}
	return results.Plain(strings.Join(facts, " · "))
}

// WriteRSS draws the figure of one cell into dir, as SVG and PNG, and returns
// the paths. dir must be there.
func WriteRSS(dir string, cell results.Cell, series []CellSeries, caption string) (paths []string, err error) {
	return RSS(RSSFigure{Title: cell.Title(), Caption: caption, Series: series}).Write(dir, "rss-"+fileName(cell.Name))
}

// fileName turns a cell's name into one that needs no quoting on a shell or in
// an address. Two cells never get the same: where a character is lost, part
// of a hash of the name follows.
func fileName(cell string) string {
	lost := false
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.', r == '=':
			return r
		case r == '/' || r == ',':
			return '-'
		default:
			lost = true
			return '-'
		}
	}, cell)
	if lost || strings.Contains(cell, "-") || strings.Contains(cell, ",") || len(name) > 80 || name == "" {
		sum := sha256.Sum256([]byte(cell))
		name = name[:min(len(name), 80)] + "-" + hex.EncodeToString(sum[:3])
	}
	return name
}
