package plots

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/analysis/change"
	"alloclab/results"
)

const (
	historyHeight vg.Length = 170
	historyAxis   vg.Length = 74 // room for the labels of values
)

// History draws one series over its commits: medians with their intervals, the
// band of normal noise, and what is outside it. Commits stand at equal
// distances, in the order of their times. The title may be "", where a page has a
// heading. It is nil for a series without commits.
func History(s change.Series, title string) *Figure {
	order := commitOrder(s)
	if len(order) == 0 {
		return nil
	}
	look := strokes([]string{s.Variant})[0]
	f := frame{title: title, note: historyNote(s)}
	return f.figure(historyHeight, func(c draw.Canvas) {
		p := historyPanel{draw.Crop(c, historyAxis, -10, 22, -14), valueSpan(s), len(order)}
		p.axes(s.Metric.Unit, order)
		at := map[string]int{}
		for i, o := range order {
			at[o.Commit] = i
		}
		for i, segment := range s.Segments {
			p.band(segment, at)
			if i > 0 {
				p.note(at[segment.Commits[0].Commit], "machine "+results.Plain(segment.Machine))
			}
		}
		for _, segment := range s.Segments {
			p.segment(segment, at, look)
		}
	})
}

// HistoryTitle names a series.
func HistoryTitle(s change.Series) string {
	return results.Plain(s.Cell + " · " + s.Variant + " · " + s.Metric.Name)
}

// HistoryName is the name of a series' files, without a suffix.
func HistoryName(s change.Series) string {
	return "history-" + fileName(s.Cell+"/variant="+s.Variant) + "-" + s.Metric.Name
}

func historyNote(s change.Series) string {
	words := []string{s.Metric.Doc + ".", "Dots: median of a commit's trials, with its 95 % interval.",
		fmt.Sprintf("Grey: what the %d commits before the last %d make normal.", change.Window, change.Recent)}
	worse, alarm, level := false, false, false
	for _, segment := range s.Segments {
		level = level || len(segment.Levels) > 0
		for _, c := range segment.Commits {
			worse, alarm = worse || c.Place == change.Worse, alarm || c.Alarm
		}
	}
	if worse {
		words = append(words, "Rings: worse than normal.")
	}
	if alarm {
		words = append(words, fmt.Sprintf("Red: alarm, %d of the last %d were worse.", change.Alarming, change.Recent))
	}
	if level {
		words = append(words, "Triangles: a new level may begin here; that decides nothing.")
	}
	if len(s.Segments) > 1 {
		words = append(words, "Dashed lines: another machine, with a normal of its own.")
	}
	if valueSpan(s).low > 0 {
		words = append(words, "The axis does not begin at 0.")
	}
	words[0] = strings.ToUpper(words[0][:1]) + words[0][1:]
	return strings.Join(words, " ")
}

// commitOrder are all commits of a series, each once, by time.
func commitOrder(s change.Series) []change.Commit {
	seen := map[string]bool{}
	var all []change.Commit
	for _, segment := range s.Segments {
		for _, c := range segment.Commits {
			if !seen[c.Commit] {
				seen[c.Commit] = true
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b change.Commit) int { return a.Time.Compare(b.Time) })
	return all
}

// valueSpan holds all values, intervals and bands, and a little more.
func valueSpan(s change.Series) span {
	low, high := math.Inf(1), math.Inf(-1)
	for _, segment := range s.Segments {
		for _, c := range segment.Commits {
			low, high = math.Min(low, c.Low), math.Max(high, c.High)
			if c.Band != nil {
				low, high = math.Min(low, c.Band.Low), math.Max(high, c.Band.High)
			}
		}
	}
	pad := (high - low) * .08
	if pad == 0 {
		pad = math.Max(math.Abs(high)*.02, 1e-9)
	}
	bottom := low - pad
	if low >= 0 && bottom < .15*high {
		bottom = 0
	}
	return span{bottom, high + pad, false}
}

// historyPanel is the rectangle of the data.
type historyPanel struct {
	draw.Canvas
	values span
	n      int
}

func (p historyPanel) x(i int) vg.Length {
	return p.X((float64(i) + .5) / float64(p.n))
}

func (p historyPanel) y(v float64) vg.Length { return p.Y(p.values.at(v)) }

func (p historyPanel) axes(unit string, order []change.Commit) {
	for _, t := range ticksBetween(p.values, unit) {
		y := p.y(t.at)
		p.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, p.Min.X, y, p.Max.X, y)
		p.FillText(lettersNote.style(-1), vg.Point{X: p.Min.X - 6, Y: y}, t.label)
	}
	axis := draw.LineStyle{Color: inkMark, Width: 2 * lineHair}
	p.StrokeLine2(axis, p.Min.X, p.Min.Y, p.Max.X, p.Min.Y)
	const room vg.Length = 62 // of one label
	every := max(1, int(math.Ceil(float64(room)*float64(p.n)/float64(p.Max.X-p.Min.X))))
	for i := p.n - 1; i >= 0; i -= every { // the newest has a label
		x := p.x(i)
		p.StrokeLine2(axis, x, p.Min.Y, x, p.Min.Y-3)
		p.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: p.Min.Y - 9}, lettersNote.fit(ShortCommit(order[i].Commit), room-4))
		p.FillText(lettersNote.style(-0.5), vg.Point{X: x, Y: p.Min.Y - 18}, order[i].Time.UTC().Format(time.DateOnly))
	}
}

// ShortCommit is a commit's name as people say it: ten characters of a hash.
func ShortCommit(commit string) string {
	commit = results.Plain(commit)
	hex := strings.Trim(commit, "0123456789abcdef") == ""
	if hex && len(commit) > 10 {
		return commit[:10]
	}
	return commit
}

// band fills what is normal, from commit to commit.
func (p historyPanel) band(s change.Segment, at map[string]int) {
	var upper, lower, middle []vg.Point
	for _, c := range s.Commits {
		if c.Band == nil {
			continue
		}
		x := p.x(at[c.Commit])
		upper = append(upper, vg.Point{X: x, Y: p.y(c.Band.High)})
		lower = append(lower, vg.Point{X: x, Y: p.y(c.Band.Low)})
		middle = append(middle, vg.Point{X: x, Y: p.y(c.Band.Median)})
	}
	if len(upper) == 1 { // as wide as a commit
		half := (p.Max.X - p.Min.X) / vg.Length(2*p.n)
		for _, line := range []*[]vg.Point{&upper, &lower, &middle} {
			x, y := (*line)[0].X, (*line)[0].Y
			*line = []vg.Point{{X: x - half, Y: y}, {X: x + half, Y: y}}
		}
	}
	if len(upper) == 0 {
		return
	}
	slices.Reverse(lower)
	p.FillPolygon(fillLive, append(upper, lower...))
	p.StrokeLines(draw.LineStyle{Color: inkMark, Width: lineHair}, middle)
}

// note names a vertical line.
func (p historyPanel) note(i int, words string) {
	x := p.x(i) - (p.Max.X-p.Min.X)/vg.Length(2*p.n)
	p.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair, Dashes: []vg.Length{3, 2}}, x, p.Min.Y, x, p.Max.Y)
	align, from := text.XAlignment(0), x+3
	if from+lettersNote.width(words) > p.Max.X {
		align, from = -1, x-3
	}
	p.FillText(lettersNote.style(align), vg.Point{X: from, Y: p.Max.Y + 6}, words)
}

// segment draws the commits of one machine.
func (p historyPanel) segment(s change.Segment, at map[string]int, look stroke) {
	var line []vg.Point
	for _, c := range s.Commits {
		line = append(line, vg.Point{X: p.x(at[c.Commit]), Y: p.y(c.Median)})
	}
	if len(line) > 1 {
		p.StrokeLines(look.faint(), line)
	}
	radius := min(2.6, max(1.2, (p.Max.X-p.Min.X)/vg.Length(3*p.n)))
	for i, c := range s.Commits {
		ink := look.colour
		if c.Alarm {
			ink = inkAlarm
		}
		p.StrokeLine2(draw.LineStyle{Color: ink, Width: lineFaint}, line[i].X, p.y(c.Low), line[i].X, p.y(c.High))
		p.DrawGlyphNoClip(draw.GlyphStyle{Color: ink, Radius: radius, Shape: draw.CircleGlyph{}}, line[i])
		if c.Place == change.Worse {
			p.DrawGlyphNoClip(draw.GlyphStyle{Color: ink, Radius: radius + 2.4, Shape: draw.RingGlyph{}}, line[i])
		}
	}
	for _, i := range s.Levels {
		x := (line[i-1].X + line[i].X) / 2
		p.FillPolygon(inkText, []vg.Point{{X: x - 3.5, Y: p.Max.Y + 5}, {X: x + 3.5, Y: p.Max.Y + 5}, {X: x, Y: p.Max.Y - 1}})
	}
}

// ticksBetween are round values of a unit between the ends of a scale.
func ticksBetween(s span, unit string) []tick {
	scale, name := 1.0, ""
	type step struct {
		from float64
		name string
	}
	steps := map[string][]step{
		"B":   {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}},
		"s":   {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}},
		"1/s": {{1e6, "M/s"}, {1e3, "k/s"}, {1, "/s"}},
	}[unit]
	for _, step := range steps {
		scale, name = step.from, " "+step.name
		if s.high >= step.from {
			break
		}
	}
	low, high := s.low/scale, s.high/scale
	width := math.Pow(10, math.Floor(math.Log10((high-low)/3)))
	for _, f := range []float64{1, 2, 5, 10} {
		if (high-low)/(width*f) <= 5 {
			width *= f
			break
		}
	}
	digits := max(0, int(-math.Floor(math.Log10(width)+1e-9)))
	var all []tick
	for i := math.Ceil(low/width - 1e-9); i*width <= high*(1+1e-12); i++ {
		label := strconv.FormatFloat(i*width, 'f', digits, 64)
		if i == 0 {
			label = "0"
		}
		all = append(all, tick{i * width * scale, label})
	}
	if len(all) > 0 {
		all[len(all)-1].label += name
	}
	return all
}
