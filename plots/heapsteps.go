package plots

import (
	"cmp"
	"math"
	"slices"

	"alloclab/results"
)

// paging is what the runs of a map are made of: the size of a page, and pages
// of a cell, within which no order is known.
type paging struct{ size, unit int64 }

// levels are the heights of the states of one column's pages.
type levels [results.PageStates]int8

// heapColumns divides a heap into at most n columns of so many bytes. A column
// shows all of the cells that it meets.
func heapColumns(h *results.Heap, p paging, each float64, n int) []levels {
	var ends []int64 // of each run, in pages
	sums := make([][results.PageStates]int64, 1, len(h.Runs)+1)
	end := int64(0)
	for _, r := range h.Runs {
		end += r.Pages
		ends = append(ends, end)
		sum := sums[len(sums)-1]
		sum[r.State] += r.Pages
		sums = append(sums, sum)
	}
	// below counts each state's pages before one that need not be whole.
	below := func(page float64) (shares [results.PageStates]float64) {
		i, _ := slices.BinarySearchFunc(ends, page, func(end int64, page float64) int { return cmp.Compare(float64(end), page) })
		for state, sum := range sums[min(i, len(sums)-1)] {
			shares[state] = float64(sum)
		}
		if i < len(ends) {
			begin := int64(0)
			if i > 0 {
				begin = ends[i-1]
			}
			shares[h.Runs[i].State] += page - float64(begin)
		}
		return shares
	}
	first := int64(h.Start) / p.size % p.unit // cells are aligned by address
	var columns []levels
	for i := range n {
		from, to := float64(i)*each/float64(p.size), float64(i+1)*each/float64(p.size)
		if from >= float64(end) {
			break
		}
		if unit := float64(p.unit); p.unit > 1 {
			from = max(0, math.Floor((from+float64(first))/unit)*unit-float64(first))
			to = math.Ceil((to+float64(first))/unit)*unit - float64(first)
		}
		to = min(to, float64(end))
		shares, before := below(to), below(from)
		for state := range shares {
			shares[state] -= before[state]
		}
		columns = append(columns, levelsOf(shares, to-from))
	}
	return columns
}

// levelsOf rounds shares of a column to levels that add up to its height. A
// state that occurs has at least one, so that a single pinned page is seen; the largest
// share makes up for it.
func levelsOf(shares [results.PageStates]float64, all float64) (l levels) {
	sum, most := 0, 0
	for state, bytes := range shares {
		n := int(math.Round(heapLevels * bytes / all))
		if n == 0 && bytes > 0 {
			n = 1
		}
		l[state] = int8(n)
		sum += n
		if bytes > shares[most] {
			most = state
		}
	}
	l[most] += int8(heapLevels - sum)
	return l
}

// corner is a point of an area: the left edge of a column, and a height.
type corner struct {
	column int
	level  int8
}

// steps are the outlines of one state's areas, which lie on those of the states
// before it. Stretches of equal columns are one step.
func steps(columns []levels, state results.PageState) (areas [][]corner) {
	base := func(l levels) (low int8) {
		for _, n := range l[:state] {
			low += n
		}
		return low
	}
	for i := 0; i < len(columns); {
		if columns[i][state] == 0 {
			i++
			continue
		}
		var upper, lower []corner
		edge := func(side []corner, column int, level int8) []corner {
			if n := len(side); n > 0 {
				if side[n-1].level == level {
					return side
				}
				side = append(side, corner{column, side[n-1].level})
			}
			return append(side, corner{column, level})
		}
		for ; i < len(columns) && columns[i][state] > 0; i++ {
			low := base(columns[i])
			lower = edge(lower, i, low)
			upper = edge(upper, i, low+columns[i][state])
		}
		area := append(upper, corner{i, upper[len(upper)-1].level}, corner{i, lower[len(lower)-1].level})
		for j := len(lower) - 1; j >= 0; j-- {
			area = append(area, lower[j])
		}
		areas = append(areas, area)
	}
	return areas
}
