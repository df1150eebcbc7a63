package configs

import (
	"slices"
	"strings"
	"testing"
)

func TestRemediesAreAppended(t *testing.T) {
	const workload = "\n[[workload]]\nname = \"threads4k\"\nidle = [\"4s\", \"30s\", \"0s\"]\n"
	for _, test := range []struct {
		name, variants string
		labels         []string
	}{
		{"of an allocator as it comes", `[[variant]]
allocator = "ptmalloc"`, []string{"ptmalloc", "ptmalloc malloc_trim every 1.3 s", "ptmalloc arena_max=1"}},
		{"one that is there under another label is not added", `[[variant]]
allocator = "ptmalloc"
[[variant]]
allocator = "ptmalloc"
label = "lonely"
knobs = { arena_max = 1 }`, []string{"ptmalloc", "lonely", "ptmalloc malloc_trim every 1.3 s"}},
		{"of a library", `[[variant]]
allocator = "jemalloc"
[[variant]]
allocator = "jemalloc"
label = "dev"
library = "/opt/l.so"`, []string{"jemalloc", "dev", "jemalloc background", "dev background"}},
		{"of none that is tuned", `[[variant]]
allocator = "jemalloc"
knobs = { thp = "never" }
[[variant]]
allocator = "ptmalloc"
purge_every = "2s"`, []string{"jemalloc thp=never", "ptmalloc purge_every=2s"}},
		{"of none that has none", `[[variant]]
allocator = "tcmalloc"`, []string{"tcmalloc"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := Parse("x.toml", []byte("remedies = true\n"+test.variants+workload), testCatalog)
			if err != nil {
				t.Fatal(err)
			}
			var labels []string
			for _, v := range e.Variants {
				labels = append(labels, v.Label)
			}
			if !slices.Equal(labels, test.labels) || !e.Remedies {
				t.Errorf("got %q, want %q", labels, test.labels)
			}
			without, err := Parse("x.toml", []byte("remedies = false\n"+test.variants+workload), testCatalog)
			if err != nil || len(without.Variants) > strings.Count(test.variants, "[[variant]]") || without.Remedies {
				t.Errorf("without remedies: %+v, %v", without, err)
			}
			// Written out it is the same experiment, remedies and all.
			again, err := Parse("y.toml", []byte(e.TOML(testCatalog)), testCatalog)
			if err != nil {
				t.Fatalf("%v\n%s", err, e.TOML(testCatalog))
			}
			for i, v := range again.Variants {
				if want := e.Variants[i]; v.Label != want.Label || v.PurgeEvery != want.PurgeEvery || len(v.Knobs) != len(want.Knobs) || v.Library != want.Library {
					t.Errorf("%+v became %+v", want, v)
				}
			}
		})
	}
}

func TestPurgePeriod(t *testing.T) {
	for idle, want := range map[string]float64{`"30s"`: 10, `"90s"`: 10, `"1s"`: 0.3, `"100ms"`: 0.1, `"0s"`: 10, `["9s", "6s"]`: 2} {
		e, err := Parse("x.toml", []byte("remedies = true\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"threads4k\"\nidle = "+idle), testCatalog)
		if err != nil || len(e.Variants) != 3 || e.Variants[1].PurgeEvery != want {
			t.Errorf("idle %s: %+v, %v; want a purge every %g s", idle, e, err, want)
		}
	}
}

func TestRemedyLabelIsTaken(t *testing.T) {
	_, err := Parse("x.toml", []byte("remedies = true\n[[variant]]\nallocator = \"ptmalloc\"\n[[variant]]\nallocator = \"jemalloc\"\nlabel = \"ptmalloc arena_max=1\"\n"+
		"[[workload]]\nname = \"threads4k\"\n"), testCatalog)
	if want := `x.toml:4:3: variant.label "ptmalloc arena_max=1" is the label of a remedy that is added to the variant of line 2; give this variant another label`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
