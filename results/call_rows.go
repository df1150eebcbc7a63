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
		out := csv.NewWriter(w)
		if err := out.Write(callHeader); err != nil {
			return err
		}
		for _, r := range rows {
			if err := out.Write([]string{
				strconv.FormatFloat(r.T, 'f', 6, 64), cell(r.Phase), cell(r.Call), cell(r.How),
				strconv.FormatInt(r.Count, 10), strconv.FormatInt(r.Errors, 10), strconv.FormatInt(r.Bytes, 10),
			}); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

// ReadCalls reads a file of calls. Columns are found by their names, so that a
// later version may add some.
func ReadCalls(path string) ([]CallRow, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := readCalls(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

func readCalls(r io.Reader) ([]CallRow, error) {
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
	for _, name := range callHeader {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("no column %q", name)
		}
	}
	var rows []CallRow
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
		text := func(name string) string { return strings.Clone(row[at[name]]) }
		c := CallRow{Phase: text("phase"), SyscallCount: SyscallCount{Call: text("call"), How: text("how")}}
		if c.T, err = strconv.ParseFloat(row[at["t_s"]], 64); err != nil || !finite(c.T) {
			return nil, fmt.Errorf("line %d: t_s: %q is no time", line, row[at["t_s"]])
		}
		for name, to := range map[string]*int64{"calls": &c.Count, "errors": &c.Errors, "bytes": &c.Bytes} {
			if *to, err = strconv.ParseInt(row[at[name]], 10, 64); err != nil || *to < 0 {
				return nil, fmt.Errorf("line %d: %s: %q is no count", line, name, row[at[name]])
			}
		}
		rows = append(rows, c)
	}
}
