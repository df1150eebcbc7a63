package plots

import (
	"bytes"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"alloclab/analysis/change"
	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

// TestHistoryFigures looks for what each kind of series must show, twice with
// the same bytes.
func TestHistoryFigures(t *testing.T) {
	all, _ := change.Histories(synthetic.History(60), change.Watched)
	want := map[string][]string{
		"iobuf/threads=8 · jemalloc background, decay 1 s · rss_idle": {"Red: alarm", "Rings: worse", "340", "The axis does not begin at 0", hexOf(inkAlarm)},
		"iobuf/threads=8 · tcmalloc · rss_idle":                       {"Rings: worse"},
		"iobuf/threads=8 · ptmalloc · ops_per_cpu_s":                  {"Triangles", "M/s"},
		"threads4k · ptmalloc · rss_idle":                             {"machine decaf0000001", "Dashed lines"},
		"threads4k · ptmalloc · malloc_p99":                           {"µs"},
	}
	names := map[string]bool{}
	for _, s := range all {
		f := History(s, HistoryTitle(s))
		var first, second bytes.Buffer
		if err := f.WriteSVG(&first); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteSVG(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: drawn twice it differs: %v", HistoryTitle(s), err)
		}
		text := first.String()
		for _, words := range append(want[HistoryTitle(s)], "commit") {
			if !strings.Contains(text, words) {
				t.Errorf("%s: %q is missing", HistoryTitle(s), words)
			}
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: a coordinate is no number", HistoryTitle(s))
		}
		delete(want, HistoryTitle(s))
		names[HistoryName(s)] = true
		if *keep != "" {
			if _, err := f.Write(*keep, HistoryName(s)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(want) > 0 || len(names) != len(all) {
		t.Errorf("%v were not drawn; %d names of %d series", want, len(names), len(all))
	}
}

// TestHistoryOfFew: one commit, equal values, zeros and negative ones can be drawn.
func TestHistoryOfFew(t *testing.T) {
	for _, values := range [][]float64{{5}, {0}, {0, 0, 0}, {-3, 4}, {1e300, 1e-300}, make([]float64, 20), {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}} {
		var points []results.Point
		for i, v := range values {
			p := synthetic.History(len(values))[i*1]
			p.Median, p.Low, p.High, p.Commit, p.Cell, p.Variant, p.Metric = v, v, v, "c"+strings.Repeat("x", i), "c", "v", results.MetricArenas
			points = append(points, p)
		}
		all, _ := change.Histories(points, nil)
		var out bytes.Buffer
		if err := History(all[0], "t").WriteSVG(&out); err != nil || bytes.Contains(out.Bytes(), []byte("NaN")) || bytes.Contains(out.Bytes(), []byte("Inf")) {
			t.Errorf("%v: %v", values, err)
		}
		if *keep != "" {
			if _, err := History(all[0], "t").Write(*keep, filepath.Base(t.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if History(change.Series{}, "t") != nil {
		t.Error("nothing was drawn")
	}
}

func TestTicksBetween(t *testing.T) {
	for want, got := range map[string][]tick{
		"310 320 330 340 350 MiB": ticksBetween(span{305 * mib, 352 * mib, false}, "B"),
		"0.98 1.00 1.02 M/s":      ticksBetween(span{.975e6, 1.03e6, false}, "1/s"),
		"0 10 20 30 ms":           ticksBetween(span{0, .034, false}, "s"),
		"2.0 2.5 3.0 3.5 4.0":     ticksBetween(span{2, 4, false}, "1"),
		"-2 0 2":                  ticksBetween(span{-3, 3, false}, "1"),
	} {
		var labels []string
		for _, tick := range got {
			labels = append(labels, tick.label)
		}
		if s := strings.Join(labels, " "); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	if n := len(ticksBetween(span{math.Inf(-1), math.Inf(1), false}, "B")); n > 10 {
		t.Errorf("%d ticks", n)
	}
}
