package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alloclab/allocators"
	"alloclab/configs"
)

// TestPresets: every preset can be run with what the programs really offer.
func TestPresets(t *testing.T) {
	programs := binaries(t, "ptmalloc")
	workloads, err := programs.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	catalog := Catalog(workloads)
	for _, preset := range configs.Presets() {
		e, err := configs.Load(preset.Name, catalog)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		p, err := PreviewOf(e, catalog, programs)
		if err != nil {
			t.Errorf("%s: %v", preset.Name, err)
			continue
		}
		if preset.Name == "quick" && p.Seconds > 60 {
			t.Errorf("quick takes %.0f s, and promises a minute", p.Seconds)
		}
		if preset.Name == "curve" {
			watchesLongEnough(t, e)
		}
	}
}

// TestDocumentedExperiments: what the README and the documentation show as an
// experiment is one.
func TestDocumentedExperiments(t *testing.T) {
	programs := binaries(t, "ptmalloc")
	workloads, err := programs.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"../README.md", "../docs/experiments.md", "../docs/programs.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, block := range strings.Split(string(text), "```toml\n")[1:] {
			found++
			source, _, _ := strings.Cut(block, "```")
			e, err := configs.Parse(file, []byte(source), Catalog(workloads))
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for _, v := range e.Variants {
				a, _ := allocators.ByName(v.Allocator)
				if _, err := a.Environment(v.Knobs); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s shows no experiment", file)
		}
	}
}

// The experiments that documentation offers to run are whole.
func TestExampleExperiments(t *testing.T) {
	files, _ := filepath.Glob("../docs/examples/*.toml")
	if len(files) < 4 {
		t.Fatalf("only %d examples", len(files))
	}
	for _, file := range files {
		if e, err := configs.Load(file, Catalog(nil)); err != nil || len(e.Programs) == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// watchesLongEnough: curve says of each variant what it keeps, so its window
// must be longer than every clock of time.
func watchesLongEnough(t *testing.T, e *configs.Experiment) {
	t.Helper()
	idle := 0.0
	for _, axis := range e.Workloads[0].Params {
		if axis.Name == "idle" {
			idle = axis.Values[0].(float64)
		}
	}
	for _, v := range e.Variants {
		r, err := resolve(v, Binaries{built.dir}, t.TempDir())
		if v.Allocator == "pages" || v.Allocator == "tbbmalloc" {
			continue // preloaded, and without a clock of time
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Clock.Watch >= idle {
			t.Errorf("%s's clock runs %.0f s and curve watches %.0f s", v.Label, r.Clock.Watch, idle)
		}
	}
}
