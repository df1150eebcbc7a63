package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGroupVersions looks at what is written where, in a folder that stands
// for a hierarchy: version 1 is real in package runner's TestOutOfMemory, and
// few machines have both.
func TestGroupVersions(t *testing.T) {
	for version, files := range map[string]struct{ limit, events, text string }{
		"v1": {"memory.limit_in_bytes", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"},
		"v2": {"memory.max", "memory.events", "low 0\nhigh 0\nmax 12\noom 4\noom_kill 3\noom_group_kill 0\n"},
	} {
		parent := t.TempDir()
		g, err := NewGroup(parent, version, 64<<20)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(g.dir, files.limit)); err != nil || string(text) != "67108864" {
			t.Errorf("%s: %s holds %q, %v", version, files.limit, text, err)
		}
		if _, err := g.Killed(); err == nil {
			t.Errorf("%s: kills are told without %s", version, files.events)
		}
		if err := os.WriteFile(filepath.Join(g.dir, files.events), []byte(files.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if n, err := g.Killed(); n != 3 || err != nil {
			t.Errorf("%s: %d kills, %v; want 3", version, n, err)
		}
		if err := g.Add(4711); err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.procs")); string(text) != "4711" {
			t.Errorf("%s: cgroup.procs holds %q", version, text)
		}
		if !strings.HasPrefix(filepath.Base(g.dir), "alloclab-") {
			t.Errorf("%s: the group is called %s", version, g.dir)
		}
	}
	if _, err := NewGroup(filepath.Join(t.TempDir(), "nowhere"), "v2", 1); err == nil {
		t.Error("a group was made below nothing")
	}
}
