package plots

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"alloclab/analysis/rank"
	"alloclab/results"
)

// Kinds of figures, in the order in which a page shows them.
const (
	KindSteps         = "steps"
	KindRSS           = "rss"
	KindLedger        = "ledger"
	KindFragmentation = "fragmentation"
	KindThroughput    = "throughput"
	KindLatency       = "latency"
	KindHeapMap       = "heapmap"
	KindArenas        = "arenas"
	KindSweep         = "sweep"
	KindSyscalls      = "syscalls"
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
// the memory, of samples that cannot be read, and of the axes at the end.
type Reader interface {
	Unread(error)
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
		for _, err := range append(readSamples(dir, series), readHeapMaps(dir, series)...) {
			if reader != nil {
				reader.Unread(err)
			}
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

// maxHeapMaps bounds the heap maps that are drawn as files, one a variant of each
// cell: a matrix of a hundred cells is not to wait for them. The page has all.
const maxHeapMaps = 64

// drawCell draws what there are data for. Arenas are drawn along the axis
// instead where the cell is on one.
func drawCell(run results.Run, cell results.Cell, series []CellSeries, ranked *Figure, caption string, swept bool) []Drawing {
	title := cell.Title()
	all := []Drawing{
		{KindPareto, "", "Remedies: memory against cost", ranked},
		{KindSteps, "", "Step by step", Steps(title, caption, series)},
		{KindRSS, "", "Resident memory over time", RSS(RSSFigure{Title: title, Caption: caption, Series: series})},
		{KindLedger, "", "What resident memory is made of", Ledger(title, caption, series)},
		{KindFragmentation, "", "Fragmentation over time", Fragmentation(title, caption, series)},
		{KindThroughput, "", "Throughput", Throughput(title, caption, series)},
		{KindLatency, "", "Latency of malloc and free", Latency(title, caption, series)},
		{KindSyscalls, "", "System calls for memory", Syscalls(title, caption, series)},
	}
	if counted := OfCensus(series); len(counted) > 0 {
		all = append(all, Drawing{KindLedger, "census", "What resident memory is made of, by the census pass", Ledger(title+", census pass", caption, counted)})
	}
	if untimed(series) { // a run of other passes has no curve, and an empty figure would say that trials failed
		all = slices.DeleteFunc(all, func(d Drawing) bool { return d.Kind == KindRSS })
	}
	for _, s := range series {
		if len(run.Cells)*len(run.Variants) > maxHeapMaps {
			break
		}
		all = append(all, Drawing{KindHeapMap, fileName(s.Variant.Label), "Heap map of " + results.Plain(s.Variant.Name()), HeapMap(title, caption, s)})
	}
	if !swept {
		all = append(all, Drawing{KindArenas, "", "Arenas", Arenas(title, caption, run, series)})
	}
	return drawn(all, fileName(cell.Name))
}

// untimed says that no trial was planned that a curve could be of, and some
// were that have another figure.
func untimed(series []CellSeries) bool {
	others := 0
	for _, s := range series {
		if len(s.Traces)+len(s.Latency) > 0 {
			return false
		}
		others += len(s.Calls) + len(s.Counts)
	}
	return others > 0
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
			d.Name = strings.TrimSuffix(d.Kind+"-"+name+"-"+d.Name, "-") // its own name tells it from others of its kind
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
			case results.PassCensus:
				series[i].Census = append(series[i].Census, Trace{Trial: t})
			case results.PassSyscalls:
				series[i].Calls = append(series[i].Calls, CallTrace{Trial: t})
			case results.PassCounts:
				series[i].Counts = append(series[i].Counts, t)
			}
		}
	}
	return series
}

// readSamples adds the samples. A trial that ended before its first sample
// has no file and no curve; one whose file is damaged has no curve either, and
// is told of.
func readSamples(dir string, series []CellSeries) (unread []error) {
	for i := range series {
		for j := range series[i].Traces {
			t := &series[i].Traces[j]
			samples, err := results.ReadSamples(results.SamplesPath(dir, t.Trial.Trial))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				unread = append(unread, fmt.Errorf("trial %d has no curve: %w", t.Trial.Trial, err))
				continue
			}
			t.Samples = samples
			said, err := results.ReadSaid(results.SaidPath(dir, t.Trial.Trial))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				unread = append(unread, fmt.Errorf("trial %d: what its allocator said is not drawn: %w", t.Trial.Trial, err))
				continue
			}
			t.Said = said
		}
		for j := range series[i].Calls {
			t := &series[i].Calls[j]
			rows, err := results.ReadCalls(results.CallsPath(dir, t.Trial.Trial))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				unread = append(unread, fmt.Errorf("trial %d has no time line: %w", t.Trial.Trial, err))
				continue
			}
			t.Rows = rows
		}
	}
	return unread
}

// readHeapMaps adds the map of the trial that stands for all.
func readHeapMaps(dir string, series []CellSeries) (unread []error) {
	for i := range series {
		median, ok := series[i].Median()
		if !ok {
			continue
		}
		maps, err := results.ReadHeapMaps(dir, median.Trial.Trial)
		if err != nil {
			unread = append(unread, fmt.Errorf("trial %d has no heap map: %w", median.Trial.Trial, err))
			continue
		}
		series[i].Heaps = maps
	}
	return unread
}
