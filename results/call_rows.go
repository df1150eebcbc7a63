package results

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// SyscallsDir holds N.csv of each trial that was traced: its calls in the
// order of time.
const SyscallsDir = "syscalls"

var callHeader = []string{"t_s", "phase", "call", "how", "calls", "errors", "bytes"}

// CallsPath is the path of a trial's calls in a run directory.
func CallsPath(dir string, trial int) string {
	return filepath.Join(dir, SyscallsDir, strconv.Itoa(trial)+".csv")
}

// WriteCalls writes the calls of one trial, whole or not at all, and makes the
// directory where it is not there.
func WriteCalls(path string, rows []CallRow) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return WriteWhole(path, func(w io.Writer) error {
		return writeRows(w, callHeader, rows, func(r CallRow) []string {
			return []string{timeCell(r.T), cell(r.Phase), cell(r.Call), cell(r.How), countCell(r.Count), countCell(r.Errors), countCell(r.Bytes)}
		})
	})
}

// ReadCalls reads a file of calls. Columns are found by their names, so that a
// later version may add some.
func ReadCalls(path string) ([]CallRow, error) { return readRowsOf(path, readCalls) }

func readCalls(r io.Reader) ([]CallRow, error) {
	return readRows(r, callHeader, func(row rowOf) (c CallRow, err error) {
		c.Phase, c.Call, c.How = row.text("phase"), row.text("call"), row.text("how")
		if c.T, err = row.time("t_s"); err != nil {
			return c, err
		}
		if c.Count, err = row.count("calls"); err != nil {
			return c, err
		}
		if c.Errors, err = row.count("errors"); err != nil {
			return c, err
		}
		c.Bytes, err = row.count("bytes")
		return c, err
	})
}
