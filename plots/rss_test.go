package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"

	"alloclab/results"
)

var keep = flag.String("keep", "", "directory to keep the figures of TestFigures in, to look at them")

func svg(t *testing.T, f RSSFigure) string {
	t.Helper()
	var out bytes.Buffer
	if err := RSS(f).WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestFigures draws all that may come, and checks what holds for any figure:
// sound XML, the right number of dots, no number that is none, and the same
// bytes when it is drawn again.
func TestFigures(t *testing.T) {
	dir := t.TempDir()
	if *keep != "" {
		dir = *keep
	}
	for name, f := range figures() {
		figure := RSS(f)
		paths, err := figure.Write(dir, name)
		if err != nil || len(paths) != 2 {
			t.Fatalf("%s: %q, %v", name, paths, err)
		}
		text, err := os.ReadFile(paths[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 400_000 {
			t.Errorf("%s: SVG of %d bytes", name, len(text))
		}
		if svg(t, f) != string(text) {
			t.Errorf("%s: another drawing has other bytes", name)
		}
		if s := string(text); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s: a coordinate is no number", name)
		}
		if !strings.Contains(string(text), f.Title) {
			t.Errorf("%s: no title", name)
		}
		for d := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		file, err := os.Open(paths[1])
		if err != nil {
			t.Fatal(err)
		}
		config, err := png.DecodeConfig(file)
		_ = file.Close() // only read
		if err != nil || config.Width != 1440 || config.Height != int(2*figure.Height+.5) {
			t.Errorf("%s: PNG is %d x %d for %v points: %v", name, config.Width, config.Height, figure.Height, err)
		}
	}
}

func TestFigureSaysWhatItMust(t *testing.T) {
	all := figures()
	for name, want := range map[string][]string{
		"drained": {">ptmalloc 2.36<", ">ptmalloc, 1 arena<", ">jemalloc 5.3.0<", ">jemalloc background, decay 1 s<", ">tcmalloc gperftools 2.10<",
			">live<", ">hold<", ">freed<", ">idle<", ">500 MiB<", ">15 s<", "at idle, 17.0 MiB purged", "the median of 5 rounds", "Linux 6.18"},
		"panels":    {">ptmalloc, 1 arena<", ">hold<", ">freed<", ">idle<"},
		"tiny":      {">500 B<", "µs", "403 B at end"},
		"single":    {"5 MiB at end"},
		"zero":      {"0 B at end"},
		"no-sample": {">no samples<"},
		"none":      {">no trials<"},
		"failed":    {">no trial that counts<", "1 left out"},
		"colliding": {"a very long label of a…", " home, patched 1"},
	} {
		text := svg(t, all[name])
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is missing", name, w)
			}
		}
	}
	if strings.Contains(svg(t, all["tiny"]), "live") {
		t.Error("live bytes are named where none are known")
	}
	if n := strings.Count(svg(t, all["unlike"]), ">hold<"); n != 4 {
		t.Errorf("variants of unlike speed have %d panels, want 4", n)
	}
	if n := strings.Count(svg(t, all["drained"]), ">hold<"); n != 1 {
		t.Errorf("variants of like speed have %d panels, want 1", n)
	}
	if text := svg(t, all["drained"]); !strings.Contains(text, "font-family:'Liberation Sans',Arial") {
		t.Error("no font to fall back to")
	}
}

func TestNamesAreHarmless(t *testing.T) {
	f := figures()["two"]
	f.Title = "</text><script>alert(1)</script>\x1b[31m\u202E"
	f.Series[0].Variant.Label = "<img onerror=x>\x00"
	text := svg(t, f)
	for _, bad := range []string{"<script", "<img", "\x1b", "\u202E", "\x00"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in the drawing", bad)
		}
	}
}

func TestLabOfTheLabIsTakenOff(t *testing.T) {
	s := fake{"x", "jemalloc", "", 1, 26, 25, 24, 3, 0, 20, 1, 1}.series(3)
	trace := s.Traces[0]
	got, _ := trace.at(results.MarkIdle)
	if want := float64(trace.Trial.Mark(results.MarkIdle).RSS - mib); got != want {
		t.Errorf("idle is %v, want %v", got, want)
	}
	if dots := trace.rss(1); dots[0].y != float64(trace.Samples[0].RSS-mib) {
		t.Errorf("the curve begins at %v", dots[0].y)
	}
}

func TestMedianTrial(t *testing.T) {
	var s CellSeries
	for i, mean := range []float64{5, 1, 4, 2, 3} {
		trial := &results.Trial{Trial: i, Status: results.StatusOK, Metrics: map[string]float64{results.MetricRSSMean: mean}}
		s.Traces = append(s.Traces, Trace{Trial: trial})
	}
	if got := median(s.sound()); got != 4 {
		t.Errorf("median of 5 is trial %d", got)
	}
	s.Traces[4].Trial.Status = results.StatusTimeout
	sound := s.sound()
	if got := sound[median(sound)].Trial.Trial; got != 3 {
		t.Errorf("median of 4 is trial %d, want the lower of the middle two", got)
	}
	s.Traces[3].Trial.CPU = results.CPU{Obtained: 1, Wanted: 2}
	if len(s.sound()) != 3 {
		t.Error("a starved trial is drawn")
	}
	if median(nil) != -1 {
		t.Error("median of nothing")
	}
}

func TestFileNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, cell := range []string{"a/b", "a-b", "a,b", "a b", "A/b", "", "../a", strings.Repeat("x", 300), strings.Repeat("x", 301)} {
		name := fileName(cell)
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q are both %q", cell, other, name)
		}
		seen[name] = cell
		if strings.ContainsAny(name, "/ ") || len(name) > 100 || name == "" {
			t.Errorf("%q gives %q", cell, name)
		}
	}
	if name := fileName("iobuf/backlog=64MiB"); !strings.HasPrefix(name, "iobuf-backlog=64mib-") {
		t.Errorf("of MiB is left %q", name)
	}
}

func TestCaption(t *testing.T) {
	run := results.Run{
		Tool:        "1.0",
		Fingerprint: results.Fingerprint{Memory: results.Fields{results.FieldKernel: "Linux 6.18", results.FieldLibc: "glibc 2.36", results.FieldCores: "2", results.FieldTHP: "madvise"}},
		Variants:    []results.Variant{{Allocator: "ptmalloc", Version: "2.36"}, {Allocator: "ptmalloc", Version: "2.36"}, {Allocator: "jemalloc", Version: "5.3.0"}},
	}
	if got, want := Caption(run), "Linux 6.18 · glibc 2.36 · 2 cores · THP madvise · ptmalloc 2.36 · jemalloc 5.3.0 · alloclab 1.0"; got != want {
		t.Errorf("got %s", got)
	}
}
