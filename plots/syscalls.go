package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// CallTrace is one trial of the pass syscalls with its calls, in the order of
// time.
type CallTrace struct {
	Trial *results.Trial
	Rows  []results.CallRow
}

// callKind is a line of the figure: one call, one direction.
type callKind struct {
	name   string
	colour color.RGBA
	back   bool // gives back; dashed
}

// callKinds are the lines that there can be. They share no colour with an allocator.
var callKinds = []callKind{
	{"mmap PROT_NONE (addresses only)", otherColours[0], false},
	{"mmap", otherColours[3], false},
	{"mprotect", otherColours[2], false},
	{"brk, mremap: grow", otherColours[1], false},
	{"munmap", otherColours[3], true},
	{"madvise: free, don't need", inkTitle, true},
	{"brk, mremap: shrink", otherColours[1], true},
}

// kindOf is the line that a call belongs to, as an index of callKinds; -1 where it neither
// asks for memory nor gives it back.
func kindOf(c results.SyscallCount) int {
	switch {
	case strings.HasPrefix(c.Call, "mmap") && c.How == "PROT_NONE":
		return 0
	case strings.HasPrefix(c.Call, "mmap"):
		return 1
	case c.Call == "mprotect" && c.How != "PROT_NONE":
		return 2
	case (c.Call == "brk" || c.Call == "mremap") && c.How == "grow":
		return 3
	case c.Call == "munmap":
		return 4
	case c.Call == "madvise" && slices.Contains([]string{"MADV_DONTNEED", "MADV_FREE", "MADV_REMOVE", "MADV_DONTNEED_LOCKED"}, c.How):
		return 5
	case (c.Call == "brk" || c.Call == "mremap") && c.How == "shrink":
		return 6
	default:
		return -1
	}
}

// sums are the bytes of each kind since baseline, after each row that adds to
// it; t is a place of the axis.
func (t CallTrace) sums(axis phaseAxis) [][]dot {
	all := make([][]dot, len(callKinds))
	for _, r := range t.Rows {
		k := kindOf(r.SyscallCount)
		at, known := axis.at(r.Phase, r.T)
		if k < 0 || r.Bytes <= 0 || !known {
			continue
		}
		sum := float64(r.Bytes)
		if n := len(all[k]); n > 0 {
			sum += all[k][n-1].y
		}
		all[k] = append(all[k], dot{at, sum})
	}
	return all
}

// firstCalls is the trace that is drawn: of the first round that counts.
func (s CellSeries) firstCalls() (CallTrace, bool) {
	sound := slices.DeleteFunc(slices.Clone(s.Calls), func(t CallTrace) bool {
		return t.Trial.Status != results.StatusOK || t.Trial.Syscalls == nil
	})
	sort.SliceStable(sound, func(i, j int) bool { return sound[i].Trial.Round < sound[j].Trial.Round })
	if len(sound) == 0 {
		return CallTrace{}, false
	}
	return sound[0], true
}

// Syscalls draws the bytes that each kind of call named since baseline, on a
// panel for each variant. It is nil where nothing was traced.
func Syscalls(title, caption string, series []CellSeries) *Figure {
	var drawn []callPanel
	used := make([]bool, len(callKinds))
	low, high := math.Inf(1), 0.0
	looks := looksOf(series)
	for i, s := range series {
		t, ok := s.firstCalls()
		if !ok {
			continue
		}
		p := callPanel{name: s.Variant.Name(), look: looks[i], axis: newPhaseAxis(t.Trial.Syscalls)}
		p.sums = t.sums(p.axis)
		for _, phase := range p.axis {
			for _, c := range t.Trial.Syscalls.Phase(phase.name).Calls {
				p.calls += c.Count
			}
		}
		for k, dots := range p.sums {
			if len(dots) > 0 {
				used[k] = true
				low, high = math.Min(low, dots[0].y), math.Max(high, last(dots))
			}
		}
		drawn = append(drawn, p)
	}
	if len(drawn) == 0 {
		return nil
	}
	f := frame{title: title, caption: caption, note: "Bytes that system calls for memory named since baseline, added up; the scale is logarithmic. " +
		"Solid: asked for. Dashed: given back. Each phase has its own scale of time, linear from mark to mark: how long it took under strace, which slows calls down, stands below it. " +
		"Bytes are lengths of addresses, not resident memory, and page faults do not show. Calls before baseline are left out."}
	for k, kind := range callKinds {
		if used[k] {
			line := kind.line()
			f.legend = append(f.legend, legendItem{name: kind.name, line: &line})
		}
	}
	scale := byteSpan(low, high)
	across := min(columns(len(drawn)), 2) // the names of six phases need room
	rows := (len(drawn) + across - 1) / across
	return f.figure(panelHeight*vg.Length(rows), func(c draw.Canvas) {
		const left vg.Length = 44
		width := (c.Max.X - c.Min.X - left - panelGap*vg.Length(across-1)) / vg.Length(across)
		for i, p := range drawn {
			x := c.Min.X + left + vg.Length(i%across)*(width+panelGap)
			y := c.Max.Y - panelHeight*vg.Length(i/across)
			p.draw(panel{draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: x, Y: y - panelHeight + 24}, Max: vg.Point{X: x + width, Y: y - 28 - callRoom},
			}}, 1, 1}, scale, i%across == 0)
		}
	})
}

// callRoom is the height that the names of phases take above a panel.
const callRoom vg.Length = 12

func (k callKind) line() draw.LineStyle {
	style := draw.LineStyle{Color: k.colour, Width: lineStrong}
	if k.back {
		style.Dashes = []vg.Length{4, 2}
	}
	return style
}

// byteSpan is a logarithmic scale of sizes in steps of 16 that holds them all.
func byteSpan(low, high float64) span {
	if !(high > 0) {
		low, high = 4096, 4096
	}
	s := span{math.Pow(16, math.Floor(math.Log(low)/math.Log(16)+1e-9)), math.Pow(16, math.Ceil(math.Log(high)/math.Log(16)-1e-9)), true}
	if s.high <= s.low {
		s.high = 16 * s.low
	}
	return s
}

// callPanel is what is drawn of one variant.
type callPanel struct {
	name  string
	look  stroke
	axis  phaseAxis
	sums  [][]dot
	calls int64
}

func (v callPanel) draw(p panel, scale span, labelled bool) {
	top := p.Max.Y + 28 + callRoom
	p.StrokeLine2(v.look.line(lineStrong), p.Min.X, top-6, p.Min.X+18, top-6)
	p.FillText(lettersBold.style(0), vg.Point{X: p.Min.X + 23, Y: top - 6}, lettersBold.fit(v.name, p.Max.X-p.Min.X-23))
	calls := fmt.Sprintf("%d calls from baseline on", v.calls)
	if v.calls == 1 {
		calls = "1 call from baseline on"
	}
	p.FillText(lettersNote.style(0), vg.Point{X: p.Min.X, Y: top - 18}, lettersNote.fit(calls, p.Max.X-p.Min.X))
	for at := scale.low; at <= scale.high*1.01; at *= 16 {
		y := p.Y(scale.at(at))
		p.StrokeLine2(draw.LineStyle{Color: inkGrid, Width: lineHair}, p.Min.X, y, p.Max.X, y)
		if labelled {
			p.FillText(lettersNote.style(-1), vg.Point{X: p.Min.X - 5, Y: y}, results.Bytes(at))
		}
	}
	p.StrokeLine2(draw.LineStyle{Color: inkMark, Width: 2 * lineHair}, p.Min.X, p.Min.Y, p.Max.X, p.Min.Y)
	for _, phase := range v.axis {
		from, to := p.X(phase.from), p.X(phase.to)
		p.StrokeLine2(draw.LineStyle{Color: inkMark, Width: lineHair, Dashes: []vg.Length{2, 2}}, to, p.Min.Y, to, p.Max.Y+2)
		p.FillText(lettersNote.style(-0.5), vg.Point{X: (from + to) / 2, Y: p.Max.Y + 7}, lettersNote.fit(phase.name, to-from))
		p.FillText(lettersNote.style(-0.5), vg.Point{X: (from + to) / 2, Y: p.Min.Y - 10}, lettersNote.fit(round2(phase.end-phase.begin), to-from+4))
	}
	for k, dots := range v.sums {
		if len(dots) == 0 {
			continue
		}
		// Each sum stands until the next call; below the first there is nothing.
		steps := []dot{{dots[0].t, 0}}
		for i, d := range dots {
			d.y = scale.at(d.y)
			if i > 0 {
				steps = append(steps, dot{d.t, steps[len(steps)-1].y})
			}
			steps = append(steps, d)
		}
		p.curve(callKinds[k].line(), append(steps, dot{1, steps[len(steps)-1].y}))
	}
}

// round2 prints a time with two digits.
func round2(seconds float64) string {
	if seconds <= 0 {
		return "0 s"
	}
	unit := math.Pow(10, math.Floor(math.Log10(seconds))-1)
	return results.Seconds(math.Round(seconds/unit) * unit)
}
