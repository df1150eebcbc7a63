package plots

import (
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// label names a curve at its end, so that no legend has to be looked up.
type label struct {
	end   vg.Point // of the curve
	loose bool     // there is no curve that a leader could lead to
	look  draw.LineStyle
	name  string
	value string // second row, weaker
}

const (
	labelHeight vg.Length = 24 // two rows and the space to the next label
	labelLead   vg.Length = 34 // from the panel's edge to the text: room for the leader
)

// labels draws the names right of the panel, each as near to the height of its
// curve's end as the others leave it, and joins them by a leader in the look
// of the curve.
func (p panel) labels(all []label, width vg.Length) {
	sort.SliceStable(all, func(i, j int) bool { return all[i].end.Y > all[j].end.Y })
	wanted := make([]vg.Length, len(all))
	for i, l := range all {
		wanted[i] = l.end.Y
	}
	// Names may hang a little over the panel's edges, but not out of the figure.
	heights := spread(wanted, labelHeight, p.Min.Y-4, p.Max.Y)
	for i, l := range all {
		y := heights[i]
		begin := p.Max.X + labelLead
		if !l.loose {
			leader := l.look
			leader.Width = 1.2
			p.StrokeLines(leader, []vg.Point{l.end, {X: p.Max.X + 6, Y: l.end.Y}, {X: begin - 12, Y: y}, {X: begin - 4, Y: y}})
		}
		p.FillText(lettersBold.style(0), vg.Point{X: begin, Y: y + 5}, lettersBold.fit(l.name, width))
		p.FillText(lettersNote.style(0), vg.Point{X: begin, Y: y - 5.5}, lettersNote.fit(l.value, width))
	}
}

// spread moves heights, which fall, so far apart that each two have at least
// the gap between them, and each as little as that takes: neighbours that
// meet form a block, which stands where the mean of their wishes is. All stay
// between low and high where there is room.
func spread(wanted []vg.Length, gap, low, high vg.Length) []vg.Length {
	type block struct {
		middle vg.Length // of the block
		sum    vg.Length // of wishes for the middle
		n      int
	}
	clamp := func(b *block) {
		half := gap * vg.Length(b.n-1) / 2
		b.middle = max(min(b.sum/vg.Length(b.n), high-half), low+half)
	}
	var blocks []block
	for _, w := range wanted {
		b := block{sum: w, n: 1}
		clamp(&b)
		for n := len(blocks); n > 0; n = len(blocks) {
			above := blocks[n-1]
			if above.middle-b.middle >= gap*vg.Length(above.n+b.n)/2-1e-9 {
				break
			}
			b = block{sum: above.sum + b.sum, n: above.n + b.n}
			clamp(&b)
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	var heights []vg.Length
	for _, b := range blocks {
		y := b.middle + gap*vg.Length(b.n-1)/2
		for range b.n {
			heights = append(heights, y)
			y -= gap
		}
	}
	return heights
}
