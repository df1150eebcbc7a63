package results

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxRows bounds what is taken in of one trial's rows: a file of ours has at
// most MaxRows, and one from elsewhere may not fill the memory.
const maxRows = 1 << 20

// rowOf is one row of a CSV file, by the names of its columns.
type rowOf struct {
	at   map[string]int
	row  []string
	line int
}

func (r rowOf) text(name string) string { return strings.Clone(r.row[r.at[name]]) }

func (r rowOf) time(name string) (float64, error) {
	t, err := strconv.ParseFloat(r.row[r.at[name]], 64)
	if err != nil || !finite(t) {
		return 0, fmt.Errorf("line %d: %s: %q is no time", r.line, name, r.row[r.at[name]])
	}
	return t, nil
}

func (r rowOf) count(name string) (int64, error) {
	n, err := strconv.ParseInt(r.row[r.at[name]], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("line %d: %s: %q is no count", r.line, name, r.row[r.at[name]])
	}
	return n, nil
}

// countOrAbsent is count; an empty field is Absent.
func (r rowOf) countOrAbsent(name string) (int64, error) {
	if r.row[r.at[name]] == "" {
		return Absent, nil
	}
	return r.count(name)
}

// readRows reads rows. Columns are found by their names, so that a later version may add some.
func readRows[R any](from io.Reader, names []string, take func(rowOf) (R, error)) (rows []R, err error) {
	in := csv.NewReader(bufio.NewReader(from))
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("empty: not even a header")
	}
	if err != nil {
		return nil, err
	}
	r := rowOf{at: map[string]int{}}
	for i, name := range header {
		r.at[name] = i
	}
	for _, name := range names {
		if _, ok := r.at[name]; !ok {
			return nil, fmt.Errorf("no column %q", name)
		}
	}
	for {
		if r.row, err = in.Read(); errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		r.line, _ = in.FieldPos(0)
		if len(rows) == maxRows {
			return nil, fmt.Errorf("line %d: more than %d rows", r.line, maxRows)
		}
		one, err := take(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, one)
	}
}

// readRowsOf reads a file of rows.
func readRowsOf[R any](path string, read func(io.Reader) ([]R, error)) ([]R, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// writeRows writes a header and rows.
func writeRows[R any](to io.Writer, header []string, rows []R, fields func(R) []string) error {
	out := csv.NewWriter(to)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, r := range rows {
		if err := out.Write(fields(r)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// timeCell is a time to the microsecond: the sampler's own lateness is larger.
func timeCell(t float64) string { return strconv.FormatFloat(t, 'f', 6, 64) }

func countCell(n int64) string {
	if n == Absent {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// cell makes a name from outside safe for a spreadsheet, which takes text that
// begins with one of these for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
