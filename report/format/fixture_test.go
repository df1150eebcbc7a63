package format

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/analysis/change"
	"alloclab/results"
)

var update = flag.Bool("update", false, "rewrite the expected texts in testdata")

// fixture is a run with a trial that failed, one that was starved, two passes,
// and figures that are arithmetic.
func fixture(cells, variants []string, rounds int) Run {
	r := Run{Dir: "out/fixture", Warnings: []string{"2 of 99 trials have been measured"}}
	r.Run.Run, r.Created, r.Tool, r.Experiment.Name, r.Passes = "fixture-1", "2026-11-21T10:00:00Z", "v0.1", "fixture", []string{"time", "latency"}
	r.Fingerprint = results.Fingerprint{
		Memory: results.Fields{results.FieldCores: "2", results.FieldKernel: "Linux 6.18", results.FieldLibc: "glibc 2.36", results.FieldTHP: "madvise"},
		Time:   results.Fields{results.FieldCPU: "Some CPU"}, Counts: results.Fields{},
	}
	for _, c := range cells {
		r.Cells = append(r.Cells, results.Cell{Name: c, Workload: c})
	}
	for _, v := range variants {
		r.Variants = append(r.Variants, results.Variant{Label: v, Allocator: "jemalloc"})
	}
	number := 0
	for round := 1; round <= rounds; round++ {
		for i, c := range cells {
			for j, v := range variants {
				for _, pass := range r.Passes {
					number++
					x := float64(100 + 10*i + j + round)
					t := results.Trial{Trial: number, Cell: c, Variant: v, Round: round, Pass: pass, Status: results.StatusOK, Machine: r.Fingerprint.Machine(),
						Marks: []results.Mark{{Name: results.MarkIdle, T: 1.5}}}
					if pass == results.PassLatency {
						t.Metrics = map[string]float64{results.MetricMallocP99: x * 1e-9}
					} else {
						t.Metrics = map[string]float64{results.MetricOpsPerS: x * 1e4, results.MetricOpsPerCPUS: x * 1e3, results.MetricWall: 2,
							results.MetricRSSPeak: x * (1 << 20), results.MetricRSSIdle: x * (1 << 19), results.MetricArenas: 3}
					}
					switch number {
					case 3:
						t.Status, t.Warnings, t.Exit.Stderr = results.StatusOutOfMemory, []string{"malloc returned NULL"}, "no more\n"
					case 5:
						t.CPU = results.CPU{Wanted: 1, Obtained: .5}
					}
					r.Trials = append(r.Trials, t)
				}
			}
		}
	}
	return r
}

// verdicts are a comparison with each verdict.
func verdicts(cell, variant string) change.Comparison {
	metric := func(name string) results.Metric { m, _ := results.ByName(name); return m }
	side := func(v float64) change.Side { return change.Side{N: 10, Median: v, Low: v * .99, High: v * 1.01} }
	return change.Comparison{Base: "out/base", New: "out/new", Warnings: []string{"the kernels differ"}, Differs: []string{"jemalloc 5.2.1, 5.3.0"}, Failed: 1,
		Refused: []change.Refusal{{Scope: results.ScopeTime, Gated: true, Text: "governor: performance, powersave"}, {Cell: cell, Text: "the work differs"}}, Changes: []change.Change{
			{Cell: cell, Variant: variant, Metric: metric(results.MetricRSSIdle), Pass: "time", Base: side(512 << 20), New: side(540 << 20), Ratio: 540. / 512, Low: 1.04, High: 1.07, P: .0001, Adjusted: .0004, MinEffect: .02, Detectable: .01, Gated: true, Verdict: change.Regressed},
			{Cell: cell, Variant: variant, Metric: metric(results.MetricRSSMean), Pass: "time", Base: side(400 << 20), New: side(380 << 20), Ratio: .95, Low: .94, High: .96, P: .0001, Adjusted: .0004, MinEffect: .02, Detectable: .01, Gated: true, Verdict: change.Improved},
			{Cell: cell, Variant: variant, Metric: metric(results.MetricOpsPerCPUS), Pass: "time", Base: side(1.2e6), New: side(1.18e6), Ratio: 1.18 / 1.2, Low: .93, High: 1.03, P: .2, Adjusted: .2, MinEffect: .03, Detectable: .08, Gated: true, Verdict: change.Inconclusive, Warnings: []string{"3 trials were starved"}},
			{Cell: cell, Variant: variant, Metric: metric(results.MetricRSSPeak), Pass: "time", Base: side(600 << 20), New: side(601 << 20), Ratio: 601. / 600, Low: .99, High: 1.01, P: .6, Adjusted: .6, MinEffect: .02, Detectable: .01, Verdict: change.Unchanged},
			{Cell: cell, Variant: variant, Metric: metric(results.MetricArenas), Pass: "time", Base: side(3), New: side(4), Ratio: 4. / 3, Low: math.NaN(), High: math.NaN(), P: math.NaN(), Adjusted: math.NaN(), Detectable: math.NaN()},
		}}
}

// texts are what all formats make of a run and a comparison.
func texts(t *testing.T, r Run, c change.Comparison) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, f := range All() {
		var out bytes.Buffer
		if err := f.Run(&out, r); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		all[f.Name+".run"] = out.String()
		out = bytes.Buffer{}
		if f.Comparison != nil {
			if err := f.Comparison(&out, c); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			all[f.Name+".comparison"] = out.String()
		}
	}
	return all
}

var (
	cells    = []string{"iobuf/threads=8,backlog=512MiB", "threads4k"}
	variants = []string{"ptmalloc", "jemalloc, decay 1 s"}
)

func TestGolden(t *testing.T) {
	all := texts(t, fixture(cells, variants, 7), verdicts(cells[0], variants[1]))
	if len(all) != 2*len(All())-1 {
		t.Errorf("%d texts of %d formats", len(all), len(All()))
	}
	for name, text := range all {
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(string(want), text); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestNothingThere: a run without a figure and a comparison of nothing give
// texts that can be read, and none that looks like success.
func TestNothingThere(t *testing.T) {
	empty := fixture(nil, nil, 0)
	all := texts(t, empty, change.Comparison{})
	for name, want := range map[string]string{
		"action-smaller.run": "[]\n", "bencher.run": "{}\n", "markdown.run": "No trial counts", "openmetrics.comparison": "# EOF\n",
		"junit.comparison": `errors="1"`, "github-annotations.comparison": "::warning title=alloclab%3A  against ::nothing that decides was compared",
		"markdown.comparison": "Nothing that decides was compared", "github-annotations.run": "0 of 0 trials count",
	} {
		if !bytes.Contains([]byte(all[name]), []byte(want)) {
			t.Errorf("%s is %q, want %q in it", name, all[name], want)
		}
	}
}

// TestUnstable: where the sitting proves nothing, nothing fails.
func TestUnstable(t *testing.T) {
	c := verdicts("a", "b")
	c.Unstable = "A and A differ by 4 %"
	all := texts(t, fixture(nil, nil, 0), c)
	for name, bad := range map[string]string{"junit.comparison": "<failure", "github-annotations.comparison": "::error title=alloclab%3A regressed"} {
		if bytes.Contains([]byte(all[name]), []byte(bad)) || !bytes.Contains([]byte(all[name]), []byte("A and A differ")) {
			t.Errorf("%s: %s", name, all[name])
		}
	}
}

// TestNamesStayApart: names that become one by what is taken away are told apart.
func TestNamesStayApart(t *testing.T) {
	r := fixture([]string{"c"}, []string{"a b", "a\x01b", "a\x02b", "a_b", "a/b"}, 6)
	seen := map[string]int{}
	for name := range benchNames(r.Run) {
		seen[benchNames(r.Run)[name]]++
	}
	if len(seen) != 5 {
		t.Errorf("%d names of 5: %v", len(seen), seen)
	}
	all := texts(t, r, change.Comparison{})
	for _, name := range []string{"bencher.run", "openmetrics.run"} {
		lines := map[string]bool{}
		n := 0
		for _, line := range bytes.Split([]byte(all[name]), []byte("\n")) {
			if bytes.HasPrefix(line, []byte(`  "c `)) || bytes.HasPrefix(line, []byte(`alloclab_rss_idle_bytes{`)) {
				lines[string(line)] = true
				n++
			}
		}
		if len(lines) != 5 || n != 5 {
			t.Errorf("%s: %d of %d lines differ, want 5: %s", name, len(lines), n, fmt.Sprint(lines))
		}
	}
}
