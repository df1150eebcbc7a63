package page

import (
	"fmt"
	"html/template"
	"strings"

	"alloclab/plots"
	"alloclab/results"
)

// cellSection is all that the page says of one cell.
type cellSection struct {
	ID, Title string
	Chart     template.JS // JSON
	HasChart  bool
	Heaps     template.JS // JSON
	HasHeaps  bool
	HeapFiles []heapFile
	Figures   []inlined
	Tables    []table
}

// Cell takes what was read and drawn of one cell.
func (p *page) Cell(cell plots.Cell) error {
	s := cellSection{ID: fmt.Sprintf("cell-%d", len(p.Cells)+1), Title: results.Plain(cell.Title())}
	var err error
	if s.Chart, s.HasChart, err = p.curves(cell); err != nil {
		return err
	}
	if s.Heaps, s.HasHeaps, err = p.heaps(cell); err != nil {
		return err
	}
	var drawings []plots.Drawing
	for _, d := range cell.Drawings {
		if d.Kind == plots.KindHeapMap { // the live map shows more, in less room
			s.HeapFiles = append(s.HeapFiles, heapFile{strings.TrimPrefix(d.Title, "Heap map of "), results.FiguresDir + "/" + d.Name + ".svg"})
			continue
		}
		drawings = append(drawings, d)
	}
	if s.Figures, err = p.inline(drawings); err != nil {
		return err
	}
	for _, t := range []table{metricTable(cell), ledgerTable(cell), ratioTable(cell), redisTable(cell), latencyTable(cell), countsTable(cell)} {
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	p.Cells = append(p.Cells, s)
	return nil
}

// heapFile is a heap map beside the page.
type heapFile struct{ Name, File string }
