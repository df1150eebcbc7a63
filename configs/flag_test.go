package configs

import (
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	for text, want := range map[string]int64{"8GiB": 8 << 30, "512MiB": 512 << 20, "1 GB": 1e9} {
		if got, err := Bytes(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]float64{"7d": 604800, "90s": 90, "250ms": .25, "1.5h": 5400} {
		if got, err := Duration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"8": "has no unit", "8Gib": `did you mean "8GiB"?`, "much": "cannot read", "": "cannot read"} {
		if _, err := Bytes(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Duration("5 weeks"); err == nil || !strings.Contains(err.Error(), "the units are ns") {
		t.Errorf("%v", err)
	}
}
