package plots

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"alloclab/results"
)

// Claim is what an allocator itself counts as allocated, over time. It stands in
// for live bytes of a program, whose blocks nobody knows.
type Claim struct {
	Rows []results.Said // with Allocated only, in the order of time
	// Asked says that it was asked while the program ran. Else it was asked at marks only, and what lies
	// between them is not known.
	Asked bool
}

// Claim is what is known of a trial up to end: of no use where live bytes are known, and left out
// where there were several processes, since only the first one's allocator was asked.
func (t Trace) Claim(end float64) Claim {
	var c Claim
	if len(t.live(math.Inf(1))) > 0 {
		return c
	}
	for _, s := range t.Said {
		if s.Allocated != results.Absent && s.T >= 0 && s.T <= end {
			c.Rows, c.Asked = append(c.Rows, s), true
		}
	}
	for i := range t.Trial.Marks {
		m := &t.Trial.Marks[i]
		if len(m.Processes) > 1 {
			return Claim{}
		}
		if s := m.AllocatorStats; m.Ledger == nil && s != nil && s.Allocated != nil && m.Name != results.MarkPurged && m.T >= 0 && m.T <= end {
			c.Rows = append(c.Rows, results.Said{T: m.T, Allocated: *s.Allocated, Phase: m.Name})
		}
	}
	slices.SortStableFunc(c.Rows, func(a, b results.Said) int { return cmp.Compare(a.T, b.T) })
	return c
}

// dots are the claim's points.
func (c Claim) dots() []dot {
	var dots []dot
	for _, s := range c.Rows {
		dots = append(dots, dot{s.T, float64(s.Allocated)})
	}
	return dots
}

// drawClaim draws a thin dotted line in the variant's colour, or a disc at each mark
// where nothing in between is known.
func (c curves) drawClaim(p panel) {
	if c.claim.Asked {
		p.curve(draw.LineStyle{Color: c.look.colour, Width: 1, Dashes: []vg.Length{1, 2}}, c.claim.dots())
		return
	}
	for _, d := range c.claim.dots() {
		p.DrawGlyphNoClip(draw.GlyphStyle{Color: c.look.colour, Radius: 1.8, Shape: draw.CircleGlyph{}}, p.point(d))
	}
}

// claimNote says what is drawn of claims.
func claimNote(all []curves) string {
	line, discs := false, false
	for _, c := range all {
		line = line || c.claim.Asked
		discs = discs || !c.claim.Asked && len(c.claim.Rows) > 0
	}
	switch {
	case line && discs:
		return " Dotted: allocated, by the allocator's own count; discs: the same where it can be asked at marks only."
	case line:
		return " Dotted: allocated, by the allocator's own count."
	case discs:
		return " Discs: allocated, by the allocator's own count, asked at marks only."
	}
	return ""
}
