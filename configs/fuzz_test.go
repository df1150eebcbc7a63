package configs

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
)

// FuzzParse: no text makes Parse panic, every fault stands inside the text,
// and every key that the library decodes has its place.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(source) < 2000 { // a long seed slows every mutation of it
			f.Add(string(source))
		}
	}
	for _, text := range positionTexts {
		f.Add(text)
	}
	for _, preset := range Presets() {
		f.Add(string(preset.Source))
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := Parse("fuzz.toml", []byte(source), testCatalog)
		if err != nil {
			checkFaults(t, source, err)
		} else if len(e.Variants) == 0 || len(e.Workloads) == 0 || e.Rounds < 1 || e.TimeLimit <= 0 {
			t.Errorf("accepted: %+v", e)
		} else if again, err := Parse("fuzz.toml", []byte(e.TOML(testCatalog)), testCatalog); err != nil {
			t.Errorf("accepted, and refused as it was written down: %v\n%s", err, e.TOML(testCatalog))
		} else if !reflect.DeepEqual(contents(again), contents(e)) {
			t.Errorf("written down as another one: %+v\nand not %+v", again, e)
		}
		values := map[string]any{}
		root, deep := scan(source)
		if deep != nil || len(source) > 500 {
			return // checkPlaces is slow
		}
		if _, err := toml.Decode(source, &values); err == nil {
			checkPlaces(t, source, "", values, root)
		}
	})
}

// contents is an experiment without what says where it was read.
func contents(e *Experiment) Experiment {
	c := *e
	c.File, c.Source, c.Remedies = "", nil, false
	c.Variants, c.Workloads = slices.Clone(e.Variants), slices.Clone(e.Workloads)
	for i := range c.Variants {
		c.Variants[i].At = Position{}
	}
	c.Gate, c.Programs = Gate{}, slices.Clone(e.Programs)
	for i := range c.Programs {
		c.Programs[i].At = Position{}
	}
	for i := range c.Workloads {
		c.Workloads[i].At = Position{}
	}
	return c
}
