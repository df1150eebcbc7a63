package allocators

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func named(t *testing.T, name string) Allocator {
	t.Helper()
	a, ok := ByName(name)
	if !ok {
		t.Fatalf("no allocator %s", name)
	}
	return a
}

func TestEnvironment(t *testing.T) {
	for _, test := range []struct {
		allocator string
		knobs     map[string]any
		want      []string
	}{
		{"ptmalloc", nil, nil},
		{"ptmalloc", map[string]any{"trim_threshold": int64(131072), "arena_max": int64(1)},
			[]string{"GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=131072"}},
		{"jemalloc", nil, []string{"MALLOC_CONF=abort_conf:true"}},
		{"jemalloc", map[string]any{"background_thread": true, "dirty_decay_ms": int64(-1), "thp": "never"},
			[]string{"MALLOC_CONF=abort_conf:true,dirty_decay_ms:-1,background_thread:true,thp:never"}},
		{"tcmalloc", map[string]any{"release_rate": 2.5, "aggressive_decommit": false},
			[]string{"TCMALLOC_RELEASE_RATE=2.5", "TCMALLOC_AGGRESSIVE_DECOMMIT=0"}},
		{"tcmalloc", map[string]any{"release_rate": int64(10)}, []string{"TCMALLOC_RELEASE_RATE=10"}},
		{"mimalloc", map[string]any{"page_reset": true, "decommit_delay": int64(0)},
			[]string{"MIMALLOC_DECOMMIT_DELAY=0", "MIMALLOC_PAGE_RESET=1"}},
		{"tbbmalloc", map[string]any{"use_huge_pages": true}, []string{"TBB_MALLOC_USE_HUGE_PAGES=1"}},
	} {
		got, err := named(t, test.allocator).Environment(test.knobs)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s %v: got %q, %v; want %q", test.allocator, test.knobs, got, err, test.want)
		}
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for _, test := range []struct {
		allocator, knob string
		value           any
		want            string
	}{
		{"ptmalloc", "arena_mx", int64(1), `ptmalloc has no knob "arena_mx"`},
		{"ptmalloc", "arena_max", int64(0), "outside 1 to"},
		{"ptmalloc", "arena_max", int64(-5), "outside 1 to"},
		{"ptmalloc", "arena_max", "one", "want a whole number"},
		{"ptmalloc", "arena_max", 1.0, "want a whole number"},
		{"ptmalloc", "tcache_count", int64(70000), "outside 0 to"},
		{"jemalloc", "narenas", int64(1000000), "outside 1 to 4094"},
		{"jemalloc", "tcache_max", int64(9 << 20), "outside"},
		{"jemalloc", "thp", "maybe", `want one of ["default" "always" "never"]`},
		{"jemalloc", "thp", true, "want one of"},
		{"jemalloc", "background_thread", "true", "want true or false"},
		{"tcmalloc", "release_rate", math.NaN(), "want a number"},
		{"tcmalloc", "release_rate", math.Inf(1), "outside"},
		{"tcmalloc", "release_rate", "banana", "want a number"},
		{"tcmalloc", "max_total_thread_cache_bytes", int64(4096), "outside"},
		{"mimalloc", "reset_delay", int64(1), "no knob"},
		{"tbbmalloc", "arena_max", int64(1), "no knob"},
	} {
		lines, err := named(t, test.allocator).Environment(map[string]any{test.knob: test.value})
		if err == nil || !strings.Contains(err.Error(), test.want) || lines != nil {
			t.Errorf("%s %s=%v: got %q, %v; want an error with %q", test.allocator, test.knob, test.value, lines, err, test.want)
		}
	}
}

func TestTablesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range All() {
		if named := a.Name == "other"; named == (len(a.Sonames) > 0) || named == (a.Package != "") {
			t.Errorf("%s: every allocator has a library and a package but the one whose library the user names", a.Name)
		}
		if seen[a.Name] || a.environment == nil || a.clock == nil {
			t.Errorf("%s: its name is taken or something is missing", a.Name)
		}
		seen[a.Name] = true
		knobs := map[string]bool{}
		for _, k := range a.Knobs {
			if knobs[k.Name] || k.Doc == "" || k.Source == "" || k.native == "" {
				t.Errorf("%s: knob %s is there twice or lacks a text", a.Name, k.Name)
			}
			knobs[k.Name] = true
			if numeric := k.Kind != KindBool && k.Kind != KindChoice; numeric != (k.Max > k.Min) || (k.Kind == KindChoice) != (k.Choices != nil) {
				t.Errorf("%s: knob %s: range or choices do not fit its kind", a.Name, k.Name)
			}
		}
		for _, r := range a.Remedies() {
			if _, err := a.Environment(r.Knobs); err != nil || len(r.Knobs) == 0 && r.PurgeEvery == 0 || r.PurgeEvery > 0 && a.Purge == "" || r.Doc == "" || r.Source == "" {
				t.Errorf("%s: remedy %q: %v", a.Name, r.Name, err)
			}
		}
	}
	if _, ok := ByName("nosuchmalloc"); ok {
		t.Error("found what does not exist")
	}
}
