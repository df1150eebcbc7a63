package inspect

import (
	"slices"
	"strings"
	"testing"

	"alloclab/results"
)

// What only another run can tell names the command that would, with the program's own path.
func TestQuestionsNameExec(t *testing.T) {
	arenas := &results.PtmallocHeaps{Arenas: make([]results.InspectedArena, 3)}
	for name, c := range map[string]struct {
		serves string
		object string
		exe    string
		heaps  *results.PtmallocHeaps
		want   []string // each is part of a command
	}{
		"ptmalloc": {"ptmalloc", "/lib/libc.so.6", "/usr/bin/server", arenas, []string{
			"alloclab exec --variant ptmalloc --variant ptmalloc,arena_max=1 --duration 1m -- /usr/bin/server ARGUMENT…",
			"alloclab exec --census --variant ptmalloc --duration 1m -- /usr/bin/server ARGUMENT…",
			"alloclab exec --duration 1m -- /usr/bin/server ARGUMENT…",
		}},
		"one arena": {"ptmalloc", "/lib/libc.so.6", "/usr/bin/server", nil, []string{
			"alloclab exec --census --variant ptmalloc", "alloclab exec --duration 1m -- /usr/bin/server ARGUMENT…",
		}},
		"jemalloc": {"jemalloc", "/lib/libjemalloc.so.2", "/usr/bin/redis-check-rdb (deleted)", nil, []string{
			"alloclab exec --variant jemalloc --variant jemalloc,background_thread=true,dirty_decay_ms=1000 --after 30s --duration 1m -- /usr/bin/redis-check-rdb ARGUMENT…",
			"alloclab exec --census --variant jemalloc", "alloclab exec --duration 1m",
		}},
		"mimalloc, path of words":    {"mimalloc", "/lib/libmimalloc.so.2", "/srv/it's here/x", nil, []string{`--census --variant mimalloc --duration 1m -- '/srv/it'\''s here/x' ARGUMENT…`, "alloclab exec --duration 1m"}},
		"unknown, path of nobody":    {"unknown", "/lib/libx.so", "", nil, []string{"--census --variant ptmalloc --duration 1m -- PROGRAM ARGUMENT…", "alloclab exec --duration 1m -- PROGRAM"}},
		"an allocator of its own":    {"tcmalloc", "/bin/own", "/bin/own", nil, []string{"built without it first", "built without it first"}},
		"what no glibc program does": {"musl", "/lib/ld-musl-x86_64.so.1", "/bin/busybox", nil, []string{"built against glibc first", "built against glibc first"}},
	} {
		i := &results.Inspection{Process: results.InspectedTask{PID: 1, Exe: c.exe}, Serves: &results.Server{Allocator: c.serves, Object: c.object, Proved: true}, Ptmalloc: c.heaps}
		var named []string
		for _, q := range questions(i) {
			if strings.HasPrefix(q.Command, "alloclab exec ") {
				named = append(named, q.Command)
				if len(q.Warnings) == 0 {
					t.Errorf("%s: %q warns of nothing", name, q.Command)
				}
			}
		}
		if len(named) != len(c.want) {
			t.Fatalf("%s: %q", name, named)
		}
		for _, want := range c.want {
			if !slices.ContainsFunc(named, func(command string) bool { return strings.Contains(command, want) }) {
				t.Errorf("%s: %q is not in %q", name, want, named)
			}
		}
	}
	if all := questions(&results.Inspection{Go: &results.GoRuntime{}}); len(all) != 1 || strings.Contains(all[0].Command, "alloclab") {
		t.Errorf("of a Go program without malloc: %+v", all)
	}
}
