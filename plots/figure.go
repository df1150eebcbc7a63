package plots

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"regexp"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"alloclab/results"
)

// Figure is a drawing that is laid out, but on no canvas yet. Drawing it twice
// gives the same bytes.
type Figure struct {
	Width, Height vg.Length // points
	draw          func(draw.Canvas)
}

// WriteSVG writes the figure as SVG. Text stays text, to be searched, copied
// and read aloud.
func (f *Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(f.Width, f.Height)
	f.draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	// The fonts are named, not embedded: 400 KB a figure would buy little,
	// as Arial and Helvetica have the same widths by design.
	text := bytes.ReplaceAll(out.Bytes(),
		[]byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	_, err := w.Write(svgText.ReplaceAllFunc(text, fixWidth))
	return err
}

// svgText is a text as vgsvg writes it; of its groups the weight, the size and
// the words are needed.
var svgText = regexp.MustCompile(`<text x="[^"]*" y="[^"]*"[^>]*?font-weight:(\w+);[^>]*?font-size:([0-9.]+)px[^>]*>([^<]*)</text>`)

// fixWidth gives a text the width that it was laid out with, so that names do
// not run into each other where none of the fonts is installed.
func fixWidth(element []byte) []byte {
	m := svgText.FindSubmatch(element)
	size, err := strconv.ParseFloat(string(m[2]), 64)
	words := html.UnescapeString(string(m[3]))
	if err != nil || len(words) < 4 {
		return element // figures of axes stand alone
	}
	width := letters{size: vg.Length(size), bold: string(m[1]) == "bold"}.width(words)
	return bytes.Replace(element, []byte("<text "),
		fmt.Appendf(nil, `<text textLength="%.1f" lengthAdjust="spacingAndGlyphs" `, float64(width)), 1)
}

// WritePNG writes the figure as PNG, at 144 dots an inch.
func (f *Figure) WritePNG(w io.Writer) error {
	canvas := vgimg.NewWith(vgimg.UseWH(f.Width, f.Height), vgimg.UseDPI(pngDPI))
	f.draw(draw.New(canvas))
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// Write writes dir/name.svg and dir/name.png, each whole or not at all, and
// returns their paths.
func (f *Figure) Write(dir, name string) (paths []string, err error) {
	for _, format := range []struct {
		suffix string
		write  func(io.Writer) error
	}{{".svg", f.WriteSVG}, {".png", f.WritePNG}} {
		path := filepath.Join(dir, name+format.suffix)
		if err := results.WriteWhole(path, format.write); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}
