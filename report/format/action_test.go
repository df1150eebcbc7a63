package format

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestActionSchema: each entry is as github-action-benchmark's schema wants it
// (BenchmarkResult in its src/extract.ts, at c38cce98): name, unit and a number, range and extra
// as texts where they are, and nothing that it would drop.
func TestActionSchema(t *testing.T) {
	found := 0
	for name, text := range texts(t, fixture(cells, variants, 7), verdicts(cells[0], variants[1])) {
		if !strings.HasPrefix(name, "action-") {
			continue
		}
		var entries []map[string]any
		if err := json.Unmarshal([]byte(text), &entries); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, e := range entries {
			found++
			for key, value := range e {
				_, isText := value.(string)
				if _, isNumber := value.(float64); key == "value" && !isNumber || key != "value" && !isText || !slices.Contains([]string{"name", "unit", "value", "range", "extra"}, key) {
					t.Errorf("%s: %s is %v", name, key, value)
				}
			}
			if e["name"] == "" || e["name"] == nil || e["unit"] == nil || e["value"] == nil {
				t.Errorf("%s: %v", name, e)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d entries", found)
	}
}
