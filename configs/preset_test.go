package configs

import "testing"

func TestPresets(t *testing.T) {
	presets := Presets()
	if len(presets) == 0 {
		t.Fatal("no presets")
	}
	for _, preset := range presets {
		e, err := Parse(preset.Name, preset.Source, testCatalog)
		if err != nil {
			t.Errorf("preset %s: %v", preset.Name, err)
			continue
		}
		if e.Name != preset.Name {
			t.Errorf("preset %s calls itself %q", preset.Name, e.Name)
		}
		if len(preset.Doc) < 20 || preset.Source[0] != '#' {
			t.Errorf("preset %s: its first line must be a comment that says what it shows: %q", preset.Name, preset.Doc)
		}
	}
}

// The first thing that a user runs: three allocators side by side, in less
// than a minute of measured windows.
func TestQuick(t *testing.T) {
	e, err := Load("quick", testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	labels := ""
	for _, v := range e.Variants {
		labels += v.Label + " "
	}
	if labels != "ptmalloc jemalloc tcmalloc " || len(e.Workloads) != 1 || e.Workloads[0].Name != "threads4k" {
		t.Fatalf("variants %s, workloads %+v", labels, e.Workloads)
	}
	seconds := 0.0
	for _, axis := range e.Workloads[0].Params {
		if axis.Name == "duration" || axis.Name == "idle" {
			seconds += axis.Values[0].(float64)
		}
	}
	if all := seconds * float64(e.Rounds*len(e.Variants)*e.Workloads[0].cells()); all == 0 || all > 30 {
		t.Errorf("%v s of windows", all)
	}
}
