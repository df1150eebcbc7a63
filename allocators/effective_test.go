package allocators

import (
	"maps"
	"slices"
	"testing"
)

func TestEffective(t *testing.T) {
	for _, test := range []struct {
		name      string
		allocator string
		knobs     map[string]any
		told      Told
		effective map[string]string
		mismatch  []string
	}{
		{
			name: "glibc took it", allocator: "ptmalloc", knobs: map[string]any{"arena_max": int64(16), "mmap_max": int64(5)},
			told:      Told{Tunables: map[string]string{"glibc.malloc.arena_max": "0x10", "glibc.malloc.mmap_max": "5", "glibc.malloc.top_pad": "0x0"}},
			effective: map[string]string{"arena_max": "16", "mmap_max": "5"},
		}, {
			name: "glibc ignored it", allocator: "ptmalloc", knobs: map[string]any{"arena_max": int64(16)},
			told:      Told{Tunables: map[string]string{"glibc.malloc.arena_max": "0x0"}},
			effective: map[string]string{"arena_max": "not set"},
			mismatch:  []string{"arena_max: requested 16, effective not set"},
		}, {
			name: "glibc lists 0 for set and unset", allocator: "ptmalloc", knobs: map[string]any{"tcache_count": int64(0), "trim_threshold": int64(1)},
			told:      Told{Tunables: map[string]string{"glibc.malloc.tcache_count": "0x0", "glibc.malloc.trim_threshold": "0x1"}},
			effective: map[string]string{"tcache_count": "parsed", "trim_threshold": "1"},
		}, {
			name: "glibc, not asked", allocator: "ptmalloc", knobs: map[string]any{"arena_max": int64(1)},
			effective: map[string]string{"arena_max": "parsed"},
		}, {
			name: "jemalloc clips", allocator: "jemalloc", knobs: map[string]any{"tcache_max": int64(1 << 20), "background_thread": true},
			told:      Told{Identify: map[string]string{"opt.tcache_max": "32768", "opt.background_thread": "1", "opt.narenas": "8"}},
			effective: map[string]string{"tcache_max": "32768", "background_thread": "true", "narenas": "8"},
			mismatch:  []string{"tcache_max: requested 1048576, effective 32768"},
		}, {
			name: "jemalloc complains", allocator: "jemalloc",
			told: Told{Stderr: "hello\n<jemalloc>: Invalid conf pair: foo:1\n<jemalloc>: Out-of-range conf value: dirty_decay_ms:-5\n" +
				"<jemalloc>: Abort (abort_conf:true) on invalid conf value (see above).\n"},
			effective: map[string]string{},
			mismatch: []string{"foo: requested 1, effective refused: Invalid conf pair",
				"dirty_decay_ms: requested -5, effective refused: Out-of-range conf value"},
		}, {
			name: "tcmalloc took a fraction", allocator: "tcmalloc", knobs: map[string]any{"release_rate": int64(10), "transfer_num_obj": int64(64)},
			told:      Told{Identify: map[string]string{"opt.release_rate": "10"}},
			effective: map[string]string{"release_rate": "10", "transfer_num_obj": "parsed"},
		}, {
			name: "tcmalloc read 0", allocator: "tcmalloc", knobs: map[string]any{"release_rate": 2.5},
			told:      Told{Identify: map[string]string{"opt.release_rate": "0"}},
			effective: map[string]string{"release_rate": "0"},
			mismatch:  []string{"release_rate: requested 2.5, effective 0"},
		}, {
			name: "mimalloc complains", allocator: "mimalloc", knobs: map[string]any{"page_reset": true},
			told: Told{Identify: map[string]string{"opt.page_reset": "0"},
				Stderr: "mimalloc: warning: environment option mimalloc_page_reset has an invalid value.\n"},
			effective: map[string]string{"page_reset": "false"},
			mismatch: []string{"page_reset: requested true, effective false",
				"page_reset: requested a value, effective refused: it has an invalid value."},
		}, {
			name: "out of range after all", allocator: "mimalloc", knobs: map[string]any{"decommit_delay": int64(-1)},
			told:      Told{Identify: map[string]string{"opt.decommit_delay": "25"}},
			effective: map[string]string{"decommit_delay": "25"},
			mismatch:  []string{"decommit_delay: requested -1, effective refused: -1 is outside 0 to 1.073741824e+09"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			effective, mismatch := named(t, test.allocator).Effective(test.knobs, test.told)
			if !maps.Equal(effective, test.effective) {
				t.Errorf("effective: got %v, want %v", effective, test.effective)
			}
			var lines []string
			for _, m := range mismatch {
				lines = append(lines, m.String())
			}
			if !slices.Equal(lines, test.mismatch) {
				t.Errorf("mismatch: got %q, want %q", lines, test.mismatch)
			}
		})
	}
}

func TestParseTunables(t *testing.T) {
	got, err := parseTunables("glibc.malloc.arena_max: 0x1 (min: 0x1, max: 0xffffffffffffffff)\nglibc.cpu.x86_shstk:\n" +
		"glibc.malloc.mmap_max: 5 (min: 0, max: 2147483647)\n")
	want := map[string]string{"glibc.malloc.arena_max": "0x1", "glibc.cpu.x86_shstk": "", "glibc.malloc.mmap_max": "5"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "Usage: ld.so [OPTION]...\n"} {
		if got, err := parseTunables(bad); err == nil {
			t.Errorf("%q: got %v and no error", bad, got)
		}
	}
}

func FuzzParseTunables(f *testing.F) {
	f.Add("glibc.malloc.arena_max: 0x1 (min: 0x1, max: 0xffffffffffffffff)\nglibc.cpu.x86_shstk:\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseTunables(text); err == nil && len(got) == 0 {
			t.Error("neither tunables nor an error")
		}
	})
}
