package allocators

import (
	"strings"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	for _, test := range []struct {
		allocator  string
		knobs      map[string]any
		kind       ClockKind
		duration   time.Duration
		watch      time.Duration
		onActivity bool
		says       string
	}{
		{"ptmalloc", nil, ClockTrim, 0, 0, true, "128 KiB, a threshold that rises"},
		{"ptmalloc", map[string]any{"trim_threshold": int64(4096)}, ClockTrim, 0, 0, true, "4096 bytes"},
		{"ptmalloc", map[string]any{"mmap_max": int64(0)}, ClockTrim, 0, 0, true, "frozen"},
		{"jemalloc", nil, ClockDecay, 10 * time.Second, 20 * time.Second, true, "silent"},
		{"jemalloc", map[string]any{"background_thread": true, "dirty_decay_ms": int64(1000)}, ClockDecay, time.Second, 2 * time.Second, false, "background"},
		{"jemalloc", map[string]any{"dirty_decay_ms": int64(0)}, ClockAtOnce, 0, 0, false, "at once"},
		{"jemalloc", map[string]any{"dirty_decay_ms": int64(0), "muzzy_decay_ms": int64(500)}, ClockDecay, 500 * time.Millisecond, time.Second, true, ""},
		{"jemalloc", map[string]any{"dirty_decay_ms": int64(-1)}, ClockNever, 0, 0, false, "purge only"},
		{"tcmalloc", nil, ClockPages, 0, 0, true, "every 1000 pages"},
		{"tcmalloc", map[string]any{"release_rate": int64(10)}, ClockPages, 0, 0, true, "every 100 pages"},
		{"tcmalloc", map[string]any{"release_rate": 0.0}, ClockNever, 0, 0, false, "purge only"},
		{"tcmalloc", map[string]any{"aggressive_decommit": true}, ClockAtOnce, 0, 0, false, ""},
		{"mimalloc", nil, ClockDecay, 500 * time.Millisecond, time.Second, true, "25 ms"},
		{"mimalloc", map[string]any{"allow_decommit": false}, ClockNever, 0, 0, false, ""},
		{"mimalloc", map[string]any{"decommit_delay": int64(0), "segment_decommit_delay": int64(0)}, ClockAtOnce, 0, 0, false, ""},
		{"tbbmalloc", nil, ClockUnknown, 0, 0, true, ""},
	} {
		c := named(t, test.allocator).Clock(test.knobs)
		if c.Kind != test.kind || c.Duration != test.duration || c.Watch != test.watch || c.OnActivity != test.onActivity ||
			!strings.Contains(c.Sentence, test.says) || c.Source == "" {
			t.Errorf("%s %v: got %+v", test.allocator, test.knobs, c)
		}
	}
}

func TestMillisecondsDoNotWrap(t *testing.T) {
	if d := milliseconds(1 << 60); d <= 0 {
		t.Errorf("got %v", d)
	}
}
