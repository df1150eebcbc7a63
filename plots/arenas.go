package plots

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// arenaLimit is how many arenas glibc makes at most where nobody sets
// arena_max: 8 for each core, on 64 bits (NARENAS_FROM_NCORES in
// malloc/arena.c). It is false where no variant is bound by it.
func arenaLimit(run results.Run) (int, bool) {
	cores, err := strconv.Atoi(run.Fingerprint.Memory[results.FieldCores])
	if err != nil || cores < 1 {
		return 0, false
	}
	for _, v := range run.Variants {
		if _, set := v.Knobs["arena_max"]; v.Allocator == "ptmalloc" && !set {
			return 8 * cores, true
		}
	}
	return 0, false
}

const arenaPitch vg.Length = 22

// Arenas draws how many arenas each variant had while most was live. It is
// nil where no allocator says.
func Arenas(title, caption string, run results.Run, series []CellSeries) *Figure {
	looks := looksOf(series)
	most := 0.0
	for _, s := range series {
		m, _ := middle(s.metric(results.MetricArenas))
		most = math.Max(most, m)
	}
	if most == 0 {
		return nil
	}
	note := "Arenas while most is live, as the allocator counts them."
	limit, bound := arenaLimit(run)
	if bound {
		note += fmt.Sprintf(" ptmalloc makes at most 8 for each core, %d here, where arena_max is not set.", limit)
		if float64(limit) <= 3*most {
			most = math.Max(most, float64(limit))
		} else {
			bound = false // the line would press all bars to the edge; the note says it
		}
	}
	height := arenaPitch*vg.Length(len(series)) + 34
	return frame{title: title, note: note, caption: caption}.figure(height, func(c draw.Canvas) {
		names := vg.Length(60)
		for _, s := range series {
			names = max(names, lettersBold.width(s.Variant.Name()))
		}
		names = min(names, 190) + 10
		left, foot, head := c.Min.X+names, c.Min.Y+20, c.Max.Y-12
		across := span{0, most * 1.02, false}
		x := func(v float64) vg.Length { return left + (c.Max.X-130-left)*vg.Length(across.at(v)) }
		for _, t := range countTicks(most) {
			c.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, x(t.at), foot, x(t.at), head)
			c.FillText(lettersNote.style(-0.5), vg.Point{X: x(t.at), Y: foot - 8}, t.label)
		}
		for i, s := range series {
			y := head - arenaPitch*(vg.Length(i)+.5)
			c.FillText(lettersBold.style(-1), vg.Point{X: left - 10, Y: y}, lettersBold.fit(s.Variant.Name(), names-10))
			m, ok := middle(s.metric(results.MetricArenas))
			if !ok {
				c.FillText(lettersNote.style(0), vg.Point{X: left + 5, Y: y}, "does not say")
				continue
			}
			(&box{fill: looks[i].colour}).draw(c, left, x(m), y-5, y+5)
			text := arenaWords(s, m)
			background(c, vg.Point{X: x(m) + 5, Y: y}, lettersNote.width(text))
			c.FillText(lettersNote.style(0), vg.Point{X: x(m) + 5, Y: y}, text)
		}
		if bound {
			c.StrokeLine2(draw.LineStyle{Color: inkNote, Width: 1, Dashes: []vg.Length{4, 3}}, x(float64(limit)), foot, x(float64(limit)), head)
			c.FillText(lettersNote.style(-0.5), vg.Point{X: x(float64(limit)), Y: head + 6}, fmt.Sprintf("limit %d", limit))
		}
		c.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, left, foot, left, head)
	})
}

// arenaWords are the count, and what is known beside it.
func arenaWords(s CellSeries, arenas float64) string {
	text := plain(arenas)
	t, ok := s.Median()
	if !ok {
		return text
	}
	if m := t.Trial.Mark(results.MarkHold); m != nil {
		if st := m.AllocatorStats; st != nil && st.Heaps != nil {
			text += fmt.Sprintf(", with %d heaps", *st.Heaps)
		}
		if m.Outside != nil {
			text += fmt.Sprintf(" (%d seen from outside)", m.Outside.Arenas)
		}
	}
	return text
}

// ArenasOver draws arenas along an axis, with ptmalloc's limit as a line. It
// is nil where no allocator says.
func ArenasOver(s Sweep, run results.Run, caption string) *Figure {
	limit, bound := arenaLimit(run)
	axis := sweepPanel{metric: results.MetricArenas, name: "arenas while most is live", ticks: countTicks, dodge: true}
	note := "Arenas as the allocator counts them, over " + s.Axis + "."
	if bound {
		axis.line, axis.lineName = float64(limit), fmt.Sprintf("limit %d", limit)
		note += fmt.Sprintf(" Dashed: ptmalloc makes at most 8 for each core, %d here, where arena_max is not set.", limit)
	}
	if !s.has(results.MetricArenas) {
		return nil
	}
	note += " Lines that coincide are drawn side by side."
	series := s.Points[len(s.Points)-1].Series
	looks := looksOf(series)
	names := vg.Length(60)
	labels := make([]label, len(series))
	for i, v := range series {
		labels[i] = label{name: v.Variant.Name(), look: looks[i].line(lineStrong), value: "does not say", loose: true}
		if m, ok := middle(v.metric(results.MetricArenas)); ok {
			labels[i].value, labels[i].loose = plain(m)+" with "+s.value(s.Points[len(s.Points)-1].At)+" "+s.Axis, false
		}
		names = max(names, lettersBold.width(labels[i].name))
	}
	names = min(names, 190)
	height := max(220, labelHeight*vg.Length(len(labels))+60)
	return frame{title: s.Title, note: note, caption: caption}.figure(height, func(c draw.Canvas) {
		p := newPanel(draw.Crop(c, 30, -(labelLead+names), 34, -20), 1, 1)
		all := slices.Clone(labels)
		for i, end := range s.draw(p.Canvas, axis) {
			all[i].end = end
		}
		p.labels(all, names)
	})
}

// plain prints a count, whose median may end in a half.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
