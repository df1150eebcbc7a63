package plots

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alloclab/analysis/rank"
	"alloclab/results"
)

// Kinds of figures, in the order in which a page shows them.
const (
	KindRSS           = "rss"
	KindLedger        = "ledger"
	KindFragmentation = "fragmentation"
	KindThroughput    = "throughput"
	KindLatency       = "latency"
	KindArenas        = "arenas"
	KindSweep         = "sweep"
)

// Drawing is a figure with the name under which it is stored.
type Drawing struct {
	Kind, Name string
	Title      string // what it shows, for a heading
	*Figure
}

// Cell is what was read and drawn of one cell.
type Cell struct {
	results.Cell
	Series   []CellSeries
	Drawings []Drawing
}

// Reader of a run's figures: it is told of each cell while its samples are in
// the memory, and of the axes at the end.
type Reader interface {
	Cell(Cell) error
	Sweep(Sweep, []Drawing) error
}

// Draw draws all figures of a run into its directory and returns their paths.
// It reads one cell's samples at a time. Reader may be nil.
func Draw(dir string, run results.Run, trials []results.Trial, reader Reader) (paths []string, err error) {
	figures := filepath.Join(dir, results.FiguresDir)
	if err := os.MkdirAll(figures, 0o755); err != nil {
		return nil, err
	}
	write := func(drawings []Drawing) error {
		for _, d := range drawings {
			written, err := d.Write(figures, d.Name)
			paths = append(paths, written...)
			if err != nil {
				return err
			}
		}
		return nil
	}
	caption := Caption(run)
	ranked := map[string]*Figure{}
	if run.Experiment.Remedies {
		for _, r := range rank.Rank(run, trials) {
			ranked[r.Cell.Name] = Pareto(r.Cell.Title(), caption, r)
		}
	}
	sweeps := Sweeps(run, trials)
	swept := map[string]bool{}
	for _, s := range sweeps {
		for _, p := range s.Points {
			swept[p.Cell] = true
		}
	}
	for _, cell := range run.TitledCells() {
		series := seriesOf(run, cell.Name, trials)
		if err := readSamples(dir, series); err != nil {
			return paths, err
		}
		drawn := Cell{cell, series, drawCell(run, cell, series, ranked[cell.Name], caption, swept[cell.Name])}
		if err := write(drawn.Drawings); err != nil {
			return paths, err
		}
		if reader != nil {
			if err := reader.Cell(drawn); err != nil {
				return paths, err
			}
		}
	}
	for _, s := range sweeps {
		drawings := drawSweep(run, s, caption)
		if err := write(drawings); err != nil {
			return paths, err
		}
		if reader != nil {
			if err := reader.Sweep(s, drawings); err != nil {
				return paths, err
			}
		}
	}
	return paths, nil
}

// drawCell draws what there are data for. Arenas are drawn along the axis
// instead where the cell is on one.
func drawCell(run results.Run, cell results.Cell, series []CellSeries, ranked *Figure, caption string, swept bool) []Drawing {
	title := cell.Title()
	all := []Drawing{
		{KindPareto, "", "Remedies: memory against cost", ranked},
		{KindRSS, "", "Resident memory over time", RSS(RSSFigure{Title: title, Caption: caption, Series: series})},
		{KindLedger, "", "What resident memory is made of", Ledger(title, caption, series)},
		{KindFragmentation, "", "Fragmentation over time", Fragmentation(title, caption, series)},
		{KindThroughput, "", "Throughput", Throughput(title, caption, series)},
		{KindLatency, "", "Latency of malloc and free", Latency(title, caption, series)},
	}
	if !swept {
		all = append(all, Drawing{KindArenas, "", "Arenas", Arenas(title, caption, run, series)})
	}
	return drawn(all, fileName(cell.Name))
}

func drawSweep(run results.Run, s Sweep, caption string) []Drawing {
	all := []Drawing{{KindSweep, "", "Speed and memory over " + s.Axis, Over(s, caption)}}
	if s.Axis == "threads" || s.Axis == axisCPUs {
		all = append(all, Drawing{KindArenas, "", "Arenas over " + s.Axis, ArenasOver(s, run, caption)})
	}
	return drawn(all, s.Name)
}

// drawn leaves out what there were no data for, and names the rest.
func drawn(all []Drawing, name string) []Drawing {
	var kept []Drawing
	for _, d := range all {
		if d.Figure != nil {
			d.Name = d.Kind + "-" + name
			kept = append(kept, d)
		}
	}
	return kept
}

// seriesOf are the trials of one cell, variant by variant, without samples.
func seriesOf(run results.Run, cell string, trials []results.Trial) []CellSeries {
	series := make([]CellSeries, len(run.Variants))
	for i, v := range run.Variants {
		series[i].Variant = v
		for j := range trials {
			t := &trials[j]
			if t.Cell != cell || t.Variant != v.Label {
				continue
			}
			switch t.Pass {
			case results.PassTime:
				series[i].Traces = append(series[i].Traces, Trace{Trial: t})
			case results.PassLatency:
				series[i].Latency = append(series[i].Latency, t)
			}
		}
	}
	return series
}

// readSamples adds the samples. A trial that ended before its first sample
// has no file and no curve.
func readSamples(dir string, series []CellSeries) error {
	for i := range series {
		for j := range series[i].Traces {
			t := &series[i].Traces[j]
			samples, err := results.ReadSamples(results.SamplesPath(dir, t.Trial.Trial))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("trial %d: %w", t.Trial.Trial, err)
			}
			t.Samples = samples
		}
	}
	return nil
}
