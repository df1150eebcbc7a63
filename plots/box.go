package plots

import (
	"image/color"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// box is the look of an area that stands for bytes: an account of the ledger
// or a claim. An open one has an outline only: what nobody explains.
type box struct {
	fill color.RGBA
	ink  color.RGBA // of a figure written inside
	open bool
}

func (b *box) draw(c draw.Canvas, left, right, low, high vg.Length) {
	if right-left < 0.1 {
		return
	}
	corners := []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}}
	c.FillPolygon(b.fill, corners)
	if b.open {
		c.StrokeLines(draw.LineStyle{Color: inkMark, Width: lineHair, Dashes: []vg.Length{2, 1.5}}, append(corners, corners[0]))
	}
}

// part is a piece of a stacked bar.
type part struct {
	name  string
	bytes int64
	box   *box
}

// stack draws parts side by side from left on; unit is the bytes of a point.
// A part says its size, and its name where both have room. It returns the
// right end.
func stack(c draw.Canvas, parts []part, left, low, high vg.Length, unit float64, named bool) vg.Length {
	at := float64(left)
	for _, p := range parts {
		next := at + float64(p.bytes)/unit
		p.box.draw(c, vg.Length(at), vg.Length(next), low, high)
		letters := letters{7, p.box.ink, false}
		size := barSize(p.bytes)
		words := []string{size}
		if named {
			words = []string{p.name + " " + size, size}
		}
		for _, text := range words {
			if letters.width(text)+5 <= vg.Length(next-at) {
				c.FillText(letters.style(-0.5), vg.Point{X: vg.Length(at+next) / 2, Y: (low + high) / 2}, text)
				break
			}
		}
		at = next
	}
	return vg.Length(at)
}

// barSize is a size inside a bar: MiB without its unit, which the axis says,
// unless it is small.
func barSize(bytes int64) string {
	mib := float64(bytes) / (1 << 20)
	if mib >= 9.95 {
		return strconv.FormatFloat(mib, 'f', 0, 64)
	}
	return strconv.FormatFloat(mib, 'f', 1, 64)
}

var (
	// Not the paper's white and the title's ink, which a dark page turns round:
	// boxes keep their lightness there.
	inkOnDark  = color.RGBA{0xfe, 0xfe, 0xfe, 0xff}
	inkOnLight = color.RGBA{0x1a, 0x1c, 0x1e, 0xff}
)

// accountBoxes are the ledger's accounts in the order of stacking. They
// differ in lightness as well as in colour, so that they are told apart in
// grey too, and none has the colour of an allocator.
var accountBoxes = []struct {
	name string
	box  box
}{
	{"other", box{fill: color.RGBA{0xd5, 0xda, 0xdf, 0xff}, ink: inkOnLight}},
	{"live", box{fill: color.RGBA{0x2e, 0x3a, 0x47, 0xff}, ink: inkOnDark}},
	{"rounding", box{fill: color.RGBA{0x7d, 0x93, 0xa8, 0xff}, ink: inkOnLight}},
	{"pinned", box{fill: color.RGBA{0xa6, 0x1c, 0x3c, 0xff}, ink: inkOnDark}},
	{"empty", box{fill: color.RGBA{0xf3, 0xd2, 0x75, 0xff}, ink: inkOnLight}},
	{"unmanaged", box{fill: color.RGBA{0xb5, 0xa7, 0xc9, 0xff}, ink: inkOnLight}}, // pass census of a program only
}
