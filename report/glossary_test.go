package report

import (
	"slices"
	"strings"
	"testing"

	"alloclab/analysis"
	"alloclab/analysis/cause"
)

// TestMeanings: a word is explained where it is used, and nowhere else.
func TestMeanings(t *testing.T) {
	for name, c := range map[string]struct {
		f    analysis.Finding
		want []string
	}{
		"a cause by its word":      {analysis.Finding{Word: "steady", Head: "a keeps 3.0 MiB"}, []string{"steady"}},
		"a cause by its name":      {analysis.Finding{Head: "Cause: retention, not fragmentation."}, []string{"retention", "fragmentation"}},
		"a word of a part":         {analysis.Finding{Parts: []analysis.Part{{Text: "empty pages of units (spans, slabs)"}}}, []string{"page", "span", "slab"}},
		"a label is read as well":  {analysis.Finding{Parts: []analysis.Part{{Text: `under "b, 1 arena, decay 1 s"`}}}, []string{"arena", "decay"}},
		"words within other words": {analysis.Finding{Head: "spanning slabby clockwise heaped purgeable"}, nil},
		"the name of a call":       {analysis.Finding{Head: `mallctl("arena.4096.purge")`}, []string{"purge", "arena.4096"}},
		"nothing":                  {analysis.Finding{}, nil},
	} {
		var got []string
		for _, m := range Meanings([]analysis.Finding{c.f}) {
			got = append(got, m.Word)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, w := range []cause.Word{cause.Steady, cause.Growth, cause.Retention, cause.Fragmentation, cause.ThreadCache, cause.Metadata, cause.Rounding, cause.Mixed,
		cause.TooShort, cause.Leak} {
		if m := Meanings([]analysis.Finding{{Word: string(w)}}); len(m) != 1 || m[0].Word != strings.ReplaceAll(string(w), "_", " ") {
			t.Errorf("%s: %+v", w, m)
		}
	}
	if legend(nil) != "" {
		t.Error("there are words without findings")
	}
}
