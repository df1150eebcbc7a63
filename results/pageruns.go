package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// PageState says what one page of a heap is.
type PageState uint8

// The states, in the order in which a coarse map puts the pages of a cell.
const (
	PageLive     PageState = iota // resident; at least half of it is in blocks
	PagePinned                    // resident; a block meets it, and more than half of it is free
	PageEmpty                     // resident; no block meets it
	PageSwapped                   // written out: no part of RSS
	PageReturned                  // not resident: given back, or never touched, which the kernel does not tell
	PageReserved                  // not resident, and no access is allowed (PROT_NONE): addresses, no memory
	PageStates                    // how many there are
)

var pageStateNames = [PageStates]string{"live", "pinned", "empty", "swapped", "returned", "reserved"}

// String is the state's name.
func (s PageState) String() string { return pageStateNames[s] }

// letters stand for the states in files.
const stateLetters = "lpesrn"

// PageRun is a number of pages, one behind the other, in one state.
type PageRun struct {
	Pages int64
	State PageState
}

// PageRuns are a heap's pages from its start to its end. In a file they are run
// lengths, "12l3p400e": 12 live pages, 3 pinned, 400 empty; s is swapped, r
// returned, n reserved.
type PageRuns []PageRun

// Add appends pages, to the last run where that has the same state.
func (r PageRuns) Add(pages int64, state PageState) PageRuns {
	if n := len(r); n > 0 && r[n-1].State == state {
		r[n-1].Pages += pages
		return r
	}
	return append(r, PageRun{pages, state})
}

// Count is the number of pages in each state.
func (r PageRuns) Count() (pages [PageStates]int64) {
	for _, run := range r {
		pages[run.State] += run.Pages
	}
	return pages
}

// Coarse puts the pages of each cell of unit pages, aligned to its size, in
// the order of their states. first is the number of the page that the runs
// begin with. Counts do not change, and Coarse(Coarse(r, u), 2u) is Coarse(r,
// 2u), so that runs may be made coarser while they come in.
func (r PageRuns) Coarse(first uint64, unit int64) PageRuns {
	var cells PageCells
	cells.Begin(first, unit)
	for _, run := range r {
		cells.Add(run.Pages, run.State)
	}
	return cells.End()
}

// PageCells gathers the runs of one heap, page by page, at once as coarse as
// they shall be: see PageRuns.Coarse. It keeps its memory from heap to heap.
type PageCells struct {
	first      uint64
	unit, room int64             // room: left in the cell
	cell       [PageStates]int64 // pages of a cell that is not full
	runs       PageRuns
	spare      PageRuns // for SetUnit
}

// Begin begins with the page of that number, in cells of unit pages (a power
// of two); 1 keeps the order of addresses.
func (c *PageCells) Begin(first uint64, unit int64) {
	c.first, c.unit, c.room = first, unit, unit-int64(first%uint64(unit))
	c.cell, c.runs = [PageStates]int64{}, c.runs[:0]
}

// Add takes the next pages.
func (c *PageCells) Add(pages int64, state PageState) {
	if pages < c.room { // the cell does not get full: the common case, and inlined
		c.cell[state] += pages
		c.room -= pages
		return
	}
	c.fill(pages, state)
}

// AddPages takes the next pages, one state each.
func (c *PageCells) AddPages(states []PageState) {
	if c.unit == 1 {
		for i := 0; i < len(states); {
			end := i + 1
			for end < len(states) && states[end] == states[i] {
				end++
			}
			c.runs = c.runs.Add(int64(end-i), states[i])
			i = end
		}
		return
	}
	for len(states) > 0 {
		n := min(int(c.room), len(states))
		for _, state := range states[:n] {
			c.cell[state]++
		}
		if c.room -= int64(n); c.room == 0 {
			c.flush()
		}
		states = states[n:]
	}
}

// fill is Add where a cell gets full.
func (c *PageCells) fill(pages int64, state PageState) {
	if c.room < c.unit {
		c.cell[state] += c.room
		pages -= c.room
		c.flush()
	}
	if whole := pages / c.unit * c.unit; whole > 0 { // cells in one state
		c.runs = c.runs.Add(whole, state)
		pages -= whole
	}
	if pages > 0 {
		c.cell[state] += pages
		c.room -= pages
	}
}

func (c *PageCells) flush() {
	for state, n := range c.cell {
		if n > 0 {
			c.runs = c.runs.Add(n, PageState(state))
		}
	}
	c.cell, c.room = [PageStates]int64{}, c.unit
}

// Len is how many runs there are so far.
func (c *PageCells) Len() int { return len(c.runs) }

// SetUnit makes the cells coarser, those so far and those to come.
func (c *PageCells) SetUnit(unit int64) {
	runs, cell := c.runs, c.cell
	c.runs = c.spare
	c.Begin(c.first, unit)
	for _, run := range runs {
		c.Add(run.Pages, run.State)
	}
	for state, n := range cell { // all of them lie in one cell of the new size
		if n > 0 {
			c.Add(n, PageState(state))
		}
	}
	c.spare = runs
}

// End is all that was added.
func (c *PageCells) End() PageRuns {
	c.flush()
	return slices.Clone(c.runs)
}

// Bound makes a map coarser, as little as brings it to at most that many runs,
// or to one cell a heap.
func (m *HeapMap) Bound(runs int, pageSize int64) {
	var cells PageCells
	for m.Unit < 1<<40 {
		n := 0
		for i := range m.Heaps {
			n += len(m.Heaps[i].Runs)
		}
		if n <= runs {
			return
		}
		m.Unit *= 2
		for i := range m.Heaps {
			h := &m.Heaps[i]
			cells.Begin(uint64(h.Start)/uint64(pageSize), m.Unit)
			for _, run := range h.Runs {
				cells.Add(run.Pages, run.State)
			}
			h.Runs = cells.End()
		}
	}
}

// MarshalText writes run lengths.
func (r PageRuns) MarshalText() ([]byte, error) {
	text := make([]byte, 0, 4*len(r))
	for _, run := range r {
		text = append(strconv.AppendInt(text, run.Pages, 10), stateLetters[run.State])
	}
	return text, nil
}

// UnmarshalText reads run lengths.
func (r *PageRuns) UnmarshalText(text []byte) error {
	*r = nil
	total, pages, digits := int64(0), int64(0), 0
	for _, c := range text {
		if c >= '0' && c <= '9' {
			if digits++; digits > 15 {
				return fmt.Errorf("runs: more pages than an address space has")
			}
			pages = 10*pages + int64(c-'0')
			continue
		}
		state := slices.Index([]byte(stateLetters), c)
		if state < 0 || pages == 0 || pages > math.MaxInt64/4096-total {
			return fmt.Errorf("runs: %q is no state of %d pages", string(rune(c)), pages)
		}
		*r = append(*r, PageRun{pages, PageState(state)})
		total += pages
		pages, digits = 0, 0
	}
	if digits > 0 {
		return fmt.Errorf("runs: %d pages at their end have no state", pages)
	}
	return nil
}
