package results

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// maxSamples bounds what ReadSamples takes in: a file of ours has at most
// MaxRows rows, and one from elsewhere may not fill the memory.
const maxSamples = 1 << 20

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
	out := csv.NewWriter(w)
	if err := out.Write(sampleHeader); err != nil {
		return err
	}
	count := func(n int64) string {
		if n == Absent {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	for _, s := range samples {
		// Microseconds: the sampler's own lateness is larger.
		err := out.Write([]string{
			strconv.FormatFloat(s.T, 'f', 6, 64), strconv.FormatInt(s.RSS, 10),
			count(s.Live), count(s.Operations), count(s.MinorFaults), cell(s.Phase),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cell makes a name from outside safe for a spreadsheet, which takes text that
// begins with one of these for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// ReadSamples reads a file of samples. Columns are found by their names, so
// that a later version may add some.
func ReadSamples(path string) ([]Sample, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	samples, err := readSamples(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return samples, nil
}

func readSamples(r io.Reader) ([]Sample, error) {
	in := csv.NewReader(bufio.NewReader(r))
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("empty: not even a header")
	}
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	for _, name := range sampleHeader {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("no column %q", name)
		}
	}
	var samples []Sample
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		if len(samples) == maxSamples {
			return nil, fmt.Errorf("line %d: more than %d rows", line, maxSamples)
		}
		s := Sample{Phase: strings.Clone(row[at["phase"]])}
		if s.T, err = strconv.ParseFloat(row[at["t_s"]], 64); err != nil || !finite(s.T) {
			return nil, fmt.Errorf("line %d: t_s: %q is no time", line, row[at["t_s"]])
		}
		for _, column := range []struct {
			name  string
			to    *int64
			empty bool // may be
		}{{"rss_bytes", &s.RSS, false}, {"live_bytes", &s.Live, true}, {"operations", &s.Operations, true}, {"minor_faults", &s.MinorFaults, true}} {
			text := row[at[column.name]]
			if text == "" && column.empty {
				*column.to = Absent
				continue
			}
			if *column.to, err = strconv.ParseInt(text, 10, 64); err != nil || *column.to < 0 {
				return nil, fmt.Errorf("line %d: %s: %q is no count", line, column.name, text)
			}
		}
		samples = append(samples, s)
	}
}
