package plots

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alloclab/results"
)

// Draw draws all figures of a run into its directory and returns their paths.
func Draw(dir string, run results.Run, trials []results.Trial) (paths []string, err error) {
	figures := filepath.Join(dir, results.FiguresDir)
	if err := os.MkdirAll(figures, 0o755); err != nil {
		return nil, err
	}
	caption := Caption(run)
	for _, cell := range run.Cells {
		series, err := readSeries(dir, run, cell.Name, trials)
		if err != nil {
			return paths, err
		}
		drawn, err := WriteRSS(figures, cell, series, caption)
		paths = append(paths, drawn...)
		if err != nil {
			return paths, err
		}
	}
	return paths, nil
}

// readSeries collects the samples of one cell, variant by variant. A trial
// that ended before its first sample has no file and no curve.
func readSeries(dir string, run results.Run, cell string, trials []results.Trial) ([]CellSeries, error) {
	series := make([]CellSeries, len(run.Variants))
	for i, v := range run.Variants {
		series[i].Variant = v
		for j := range trials {
			t := &trials[j]
			if t.Cell != cell || t.Variant != v.Label {
				continue
			}
			samples, err := results.ReadSamples(results.SamplesPath(dir, t.Trial))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("trial %d: %w", t.Trial, err)
			}
			series[i].Traces = append(series[i].Traces, Trace{Trial: t, Samples: samples})
		}
	}
	return series, nil
}
