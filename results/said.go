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

// Said is one row of statistics/N.csv: what an allocator said of itself while
// its program ran, or what was read of it from outside. It is a claim, and no
// count of pages. What could not be had is Absent.
type Said struct {
	T         float64 // seconds since baseline's end, parked time left out
	Allocated int64   // bytes of blocks handed out, without those in thread caches where it can tell
	Active    int64   // of the pages that such blocks lie on
	Resident  int64   // that it believes to be in memory
	Mapped    int64   // of address space that it uses
	Arenas    int64   // ptmalloc, read from outside
	Heaps     int64   // the same: heaps of arenas other than the main one
	Obtained  int64   // the same: bytes of all arenas (system_mem); blocks with a mapping of their own are not in it
	Phase     string  // name of the mark that ends it
}

func (s Said) height() int64 { return max(s.Allocated, s.Obtained) }

// Polled says how often an allocator was asked while its program ran.
type Polled struct {
	Every    float64 `json:"every_s"`
	Readings int64   `json:"readings"`
	Failed   int64   `json:"failed,omitempty"` // it did not answer, or in a way that could not be read
	Cost     float64 `json:"cost_s"`           // processor time that the answers took in the program's process; 0 where it was read from outside
}

// SaidDir holds N.csv of each program's trial whose allocator was asked while it ran.
const SaidDir = "statistics"

// saidColumns are the columns that may be empty.
var saidColumns = []struct {
	name string
	of   func(*Said) *int64
}{
	{"allocated_bytes", func(s *Said) *int64 { return &s.Allocated }},
	{"active_bytes", func(s *Said) *int64 { return &s.Active }},
	{"resident_bytes", func(s *Said) *int64 { return &s.Resident }},
	{"mapped_bytes", func(s *Said) *int64 { return &s.Mapped }},
	{"arenas", func(s *Said) *int64 { return &s.Arenas }},
	{"heaps", func(s *Said) *int64 { return &s.Heaps }},
	{"obtained_bytes", func(s *Said) *int64 { return &s.Obtained }},
}

// SaidPath is the path of what a trial's allocator said, in a run directory.
func SaidPath(dir string, trial int) string {
	return filepath.Join(dir, SaidDir, strconv.Itoa(trial)+".csv")
}

// WriteSaid writes the rows of one trial, whole or not at all, and makes the
// directory where it is not there.
func WriteSaid(path string, rows []Said) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return WriteWhole(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		header := []string{"t_s"}
		for _, c := range saidColumns {
			header = append(header, c.name)
		}
		if err := out.Write(append(header, "phase")); err != nil {
			return err
		}
		for _, r := range rows {
			line := []string{strconv.FormatFloat(r.T, 'f', 6, 64)}
			for _, c := range saidColumns {
				text := ""
				if n := *c.of(&r); n != Absent {
					text = strconv.FormatInt(n, 10)
				}
				line = append(line, text)
			}
			if err := out.Write(append(line, cell(r.Phase))); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

// ReadSaid reads a file of them. Columns are found by their names, so that a
// later version may add some.
func ReadSaid(path string) ([]Said, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := readSaid(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func readSaid(r io.Reader) (rows []Said, err error) {
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
	names := []string{"t_s", "phase"}
	for _, c := range saidColumns {
		names = append(names, c.name)
	}
	for _, name := range names {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("no column %q", name)
		}
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		if len(rows) == maxSamples {
			return nil, fmt.Errorf("line %d: more than %d rows", line, maxSamples)
		}
		s := Said{Phase: strings.Clone(row[at["phase"]])}
		if s.T, err = strconv.ParseFloat(row[at["t_s"]], 64); err != nil || !finite(s.T) {
			return nil, fmt.Errorf("line %d: t_s: %q is no time", line, row[at["t_s"]])
		}
		for _, c := range saidColumns {
			to, text := c.of(&s), row[at[c.name]]
			if *to = Absent; text == "" {
				continue
			}
			if *to, err = strconv.ParseInt(text, 10, 64); err != nil || *to < 0 {
				return nil, fmt.Errorf("line %d: %s: %q is no count", line, c.name, text)
			}
		}
		rows = append(rows, s)
	}
}
