package process

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build compiles a shared library, or skips where there is no compiler.
func build(t *testing.T, path, source string, flags ...string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err := os.WriteFile(path+".c", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, append(flags, "-o", path, path+".c")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

const bumpAllocator = `
#include <stddef.h>
static char heap[1 << 20]; static size_t used;
void *malloc(size_t n) { void *p = heap + used; used += (n + 15) & ~(size_t)15; return p; }
void free(void *p) { (void)p; }
`

func TestCheckLibrary(t *testing.T) {
	dir := t.TempDir()
	good := build(t, dir+"/good.so", bumpAllocator, "-shared", "-fPIC", "-fno-builtin")
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	forge := func(name string, change func(b []byte) []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, change(append([]byte(nil), text...)), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	set := func(at int, values ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], values); return b }
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
	// segment changes a field of the first program header that is loaded.
	segment := func(field int, value uint64) func([]byte) []byte {
		return func(b []byte) []byte {
			at := int(binary.LittleEndian.Uint64(b[32:]))
			for elf.ProgType(binary.LittleEndian.Uint32(b[at:])) != elf.PT_LOAD {
				at += 56
			}
			binary.LittleEndian.PutUint64(b[at+field:], value)
			return b
		}
	}
	const offset, filesz = 8, 32
	if err := os.Symlink(dir+"/nowhere", dir+"/dangling.so"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"missing":              {dir + "/missing.so", "does not exist"},
		"dangling link":        {dir + "/dangling.so", "does not exist"},
		"no path":              {"", "does not exist"},
		"under a file":         {good + "/x.so", "not a directory"},
		"a directory":          {dir, "is not a file"},
		"a device":             {"/dev/zero", "is not a file"},
		"empty":                {forge("empty.so", cut(0)), "is empty"},
		"one byte":             {forge("one.so", cut(1)), "is not an ELF file"},
		"text":                 {forge("text.so", func([]byte) []byte { return []byte("#!/bin/sh\necho no library\n") }), "is not an ELF file"},
		"a linker script":      {forge("script.so", func([]byte) []byte { return []byte("/* GNU ld script */\nGROUP ( x )\n") }), "is not an ELF file"},
		"magic alone":          {forge("magic.so", cut(4)), "is truncated"},
		"header alone":         {forge("header.so", cut(64)), "is truncated"},
		"half":                 {forge("half.so", cut(len(text)/2)), "is truncated"},
		"all but the end":      {forge("end.so", cut(len(text)-1)), "is truncated"},
		"a segment too long":   {forge("long.so", segment(filesz, uint64(len(text)+1))), "is truncated"},
		"a segment far off":    {forge("far.so", segment(offset, 1<<40)), "is truncated"},
		"a segment that wraps": {forge("wrap.so", segment(filesz, 1<<64-1)), "is truncated"},
		"32 bits":              {forge("32.so", set(4, 1)), "is a 32-bit library"},
		"no class":             {forge("0.so", set(4, 0)), "is a 32-bit library"},
		"AArch64":              {forge("arm.so", set(18, 183, 0)), "is for another processor (EM_AARCH64"},
		"big endian":           {forge("big.so", set(5, 2)), "is for another processor"},
		"a program":            {forge("exec.so", set(16, 2, 0)), "is not a shared library (ET_EXEC)"},
		"an object":            {forge("rel.so", set(16, 1, 0)), "is not a shared library (ET_REL)"},
		"without malloc":       {build(t, dir+"/other.so", "int x(void) { return 1; }", "-shared", "-fPIC"), "exports no malloc and free"},
		"malloc alone":         {build(t, dir+"/half-allocator.so", "void *malloc(unsigned long n) { return (void *)n; }", "-shared", "-fPIC", "-fno-builtin"), "exports no malloc and free"},
		"that uses malloc":     {build(t, dir+"/user.so", "#include <stdlib.h>\nvoid x(void) { free(malloc(1)); }", "-shared", "-fPIC", "-fno-builtin"), "exports no malloc and free"},
		"malloc hidden":        {build(t, dir+"/hidden.so", bumpAllocator, "-shared", "-fPIC", "-fno-builtin", "-fvisibility=hidden"), "exports no malloc and free"},
	} {
		err := CheckLibrary(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
	if err := CheckLibrary(good); err != nil {
		t.Error(err)
	}
	// Cut anywhere, it is never taken for whole.
	for n := 0; n < len(text); n += 97 {
		if CheckLibrary(forge("cut.so", cut(n))) == nil {
			t.Errorf("a library cut to %d of %d bytes is taken", n, len(text))
		}
	}
	var found []string
	for _, pattern := range []string{"libjemalloc.so.2", "libtcmalloc.so.4", "libmimalloc.so.2"} {
		more, _ := filepath.Glob("/usr/lib/*/" + pattern)
		found = append(found, more...)
	}
	for _, path := range found {
		if err := CheckLibrary(path); err != nil {
			t.Error(err)
		}
	}
}

func FuzzCheckLibrary(f *testing.F) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(self[:4096])
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	path := filepath.Join(f.TempDir(), "fuzz.so")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = CheckLibrary(path)
	})
}

func TestPreloadPath(t *testing.T) {
	dir, stage := t.TempDir(), t.TempDir()
	long := "co:lon/" + strings.Repeat(strings.Repeat("d", 200)+"/", 15)
	same := strings.Repeat("same-end-of-a-long-path/", 10)
	seen := map[string]string{}
	for _, c := range []struct {
		name   string
		linked bool
	}{
		{"plain", false}, {"sp ace", true}, {"co:lon", true}, {"b oth:", true}, {"$ORIGIN", true}, {"tab\t", true}, {"semi;colon", true},
		{"ünï", false}, {"co:lon/$LIB", true}, {long, true}, {"a b/" + same, true}, {"c d/" + same, true},
	} {
		folder := filepath.Join(dir, c.name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		library := folder + "/lib.so"
		if err := os.WriteFile(library, []byte(c.name), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second variant with the same library gets the same link
			got, err := PreloadPath(library, stage)
			if err != nil {
				t.Errorf("%q: %v", c.name, err)
				continue
			}
			if strings.ContainsAny(got, " :;$\t\n") || (got != library) != c.linked {
				t.Errorf("%q is named as %q", c.name, got)
			}
			if b, err := os.ReadFile(got); err != nil || string(b) != c.name {
				t.Errorf("%q leads to %q, %v", got, b, err)
			}
			if other, ok := seen[got]; ok && other != library {
				t.Errorf("%q and %q have one name", other, library)
			}
			seen[got] = library
		}
	}
	if _, err := PreloadPath("/a b/lib.so", "/tmp/c d"); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Error(err)
	}
	if got, err := PreloadPath("lib.so", stage); err != nil || !filepath.IsAbs(got) {
		t.Error(got, err)
	}
	if _, err := PreloadPath("/a b/lib.so", "/nowhere"); err == nil {
		t.Error("a link in a folder that is not there")
	}
}

// What PreloadPath says is what the dynamic linker takes.
func TestPreloadPathWorks(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "sp ace:and$ORIGIN")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	library := build(t, folder+"/mark.so", `#include <unistd.h>
__attribute__((constructor)) static void loaded(void) { write(1, "loaded\n", 7); }`, "-shared", "-fPIC")
	path, err := PreloadPath(library, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(Spec{Path: "/bin/true", Environment: []string{"LD_PRELOAD=" + path}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	p.End(true)
	if got := p.Output.String(); got != "loaded\n" {
		t.Errorf("%q", got)
	}
}
