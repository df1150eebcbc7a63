package process

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
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

// A file with capabilities starts privileged (AT_SECURE), unless it is root who starts it (cap_bprm_creds_from_file in
// security/commoncap.c: the real user).
func TestCapabilities(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a file capabilities")
	}
	path := compile(t, t.TempDir(), "program", "int main(void){ return 0; }")
	// struct vfs_ns_cap_data, revision 2 with the effective bit (linux/capability.h): CAP_NET_BIND_SERVICE, which is 10.
	var value []byte
	for _, word := range []uint32{0x02000001, 1 << 10, 0, 0, 0} {
		value = binary.LittleEndian.AppendUint32(value, word)
	}
	if err := unix.Setxattr(path, "security.capability", value, 0); err != nil {
		t.Skipf("capabilities cannot be given to a file here: %v", err)
	}
	if _, err := CheckProgram(path); err != nil {
		t.Errorf("for root: %v", err)
	}
	err := asNobody(t, func() error { _, err := CheckProgram(path); return err })
	var unfit *UnfitError
	if !errors.As(err, &unfit) || !strings.Contains(unfit.Reason, "has file capabilities") || !strings.Contains(unfit.Remedy, "without that privilege") {
		t.Errorf("for another user: %v", err)
	}
	if err := unix.Removexattr(path, "security.capability"); err != nil {
		t.Fatal(err)
	}
	if err := asNobody(t, func() error { _, err := CheckProgram(path); return err }); err != nil {
		t.Errorf("without them: %v", err)
	}
}

// asNobody calls f on a thread whose real user is not root. Its effective one stays, which opens files.
func asNobody(t *testing.T, f func() error) error {
	t.Helper()
	runtime.LockOSThread()
	const nobody, keep = 65534, ^uintptr(0)
	set := func(uid uintptr) {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uid, keep, keep); errno != 0 {
			t.Fatalf("setresuid: %v", errno) // the thread is not let go, so nobody else runs on it
		}
	}
	set(nobody)
	err := f()
	set(0)
	runtime.UnlockOSThread()
	return err
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
