package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

// HistoryVersion is the version of a line of a history; it moves as Version does.
const HistoryVersion = 1

// Point is one line of a history: the median of one metric of one cell and
// variant, in one run of one commit. Lines stand alone, so that cat merges
// histories, and one found twice is the same point.
type Point struct {
	V       int     `json:"v"`
	Cell    string  `json:"cell"`
	Variant string  `json:"variant"`
	Metric  string  `json:"metric"` // as in the registry, and in its unit
	Median  float64 `json:"median"`
	Low     float64 `json:"low"` // 95 % interval of the median, or the range where trials are too few for one
	High    float64 `json:"high"`
	N       int     `json:"n"`       // trials behind it
	Machine string  `json:"machine"` // the fingerprint's hash in the metric's scope
	Commit  string  `json:"commit"`
	Time    string  `json:"time"` // of the commit, RFC 3339: it orders the points
	URL     string  `json:"url,omitempty"`
	Run     string  `json:"run"`
}

// When is the commit's time; ParsePoint has seen that it is one.
func (p Point) When() time.Time {
	t, _ := time.Parse(time.RFC3339, p.Time)
	return t
}

// WebLink returns the address if it may stand behind a link: absolute, http or
// https, with a host. Any other (javascript:, data:, file:) gives "".
func WebLink(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || Plain(address) != address {
		return ""
	}
	return u.String()
}

// check says what cannot be true of a point.
func (p Point) check() error {
	for _, v := range []float64{p.Median, p.Low, p.High} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a figure is not a number")
		}
	}
	switch {
	case p.Cell == "" || p.Variant == "" || p.Metric == "":
		return errors.New("cell, variant or metric is missing")
	case p.Commit == "" || p.Run == "" || p.Machine == "":
		return errors.New("commit, run or machine is missing")
	case p.N < 1:
		return fmt.Errorf("n is %d: a point has at least one trial", p.N)
	case !(p.Low <= p.Median && p.Median <= p.High):
		return fmt.Errorf("the median %g is outside its interval, %g to %g", p.Median, p.Low, p.High)
	}
	if _, err := time.Parse(time.RFC3339, p.Time); err != nil {
		return fmt.Errorf("time %q is not as 2006-01-02T15:04:05Z", Plain(p.Time))
	}
	return nil
}

// ParsePoint reads one line of a history.
func ParsePoint(line []byte) (Point, error) {
	if err := checkVersionOf(line, HistoryVersion); err != nil {
		return Point{}, err
	}
	var p Point
	if err := json.Unmarshal(line, &p); err != nil {
		return Point{}, err
	}
	return p, p.check()
}

// AppendHistory adds points to the end of a file, all or none, and flushes
// them to the disk. A torn last line, left by a writer that died, is cut off
// first and returned. Two that append at once wait for each other.
func AppendHistory(path string, points []Point) (torn *Torn, err error) {
	var text bytes.Buffer
	for _, p := range points {
		p.V = HistoryVersion
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("%s %s %s: %w", Plain(p.Cell), Plain(p.Variant), p.Metric, err)
		}
		line, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		text.Write(append(line, '\n'))
	}
	// Not every file that a person names is a history: nothing is cut off or added
	// where the text is another.
	held, torn, err := readPoints(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("nothing was added: %w", err)
	case len(held) == 0 && torn != nil:
		return nil, fmt.Errorf("%s is no history: nothing was added", path)
	}
	l, torn, err := openLines(path, func(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) },
		func(line []byte) error { _, err := ParsePoint(line); return err })
	if err != nil {
		return nil, err
	}
	if torn != nil {
		torn.What = "a point"
	}
	if err := l.write(text.Bytes()); err != nil {
		_ = l.f.Close()
		return torn, fmt.Errorf("%s: nothing was added: %w", path, err)
	}
	return torn, l.f.Close()
}

// ReadHistory reads a file, or all files *.jsonl of a directory. A torn last
// line is a warning; any other line that cannot be read is an error.
func ReadHistory(path string) (points []Point, warnings []string, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: there is no history: alloclab history add DIR --commit SHA makes one", path)
	}
	if err != nil {
		return nil, nil, err
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(escapeGlob(path), "*.jsonl")); err != nil {
			return nil, nil, err
		}
		sort.Strings(files)
	}
	for _, file := range files {
		some, torn, err := readPoints(file)
		if err != nil {
			return nil, nil, err
		}
		points = append(points, some...)
		if torn != nil {
			warnings = append(warnings, torn.String())
		}
	}
	return points, warnings, nil
}

var escapeGlob = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace

func readPoints(path string) (points []Point, torn *Torn, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return scanPoints(f, path)
}

func scanPoints(in io.Reader, path string) (points []Point, torn *Torn, err error) {
	r := NewReader(in, path)
	for number := 1; ; number++ {
		start := r.offset
		line, whole, err := r.next()
		if err == nil && len(line) == 0 && !whole {
			return points, nil, nil
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 && whole {
			continue
		}
		var p Point
		if err == nil {
			p, err = ParsePoint(line)
		}
		switch {
		case err == nil:
			points = append(points, p)
		case whole || errors.Is(err, ErrNewer) || len(line) == 0:
			return nil, nil, &LineError{path, number, start, err}
		default:
			return points, &Torn{Path: path, Offset: start, Bytes: int64(len(line)), What: "a point"}, nil
		}
	}
}
