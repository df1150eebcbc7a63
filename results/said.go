package results

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
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

func saidHeader() []string {
	header := []string{"t_s"}
	for _, c := range saidColumns {
		header = append(header, c.name)
	}
	return append(header, "phase")
}

// WriteSaid writes the rows of one trial, whole or not at all, and makes the
// directory where it is not there.
func WriteSaid(path string, rows []Said) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return WriteWhole(path, func(w io.Writer) error {
		return writeRows(w, saidHeader(), rows, func(r Said) []string {
			line := []string{timeCell(r.T)}
			for _, c := range saidColumns {
				line = append(line, countCell(*c.of(&r)))
			}
			return append(line, cell(r.Phase))
		})
	})
}

// ReadSaid reads a file of them. Columns are found by their names, so that a
// later version may add some.
func ReadSaid(path string) ([]Said, error) { return readRowsOf(path, readSaid) }

func readSaid(r io.Reader) ([]Said, error) {
	return readRows(r, saidHeader(), func(row rowOf) (s Said, err error) {
		s.Phase = row.text("phase")
		if s.T, err = row.time("t_s"); err != nil {
			return s, err
		}
		for _, c := range saidColumns {
			if *c.of(&s), err = row.countOrAbsent(c.name); err != nil {
				return s, err
			}
		}
		return s, nil
	})
}
