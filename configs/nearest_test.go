package configs

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"threads", "blocks", "duration", "idle", "dirty_decay_ms", "cpus"}
	for given, want := range map[string]string{
		"threads": "threads", "thread": "threads", "Treads": "threads", "idel": "idle", "cpu": "cpus",
		"dirty-decay-ms": "dirty_decay_ms", "dirty_decay": "dirty_decay_ms", "DURATION": "duration", "durration": "duration",
		"backlog": "", "x": "", "ab": "", "": "", "idleness": "",
	} {
		if got := nearest(given, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", given, got, want)
		}
	}
	if got := nearest("threads", nil); got != "" {
		t.Errorf("nearest of none: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3}, {"abcd", "badc", 2},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if distance(c.a, c.b) != distance(c.b, c.a) {
			t.Errorf("distance of %q and %q is not symmetric", c.a, c.b)
		}
	}
}
