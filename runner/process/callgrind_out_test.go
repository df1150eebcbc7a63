package process

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadCallgrind reads what callgrind 3.19 wrote of bin/plain-threads4k,
// shortened to some lines of cost a part.
func TestReadCallgrind(t *testing.T) {
	f, err := os.Open("testdata/callgrind/plain.out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parts, err := ReadCallgrind(f)
	if err != nil {
		t.Fatal(err)
	}
	want := []CallgrindPart{
		{"--dump-before=kit_everyone", 155056}, {"--dump-before=kit_everyone", 531753},
		{"--dump-before=kit_everyone", 48639}, {"Program termination", 13531},
	}
	if d := cmp.Diff(want, parts); d != "" {
		t.Error(d)
	}
}

func TestReadCallgrindFaults(t *testing.T) {
	for text, want := range map[string]string{
		"part: 1\nevents: Ir\nsummary: 5\n":               "ends in the middle",
		"part: 1\nevents: Ir\nsummary: 5\ntotals: 6\n":    "line 4: the summary says 5",
		"part: 1\nevents: Ir Dr\nsummary: 5\ntotals: 5\n": "other things",
		"totals: 5\n":                                              "belongs to no part",
		"part: 1\nsummary: 5 6\n":                                  "no count",
		"part: 1\nsummary: -5\n":                                   "no count",
		"part: 1\nsummary: 5\ntotals: 5\ntotals: 5\n":              "belongs to no part",
		"part: 1\nsummary: 5\npart: 2\nsummary: 5\ntotals: 5\n":    "has no totals",
		"part: 1\nfn=" + strings.Repeat("x", 200<<10) + "\nfoo: 1": "ends in the middle",
	} {
		if parts, err := ReadCallgrind(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v and %v, want an error with %q", text, parts, err, want)
		}
	}
}

// FuzzReadCallgrind: no file makes the reader panic, and no part is counted
// that the file does not sum up.
func FuzzReadCallgrind(f *testing.F) {
	text, err := os.ReadFile("testdata/callgrind/plain.out")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("part: 1\nsummary: 5\ntotals: 5")
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := ReadCallgrind(strings.NewReader(text))
		if err == nil && len(parts) > strings.Count(text, "totals") {
			t.Fatalf("%d parts of %d", len(parts), strings.Count(text, "totals"))
		}
	})
}
