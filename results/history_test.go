package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func aPoint(commit string) Point {
	return Point{V: 1, Cell: "iobuf/threads=8", Variant: "jemalloc", Metric: MetricRSSIdle, Median: 100, Low: 98, High: 103, N: 10,
		Machine: "0123456789ab", Commit: commit, Time: "2026-11-21T10:00:00Z", URL: "https://example.org/c/" + commit, Run: "run-" + commit}
}

func TestHistoryIsAppendedAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	want := []Point{aPoint("a"), aPoint("b"), aPoint("c")}
	for i, some := range [][]Point{want[:2], want[2:]} {
		if torn, err := AppendHistory(path, some); err != nil || torn != nil {
			t.Fatalf("%d: %v, %v", i, torn, err)
		}
	}
	got, warnings, err := ReadHistory(path)
	if err != nil || len(warnings) > 0 || !cmp.Equal(got, want) {
		t.Fatalf("%v, %v: %s", warnings, err, cmp.Diff(want, got))
	}
	// cat is a merge, and so is a directory.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	for name, content := range map[string][]byte{"merged.jsonl": append(text, text...), "notes.txt": []byte("not read")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err = ReadHistory(dir); err != nil || len(got) != 9 {
		t.Errorf("%d points and %v, want 9", len(got), err)
	}
}

// TestHistoryIsTorn: of every length to which a file can be cut, reading gives
// the whole lines, and the next append repairs it.
func TestHistoryIsTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	if _, err := AppendHistory(path, []Point{aPoint("a"), aPoint("b")}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for cut := first + 1; cut < len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		points, warnings, err := ReadHistory(path)
		complete := cut == len(whole)-1 // only its line end is missing
		if err != nil || len(points) != map[bool]int{false: 1, true: 2}[complete] || len(warnings) != map[bool]int{false: 1, true: 0}[complete] {
			t.Fatalf("cut to %d: %d points, %v, %v", cut, len(points), warnings, err)
		}
		torn, err := AppendHistory(path, []Point{aPoint("c")})
		if err != nil || (torn == nil) != complete {
			t.Fatalf("cut to %d: %v, %v", cut, torn, err)
		}
		if points, warnings, err = ReadHistory(path); err != nil || len(warnings) > 0 || points[len(points)-1].Commit != "c" {
			t.Fatalf("cut to %d, repaired: %v, %v", cut, warnings, err)
		}
	}
}

// TestHistoryOfManyWriters: jobs that add to one file at the same time lose nothing.
func TestHistoryOfManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.jsonl")
	if _, err := AppendHistory(path, []Point{aPoint("first")}); err != nil {
		t.Fatal(err)
	}
	const writers = 16
	failed := make(chan error, writers)
	for i := range writers {
		go func() {
			some := make([]Point, 50)
			for j := range some {
				some[j] = aPoint(fmt.Sprintf("%d-%d", i, j))
			}
			torn, err := AppendHistory(path, some)
			if torn != nil {
				err = errors.New(torn.String())
			}
			failed <- err
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	points, warnings, err := ReadHistory(path)
	if err != nil || len(warnings) > 0 || len(points) != 1+50*writers {
		t.Errorf("%d points, %v, %v", len(points), warnings, err)
	}
}

func TestNoHistory(t *testing.T) {
	point := func(change func(map[string]any)) string {
		text, err := json.Marshal(aPoint("a"))
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		if text, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
		return string(text) + "\n"
	}
	set := func(name string, value any) string {
		return point(func(f map[string]any) { f[name] = value })
	}
	for name, c := range map[string]struct{ text, want string }{
		"trials":        {`{"v":1,"run":"r","cell":"c","variant":"v","trial":1}` + "\n", "metric is missing"},
		"other text":    {"hello\n", "h.jsonl:1: (byte 0)"},
		"only a tear":   {"hello", "is no history"},
		"newer":         {set("v", 2), "newer alloclab"},
		"no version":    {point(func(f map[string]any) { delete(f, "v") }), "no version"},
		"no commit":     {set("commit", ""), "commit, run or machine"},
		"no trials":     {set("n", 0), "at least one trial"},
		"interval":      {set("low", 101), "outside its interval"},
		"time":          {set("time", "yesterday"), `time "yesterday" is not`},
		"in the middle": {"{\n" + set("n", 1), "h.jsonl:1:"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "h.jsonl")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := AppendHistory(path, []Point{aPoint("b")})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("appending: %v, want %q", err, c.want)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != c.text {
				t.Errorf("the file was changed: %q, %v", text, err)
			}
		})
	}
	if _, err := AppendHistory(filepath.Join(t.TempDir(), "h"), []Point{{}}); err == nil {
		t.Error("an empty point was added")
	}
	if _, _, err := ReadHistory(filepath.Join(t.TempDir(), "h")); err == nil || !strings.Contains(err.Error(), "history add") {
		t.Errorf("no file: %v", err)
	}
}

func TestWebLink(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://example.org/c/1?x=1&y=2#z": true, "http://localhost:3000/c": true,
		"javascript:alert(1)": false, "JavaScript:alert(1)": false, "data:text/html,x": false, "file:///etc/passwd": false, "//example.org/c": false,
		"https://": false, "/c/1": false, "": false, " https://example.org": false, "https://example.org/\u202e": false, "https://example.org/\x1b[2J": false, "java\nscript:alert(1)": false,
	} {
		if got := WebLink(address); (got != "") != ok {
			t.Errorf("%q: %q, want a link: %v", address, got, ok)
		}
	}
}

func FuzzHistory(f *testing.F) {
	text, err := json.Marshal(aPoint("a"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(text, '\n'))
	f.Add(append(append(append([]byte{}, text...), '\n'), text[:40]...))
	f.Add([]byte(`{"v":9}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		points, torn, err := scanPoints(bytes.NewReader(data), "h")
		if err != nil {
			var place *LineError
			if !errors.As(err, &place) || points != nil || torn != nil {
				t.Fatalf("%v with %d points", err, len(points))
			}
			return
		}
		var again bytes.Buffer
		for _, p := range points {
			if err := p.check(); err != nil {
				t.Fatal(err)
			}
			line, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			again.Write(append(line, '\n'))
		}
		twice, torn, err := scanPoints(&again, "h")
		if err != nil || torn != nil || !cmp.Equal(points, twice) {
			t.Fatalf("%v: %s", err, cmp.Diff(points, twice))
		}
	})
}
