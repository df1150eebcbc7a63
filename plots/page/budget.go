package page

import (
	"fmt"

	"alloclab/results"
)

// Bounds of the page. A run directory may hold 20,000 rows a trial and any
// number of trials; a page that takes seconds to open is not read.
const (
	maxPoints       = 4000    // of a curve that is shown at first
	maxOtherPoints  = 1000    // of one that has to be asked for
	leastPoints     = 120     // fewer say nothing
	maxTotalPoints  = 240_000 // of all curves; some 14 bytes each
	shareOfStanding = 0.6     // of the points: for the curves shown at first
	maxTotalRuns    = 400_000 // of all heap maps; some 4 bytes each
	leastRuns       = 200     // of a mark's map: fewer show nothing
	maxHeapsShown   = 40      // of a mark
)

// budget shares out what a page may weigh.
type budget struct {
	shown, other int // points of each such curve
	others       int // how many curves of other rounds a variant of a cell has at most
	left         int // of maxTotalPoints
	drawn        int // bytes of figures
	linked       int // figures that are only linked to
	cut          int // curves left out
	mapRuns      int // of a mark's heap map at most
	runsLeft     int // of maxTotalRuns
	mapsCut      int // marks left out
}

func newBudget(run results.Run, trials []results.Trial) *budget {
	shown := max(1, len(run.Cells)*len(run.Variants))
	other := 0
	for i := range trials {
		if trials[i].Pass == results.PassTime && trials[i].Counts() {
			other++
		}
	}
	other = max(0, other-shown)
	forShown := int(shareOfStanding * maxTotalPoints)
	b := &budget{left: maxTotalPoints, others: 1 << 20, runsLeft: maxTotalRuns}
	b.mapRuns = min(results.MaxRuns, max(leastRuns, maxTotalRuns/(shown*len(results.MarkOrder))))
	b.shown = min(maxPoints, max(leastPoints, forShown/shown))
	if other > 0 {
		forOther := maxTotalPoints - min(maxTotalPoints, shown*b.shown)
		b.other = min(maxOtherPoints, max(leastPoints, forOther/other))
		b.others = forOther / b.other / shown
	}
	return b
}

// take asks for a curve of so many points.
func (b *budget) take(points int) bool {
	if points > b.left {
		b.cut++
		return false
	}
	b.left -= points
	return true
}

// takeMap asks for a heap map of so many runs.
func (b *budget) takeMap(runs int) bool {
	if runs > b.runsLeft {
		b.mapsCut++
		return false
	}
	b.runsLeft -= runs
	return true
}

func (b *budget) takeDrawing(bytes int) bool {
	if b.drawn+bytes > maxDrawn {
		b.linked++
		return false
	}
	b.drawn += bytes
	return true
}

// words say what the page leaves out.
func (b *budget) words() string {
	text := fmt.Sprintf("Curves here have at most %d points each (other rounds %d); of each stretch of time the lowest and the highest are kept, so that no peak is lost. All samples are in %s/.", b.shown, max(b.other, leastPoints), results.SamplesDir)
	if b.cut > 0 {
		text += fmt.Sprintf(" %d curves of other rounds are left out, to keep the page small.", b.cut)
	}
	if b.mapsCut > 0 {
		text += fmt.Sprintf(" %d marks' heap maps are left out; they are in %s/.", b.mapsCut, results.HeapMapsDir)
	}
	if b.linked > 0 {
		text += fmt.Sprintf(" %d figures are linked to, for the same reason.", b.linked)
	}
	return text
}
