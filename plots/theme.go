// Package plots draws the figures of a run: SVG and PNG from the same drawing.
// It reads results and starts nothing.
package plots

import (
	"image/color"
	"sort"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes, in points. A figure is as wide as a page of text on a screen; PNG
// has two dots a point, so that it is sharp where SVG is not shown.
const (
	figureWidth  vg.Length = 720
	figureMargin vg.Length = 14
	textSize     vg.Length = 9
	titleSize    vg.Length = 12
	lineStrong   vg.Length = 1.8
	lineFaint    vg.Length = 0.6
	lineHair     vg.Length = 0.5
	pngDPI                 = 144
)

// Inks of all that is not data. On white, the weakest one for text (notes)
// has a contrast of 5.7:1.
var (
	whitePaper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	inkTitle   = color.RGBA{0x1a, 0x1c, 0x1f, 0xff}
	inkText    = color.RGBA{0x33, 0x38, 0x3d, 0xff}
	inkNote    = color.RGBA{0x62, 0x69, 0x70, 0xff}
	inkMark    = color.RGBA{0x9a, 0xa1, 0xa8, 0xff}
	inkGrid    = color.RGBA{0xe4, 0xe7, 0xea, 0xff}
	inkLive    = color.RGBA{0x7b, 0x84, 0x8d, 0xff}
	fillLive   = color.RGBA{0xee, 0xf0, 0xf2, 0xff}
	inkAlarm   = color.RGBA{0xc2, 0x18, 0x2b, 0xff}
)

// allocatorColours is fixed, so that an allocator looks the same in every
// figure that alloclab ever draws. They are Okabe and Ito's set, in which no
// two are taken for each other by colour-blind readers, and Tol's for the rest.
// https://jfly.uni-koeln.de/color/ and https://personal.sron.nl/~pault/
var allocatorColours = map[string]color.RGBA{
	"ptmalloc":  {0xd5, 0x5e, 0x00, 0xff},
	"jemalloc":  {0x00, 0x72, 0xb2, 0xff},
	"tcmalloc":  {0x00, 0x9e, 0x73, 0xff},
	"mimalloc":  {0xcc, 0x79, 0xa7, 0xff},
	"tbbmalloc": {0xe6, 0x9f, 0x00, 0xff},
	"pages":     {0x44, 0x44, 0x44, 0xff},
}

// otherColours are given to allocators without a colour of their own, in the
// order of their names.
var otherColours = []color.RGBA{
	{0x56, 0xb4, 0xe9, 0xff}, {0x88, 0x22, 0x55, 0xff}, {0x99, 0x99, 0x33, 0xff}, {0x33, 0x22, 0x88, 0xff}, {0x66, 0x11, 0x00, 0xff},
}

// dashes tell variants of the same allocator apart: the first is solid.
var dashes = [][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {4, 2}}

// stroke is the look of one variant.
type stroke struct {
	colour color.RGBA
	dashes []vg.Length
}

// strokes gives each of the allocators, named variant by variant, its look.
func strokes(allocators []string) []stroke {
	var others []string
	seen := map[string]bool{}
	for _, name := range allocators {
		if _, known := allocatorColours[name]; !known && !seen[name] {
			others = append(others, name)
		}
		seen[name] = true
	}
	sort.Strings(others)
	looks := make([]stroke, len(allocators))
	count := map[string]int{}
	for i, name := range allocators {
		colour, known := allocatorColours[name]
		if !known {
			colour = otherColours[sort.SearchStrings(others, name)%len(otherColours)]
		}
		looks[i] = stroke{colour, dashes[count[name]%len(dashes)]}
		count[name]++
	}
	return looks
}

// line is the style of a line of this look.
func (s stroke) line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: s.colour, Width: width, Dashes: s.dashes}
}

// faint is the look of the rounds behind the median: the same colour, mixed
// with white instead of made transparent, so that many of them do not add up
// to a strong one.
func (s stroke) faint() draw.LineStyle {
	return draw.LineStyle{Color: mix(s.colour, whitePaper), Width: lineFaint}
}

// mix is one part of a colour in two parts of paper.
func mix(c, paper color.RGBA) color.RGBA {
	of := func(c, p uint8) uint8 { return uint8((int(c) + 2*int(p)) / 3) }
	return color.RGBA{of(c.R, paper.R), of(c.G, paper.G), of(c.B, paper.B), 0xff}
}

// fonts are compiled in: a figure looks the same on a machine without any.
var fonts = font.NewCache(liberation.Collection())

// letters is a style of text.
type letters struct {
	size vg.Length
	ink  color.RGBA
	bold bool
}

var (
	lettersTitle = letters{titleSize, inkTitle, true}
	lettersText  = letters{textSize, inkText, false}
	lettersBold  = letters{textSize, inkTitle, true}
	lettersNote  = letters{8, inkNote, false}
)

// style turns letters into a style; x is -1 (text ends at the point), -0.5
// (is centred) or 0 (begins there), as gonum's alignments are.
func (l letters) style(x text.XAlignment) draw.TextStyle {
	weight := xfont.WeightNormal
	if l.bold {
		weight = xfont.WeightBold
	}
	return draw.TextStyle{
		Color:   l.ink,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: l.size},
		XAlign:  x,
		YAlign:  draw.YCenter,
		Handler: text.Plain{Fonts: fonts},
	}
}

// width is how wide the text is drawn.
func (l letters) width(s string) vg.Length { return l.style(0).Width(s) }

// fit shortens text to a width by leaving out its middle: both ends of a
// label tell more than its middle does.
func (l letters) fit(s string, width vg.Length) string {
	if l.width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 1; n-- {
		short := string(runes[:(n+1)/2]) + "…" + string(runes[len(runes)-n/2:])
		if l.width(short) <= width {
			return short
		}
	}
	return "…"
}

// wrap breaks text at spaces into lines that are at most so wide.
func (l letters) wrap(words []string, width vg.Length) []string {
	var lines []string
	for _, word := range words {
		if n := len(lines); n > 0 && l.width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, l.fit(word, width))
	}
	return lines
}
