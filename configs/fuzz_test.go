package configs

import (
	"os"
	"path/filepath"
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
