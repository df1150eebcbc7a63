package page

import (
	"fmt"
	"html/template"

	"alloclab/plots"
	"alloclab/results"
)

// cellSection is all that the page says of one cell.
type cellSection struct {
	ID, Title string
	Chart     template.JS // JSON
	HasChart  bool
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
	if s.Figures, err = p.inline(cell.Drawings); err != nil {
		return err
	}
	for _, t := range []table{metricTable(cell), ledgerTable(cell), ratioTable(cell), latencyTable(cell), countsTable(cell)} {
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	p.Cells = append(p.Cells, s)
	return nil
}
