package plots

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

func drawAll(t *testing.T, o synthetic.Options) (dir string, run results.Run, trials []results.Trial, names []string) {
	t.Helper()
	dir = t.TempDir()
	if *keep != "" {
		dir = filepath.Join(*keep, t.Name())
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	run, trials, err := synthetic.Write(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := Draw(dir, run, trials, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("NaN")) && strings.HasSuffix(p, ".svg") {
			t.Errorf("%s: a coordinate is no number", p)
		}
		if len(text) > 300_000 && strings.HasSuffix(p, ".svg") {
			t.Errorf("%s has %d bytes", p, len(text))
		}
		names = append(names, filepath.Base(p))
	}
	slices.Sort(names)
	return dir, run, trials, names
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, results.FiguresDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDraw draws a run with an axis, and looks for what each figure must say.
func TestDraw(t *testing.T) {
	dir, _, _, names := drawAll(t, synthetic.Options{Threads: []int{1, 8, 2, 4}, Rounds: 3, Samples: 600, Heaps: true})
	want := 4*(5+5)*2 + 2*2
	if len(names) != want {
		t.Errorf("%d files, want %d: %q", len(names), want, names)
	}
	over := ""
	for _, n := range names {
		if strings.HasPrefix(n, "sweep-iobuf_over_threads") && strings.HasSuffix(n, ".svg") {
			over = n
		}
	}
	for name, words := range map[string][]string{
		"ledger-iobuf-threads=8.svg":                  {">hold<", ">exited<", ">pinned<", ">page heap<", "decay 5", ">unexplained<", ">rounding<", "in exactly one account"},
		"fragmentation-iobuf-threads=8.svg":           {">×10<", ">peak / peak<", "Not drawn while less than 5.", ">!<", "at least 2 times"},
		"heapmap-iobuf-threads=8-ptmalloc.svg":        {">arena 8<", ">0x7f0000000000<", ">purged<", ">pinned<", ">reserved<", "top chunk", "One more heap", "end of the highest block", "at least half of the page"},
		"throughput-iobuf-threads=8.svg":              {"operations per second of CPU time", "M/s ± ", "jemalloc background, decay 1 s"},
		"latency-iobuf-threads=8.svg":                 {">malloc, all sizes<", ">free, up to 512 B<", ">malloc, above 64 KiB<", ">99.99 %<", ">max<", "one reading of the clock, 24 ns"},
		over:                                          {"over threads", ">8<", ">peak RSS<", ">RSS at idle<", "small rings"},
		strings.Replace(over, "sweep-", "arenas-", 1): {">limit 16<", "8 for each core, 16 here"},
	} {
		text := read(t, dir, name)
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is missing", name, w)
			}
		}
	}
}

// TestDrawSkipsWhatIsAbsent: a figure without data is not there, rather than
// there and empty.
func TestDrawSkipsWhatIsAbsent(t *testing.T) {
	dir := t.TempDir()
	run, trials, err := synthetic.Write(dir, synthetic.Options{Threads: []int{2}, Rounds: 2, Samples: 50})
	if err != nil {
		t.Fatal(err)
	}
	for i := range trials {
		trials[i].Latency = nil
		for j := range trials[i].Marks {
			trials[i].Marks[j].Ledger, trials[i].Marks[j].Claims = nil, nil
		}
		delete(trials[i].Metrics, results.MetricOpsPerCPUS)
		delete(trials[i].Metrics, results.MetricOpsPerS)
		delete(trials[i].Metrics, results.MetricArenas)
	}
	paths, err := Draw(dir, run, trials, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 4 || !strings.Contains(paths[2], "fragmentation-") { // and rss
		t.Errorf("%q", paths)
	}
	for i := range trials {
		trials[i].Status = results.StatusTimeout
	}
	if paths, err = Draw(dir, run, trials, nil); err != nil || len(paths) != 2 {
		t.Errorf("of failed trials: %q, %v", paths, err)
	}
}

// TestPassesStayApart: a trial of the latency pass is in no curve.
func TestPassesStayApart(t *testing.T) {
	run := results.Run{Variants: []results.Variant{{Label: "a"}}}
	trials := []results.Trial{{Cell: "c", Variant: "a", Pass: results.PassTime}, {Cell: "c", Variant: "a", Pass: results.PassLatency}, {Cell: "d", Variant: "a", Pass: results.PassTime}}
	s := seriesOf(run, "c", trials)
	if len(s) != 1 || len(s[0].Traces) != 1 || len(s[0].Latency) != 1 {
		t.Errorf("%+v", s)
	}
}

func TestSweeps(t *testing.T) {
	cell := func(name string, threads, blocks float64, cpus int) results.Cell {
		return results.Cell{Name: name, Workload: "w", CPUs: cpus, Params: []results.Param{{Name: "threads", Kind: "count", Value: threads}, {Name: "blocks", Kind: "count", Value: blocks, Default: true}}}
	}
	run := results.Run{Cells: []results.Cell{cell("d", 4, 1, 1), cell("a", 1, 1, 1), cell("b", 1, 2, 1), cell("c", 4, 2, 2)}}
	var got []string
	for _, s := range Sweeps(run, nil) {
		line := s.Axis + ":"
		for _, p := range s.Points {
			line += " " + p.Cell
		}
		got = append(got, line)
	}
	if want := []string{"threads: a d", "blocks: a b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSpreadOfRounds(t *testing.T) {
	for want, values := range map[string][]float64{"": nil, "(1 round)": {5}, "± 10 %": {9, 10, 10.5}, "± 1 %": {1000, 1001}, "± 0 %": {4, 4}} {
		if got := Spread(values); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}

// TestLowOverhead: little fragmentation is drawn on a linear scale from 0.
func TestLowOverhead(t *testing.T) {
	s := fake{"x", "jemalloc", "", 1, 26, 20, 15, 3, 0, 20, 15, 1}.series(3)
	none := CellSeries{Variant: results.Variant{Label: "y"}}
	f := Fragmentation("low", "", []CellSeries{s, none})
	if f == nil {
		t.Fatal("no figure")
	}
	var out bytes.Buffer
	if err := f.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">×0<", ">×0.5<", ">×1.0<", "×0.87 where it ends", "no trial that counts"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestTimeSpan(t *testing.T) {
	s, ok := timeSpan([]float64{0, 35e-9, 12e-3})
	var labels []string
	for _, tick := range s.decades() {
		labels = append(labels, tick.label)
	}
	if got := strings.Join(labels, " "); !ok || got != "10 ns 100 ns 1 µs 10 µs 100 µs 1 ms 10 ms 100 ms" {
		t.Errorf("%q", got)
	}
	if _, ok := timeSpan([]float64{0}); ok {
		t.Error("a scale of nothing")
	}
	if a := s.at(1e-12); a != 0 {
		t.Errorf("below the scale is at %v", a)
	}
}
