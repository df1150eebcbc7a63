package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compile builds a small C program.
func compile(t *testing.T, dir, name, source string, flags ...string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	cmd := exec.Command("cc", append(flags, "-O0", "-x", "c", "-o", path, "-")...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// Programs into which nothing can be preloaded are refused with a reason and
// with what to do: the dynamic linker itself says nothing of them.
func TestCheckProgram(t *testing.T) {
	dir := t.TempDir()
	const empty = "int main(void){ return 0; }"
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := compile(t, dir, "good", empty)
	image, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	patched := func(name string, at int, with byte) string {
		b := append([]byte(nil), image...)
		b[at] = with
		return put(name, string(b), 0o755)
	}
	goProgram := filepath.Join(dir, "go")
	source := put("main.go", "package main\nfunc main() {}\n", 0o644)
	build := exec.Command("go", "build", "-o", goProgram, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct{ name, path, reason, remedy string }{
		{"good", good, "", ""},
		{"script", put("script", "#! "+good+" -x\n", 0o755), "", ""},
		{"missing", filepath.Join(dir, "nothing"), "does not exist", "name a program"},
		{"static", compile(t, dir, "static", empty, "-static"), "linked statically", "without -static"},
		{"static pie", compile(t, dir, "static-pie", empty, "-static-pie"), "linked statically", "without -static"},
		{"go", goProgram, "Go program without cgo", "CGO_ENABLED=1"},
		{"musl", compile(t, dir, "musl", empty, "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"), "musl", "glibc"},
		{"other linker", compile(t, dir, "other", empty, "-Wl,--dynamic-linker=/lib/run.so"), "started by /lib/run.so", "glibc"},
		{"no linker", compile(t, dir, "none", empty, "-Wl,--dynamic-linker=/nowhere/ld-linux-x86-64.so.2"), "is not here", "install"},
		{"32 bit", patched("class", 4, 1), "32-bit program", "this machine"},
		{"machine", patched("machine", 18, 183), "another processor", "this machine"},
		{"text", put("text", "just some text, no program at all", 0o755), "not an ELF", "this machine"},
		{"not executable", put("plain", string(image), 0o644), "no program that can be run", "executable"},
		{"truncated", put("short", string(image[:30]), 0o755), "truncated", "again"},
		{"script of nothing", put("void", "#!\n", 0o755), "names no interpreter", "write one"},
		{"script of a missing one", put("lost", "#!/nowhere/sh\n", 0o755), "does not exist", "name a program"},
		{"script of itself", put("loop", "#!"+filepath.Join(dir, "loop")+"\n", 0o755), "script whose interpreter is a script", "itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := CheckProgram(c.path)
			var unfit *UnfitError
			switch {
			case c.reason == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &unfit) || !strings.Contains(unfit.Reason, c.reason) || !strings.Contains(unfit.Remedy, c.remedy):
				t.Errorf("%v; want %q and %q", err, c.reason, c.remedy)
			}
		})
	}
}

// A program that gains a privilege when it is started loses LD_PRELOAD, unless
// it gains nothing: the owner is who starts it.
func TestPrivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a program of another user")
	}
	path := compile(t, t.TempDir(), "program", "int main(void){ return 0; }")
	for _, c := range []struct {
		uid, gid int
		mode     os.FileMode
		reason   string
	}{
		{0, 0, 0o755 | os.ModeSetuid, ""}, {1, 0, 0o755 | os.ModeSetuid, "is setuid"},
		{0, 1, 0o755 | os.ModeSetgid, "is setgid"}, {0, 0, 0o755 | os.ModeSetgid, ""},
	} {
		if err := errors.Join(os.Chown(path, c.uid, c.gid), os.Chmod(path, c.mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := CheckProgram(path); (err == nil) != (c.reason == "") || err != nil && !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A malloc of the program's own is seen, whether it shows it to others or not.
func TestOwnMalloc(t *testing.T) {
	const own = "#include <stddef.h>\nvoid *malloc(size_t n){ return (void *)n; }\nint main(void){ return malloc(8) == 0; }"
	for _, c := range []struct {
		flags           []string
		exports, hidden bool
	}{
		{[]string{"-fno-builtin", "-rdynamic"}, true, false},
		{[]string{"-fno-builtin", "-fvisibility=hidden"}, false, true},
	} {
		p, err := CheckProgram(compile(t, t.TempDir(), "own", own, c.flags...))
		if err != nil || p.Exports != c.exports || p.Hidden != c.hidden {
			t.Errorf("%v: %+v, %v", c.flags, p, err)
		}
	}
}
