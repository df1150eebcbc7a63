package configs

import (
	"testing"

	"github.com/BurntSushi/toml"
)

// TestPresets looks at the texts; that each can be run is package runner's
// test, against what the programs really offer.
func TestPresets(t *testing.T) {
	presets := Presets()
	if len(presets) < 4 {
		t.Fatalf("%d presets", len(presets))
	}
	for _, preset := range presets {
		var values map[string]any
		if _, err := toml.Decode(string(preset.Source), &values); err != nil {
			t.Errorf("preset %s: %v", preset.Name, err)
		}
		if len(preset.Doc) < 20 || preset.Source[0] != '#' {
			t.Errorf("preset %s: its first line must be a comment that says what it shows: %q", preset.Name, preset.Doc)
		}
	}
}
