package proc

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// TestFindByEnvironment looks for a survivor in a session of its own, whose
// parent has ended.
func TestFindByEnvironment(t *testing.T) {
	key, value := "ALLOCLAB_PROC_TEST", fmt.Sprint(os.Getpid())
	// The survivor says when it runs, for in the middle of an execve it would
	// have no environment, and stops itself so as not to end with its pipes.
	cmd := exec.Command("/bin/sh", "-c", "setsid /bin/sh -c 'echo ready; kill -STOP $$' & read go")
	cmd.Env = append(os.Environ(), key+"="+value)
	c := startReady(t, cmd)
	p := openChild(t, c)
	env, err := p.Environ()
	if err != nil || !slices.Equal(env, cmd.Env) {
		t.Errorf("environment %q, %v", env, err)
	}
	args, err := p.Cmdline()
	if err != nil || !slices.Equal(args, cmd.Args) {
		t.Errorf("arguments %q, %v", args, err)
	}
	fs := NewFS("/")
	both, err := fs.FindByEnvironment(key, value)
	if err != nil || len(both) != 2 || !slices.Contains(both, c.pid()) {
		t.Errorf("%v, %v: want the shell %d and its child", both, err, c.pid())
	}
	c.end()
	left, err := fs.FindByEnvironment(key, value)
	for _, pid := range left {
		killTest(pid)
	}
	if err != nil || len(left) != 1 || left[0] == c.pid() {
		t.Errorf("survivors %v, %v: want the child alone", left, err)
	}
	if found, err := fs.FindByEnvironment(key, value+"0"); err != nil || found != nil {
		t.Errorf("a longer value: %v, %v", found, err)
	}
}

func TestHasEntry(t *testing.T) {
	for _, c := range []struct {
		text, want string
		has        bool
	}{
		{"A=1\x00B=2\x00", "B=2", true},
		{"A=1\x00B=2", "B=2", true},
		{"A=1\x00B=22\x00", "B=2", false},
		{"XB=2\x00", "B=2", false},
		{"A=B=2\x00", "B=2", false},
		{"", "B=2", false},
	} {
		if got := hasEntry(c.text, c.want); got != c.has {
			t.Errorf("%q has %q: %v", c.text, c.want, got)
		}
	}
	for text, want := range map[string][]string{
		"": nil, "a\x00": {"a"}, "a\x00\x00b": {"a", "", "b"}, "a\x00b\x00": {"a", "b"},
	} {
		if got := splitNUL(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzEnviron(f *testing.F) {
	f.Add("A=1\x00B=2\x00", "A=1")
	f.Fuzz(func(t *testing.T, text, want string) {
		list := splitNUL(text)
		if slices.Contains(list, want) && !hasEntry(text, want) {
			t.Errorf("%q in %q", want, text)
		}
	})
}
