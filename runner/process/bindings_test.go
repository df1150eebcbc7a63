package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The dynamic linker's words as Debian 12's says them of redis-server and of
// Python, which is no PIE and has a stub for free.
func TestBindings(t *testing.T) {
	for _, c := range []struct{ name, text, served, fault string }{
		{"preloaded", "     31103:\tbinding file /lib/libc.so.6 [0] to /lib/libjemalloc.so.2 [0]: normal symbol `malloc' [GLIBC_2.2.5]\n" +
			"     31103:\tbinding file /usr/bin/redis-server [0] to /lib/libjemalloc.so.2 [0]: normal symbol `malloc'\n" +
			"     31103:\tbinding file /lib/libjemalloc.so.2 [0] to /lib/libjemalloc.so.2 [0]: normal symbol `mallocx'\n", "/lib/libjemalloc.so.2", ""},
		{"stub", "1:\tbinding file /usr/bin/python3 [0] to /lib/libc.so.6 [0]: normal symbol `free'\n" +
			"1:\tbinding file /lib/libc.so.6 [0] to /usr/bin/python3 [0]: normal symbol `free' [GLIBC_2.2.5]\n" +
			"1:\tbinding file /lib/libz.so.1 [0] to /usr/bin/python3 [0]: normal symbol `free'\n", "/lib/libc.so.6", ""},
		{"two", "1:\tbinding file /a b [0] to /lib/libc.so.6 [0]: normal symbol `malloc'\n1:\tbinding file /c [0] to /lib/libc.so.6 [0]: normal symbol `calloc'\n" +
			"1:\tbinding file /x.so [0] to /own.so [0]: normal symbol `malloc'\n", "/lib/libc.so.6", "/x.so gets its memory from /own.so"},
		{"only itself", "1:\tbinding file /a [0] to /a [0]: normal symbol `malloc'\n", "/a", ""},
		{"another's cache", "1:\tbinding file /a [0] to /lib/libc.so.6 [0]: normal symbol `malloc'\n1:\tbinding file /je [0] to /je [0]: normal symbol `malloc'\n", "/lib/libc.so.6", ""},
		{"nothing", "1:\tcalling init: /a\n1:\tbinding file /a [0] to /b [0]: normal symbol `puts'\n", "", "nothing in it"},
	} {
		b := bound{}
		if err := b.read(strings.NewReader(c.text)); err != nil {
			t.Fatal(err)
		}
		served, err := b.bindings("/usr/bin/python3").ServedBy()
		if served != c.served || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %q, %v; want %q, %q", c.name, served, err, c.served, c.fault)
		}
	}
}

// The real linker says of a real program that the preloaded library serves it,
// and leaves nothing behind.
func TestAskLinker(t *testing.T) {
	dir := t.TempDir()
	program := compile(t, dir, "program", "#include <stdlib.h>\nint main(void){ return malloc(8) == 0; }", "-fno-builtin")
	library := compile(t, dir, "libown.so", "#include <stddef.h>\nvoid *malloc(size_t n){ return (void *)n; } void free(void *p){ (void)p; }", "-shared", "-fPIC", "-fno-builtin")
	for preload, want := range map[string]string{"": "libc.so.6", library: library} {
		answers := t.TempDir()
		b, err := AskLinker([]string{"LD_PRELOAD=" + preload}, program, answers, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		served, err := b.ServedBy()
		if err != nil || !strings.HasSuffix(served, want) {
			t.Errorf("under %q: %q, %v", preload, served, err)
		}
		if left, _ := os.ReadDir(answers); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if _, err := AskLinker(nil, filepath.Join(dir, "nothing"), dir, 10*time.Second); err == nil {
		t.Error("a program that is not there was answered for")
	}
}

func FuzzBindings(f *testing.F) {
	f.Add("1:\tbinding file /a [0] to /b [0]: normal symbol `malloc' [GLIBC_2.2.5]\n")
	f.Add("binding file  [0] to [0]: symbol `malloc'\nbinding file a to b: symbol `free'")
	f.Fuzz(func(t *testing.T, text string) {
		b := bound{}
		_ = b.read(strings.NewReader(text))
		all := b.bindings("/a")
		if served, err := all.ServedBy(); (served == "") != (len(all) == 0) {
			t.Errorf("%q, %v of %v", served, err, all)
		}
	})
}
