package results

import (
	"io"
	"path/filepath"
	"strconv"
)

// Sample is one row of samples/N.csv: what the sampler saw at one tick.
type Sample struct {
	T   float64 // seconds since baseline's end, parked time left out
	RSS int64   // bytes, the lab's own included, as everywhere under the name rss_bytes
	// Live, Operations and MinorFaults are Absent where the target does not
	// tell: a user's program counts no operations.
	Live        int64  // bytes asked for and still held
	Operations  int64  // since baseline
	MinorFaults int64  // since baseline
	Phase       string // name of the mark that ends it
}

func (s Sample) height() int64 { return s.RSS }

// Absent stands for a figure of a sample that could not be had. It is an
// empty field in the file. A pointer would make the collector allocate.
const Absent int64 = -1

var sampleHeader = []string{"t_s", "rss_bytes", "live_bytes", "operations", "minor_faults", "phase"}

// SamplesPath is the path of a trial's samples in a run directory.
func SamplesPath(dir string, trial int) string {
	return filepath.Join(dir, SamplesDir, strconv.Itoa(trial)+".csv")
}

// SamplesIn gives the samples of a run directory's trials, nil for one whose
// file is missing or cannot be read. Each is read when it is asked for.
func SamplesIn(dir string) func(trial int) []Sample {
	return func(trial int) []Sample {
		samples, err := ReadSamples(SamplesPath(dir, trial))
		if err != nil {
			return nil
		}
		return samples
	}
}

// WriteSamples writes the samples of one trial, whole or not at all.
func WriteSamples(path string, samples []Sample) error {
	return WriteWhole(path, func(w io.Writer) error { return writeSamples(w, samples) })
}

func writeSamples(w io.Writer, samples []Sample) error {
	return writeRows(w, sampleHeader, samples, func(s Sample) []string {
		return []string{timeCell(s.T), countCell(s.RSS), countCell(s.Live), countCell(s.Operations), countCell(s.MinorFaults), cell(s.Phase)}
	})
}

// ReadSamples reads a file of samples. Columns are found by their names, so
// that a later version may add some.
func ReadSamples(path string) ([]Sample, error) { return readRowsOf(path, readSamples) }

func readSamples(r io.Reader) ([]Sample, error) {
	return readRows(r, sampleHeader, func(row rowOf) (s Sample, err error) {
		s.Phase = row.text("phase")
		if s.T, err = row.time("t_s"); err != nil {
			return s, err
		}
		if s.RSS, err = row.count("rss_bytes"); err != nil {
			return s, err
		}
		if s.Live, err = row.countOrAbsent("live_bytes"); err != nil {
			return s, err
		}
		if s.Operations, err = row.countOrAbsent("operations"); err != nil {
			return s, err
		}
		s.MinorFaults, err = row.countOrAbsent("minor_faults")
		return s, err
	})
}
