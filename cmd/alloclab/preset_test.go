package main

import (
	"os"
	"strings"
	"testing"

	"alloclab/analysis/change"
	"alloclab/analysis/stat"
	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner"
)

// TestPresetsForComparison: in a preset that says what it is gated by, every
// verdict can be reached with its rounds, and ci keeps its five minutes.
func TestPresetsForComparison(t *testing.T) {
	binaries := runner.Binaries{Dir: programs(t)}
	workloads, err := binaries.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	catalog := runner.Catalog(workloads)
	gated := 0
	for _, preset := range configs.Presets() {
		e, err := configs.Load(preset.Name, catalog)
		if err != nil {
			t.Fatal(err)
		}
		if e.Gate.Metrics == nil {
			continue
		}
		gated++
		rounds, family, err := change.RoundsFor(change.Rules{Metrics: e.Gate.Metrics}, judgedIn(e), len(e.Variants))
		if err != nil || e.Rounds < rounds {
			t.Errorf("%s has %d rounds, and among %d tests it takes %d, %v", preset.Name, e.Rounds, family, rounds, err)
		}
		// By hand: two of all C(2n, n) deals are extreme, and Holm multiplies by the family.
		deals := 1.0
		for i := 1; i <= e.Rounds; i++ {
			deals *= float64(e.Rounds+i) / float64(i)
		}
		p := 2 / deals * float64(family)
		t.Logf("%s: %d rounds, %d tests, smallest p after Holm %.2g (exact arithmetic %.2g)", preset.Name, e.Rounds, family, stat.SmallestP(e.Rounds, e.Rounds)*float64(family), p)
		if p >= change.Alpha || family != e.Cells(results.PassTime)*len(e.Variants)*2 {
			t.Errorf("%s: the smallest p that %d rounds give among %d tests is %g", preset.Name, e.Rounds, family, p)
		}
		preview, err := runner.PreviewOf(e, catalog, binaries)
		if err != nil || preview.Seconds > 270 {
			t.Errorf("%s takes %.0f s, %v: ci promises five minutes, and machines differ", preset.Name, preview.Seconds, err)
		}
	}
	if gated == 0 {
		t.Error("no preset is gated")
	}
}

// TestDocumentedGate: the gate that docs/comparing.md shows is one.
func TestDocumentedGate(t *testing.T) {
	text, err := os.ReadFile("../../docs/comparing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```toml\n")
	block, _, _ = strings.Cut(block, "```")
	g, given, err := configs.ParseGate("docs/comparing.md", []byte(block), results.Judged())
	if !found || !given || err != nil || len(g.Metrics) != 3 || g.MinEffect[results.MetricRSSIdle] != 0.05 {
		t.Errorf("%+v, %v", g, err)
	}
}
