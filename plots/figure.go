package plots

import (
	"bytes"
	"io"
	"path/filepath"

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
	_, err := w.Write(bytes.ReplaceAll(out.Bytes(),
		[]byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")))
	return err
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
