package proc

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestMaps(t *testing.T) {
	list, err := openFixture(t, "process-6.18.txtar", 42).Maps()
	if err != nil {
		t.Fatal(err)
	}
	// grep -c ^ gives the lines; awk sums sizes; VmSize of the status is the
	// sum without [vsyscall], 15024 kB.
	text := fixtureFiles(t, "process-6.18.txtar")["proc/42/maps"]
	if want := strings.Count(text, "\n"); len(list) != want || want == 0 {
		t.Errorf("%d mappings, want %d", len(list), want)
	}
	size := uint64(0)
	byPath := map[string]Mapping{}
	for _, m := range list {
		if !m.Vsyscall() {
			size += m.Size()
		}
		byPath[m.Path] = m
	}
	if size != 15024<<10 {
		t.Errorf("%d bytes mapped, want %d", size, 15024<<10)
	}
	if m := byPath["/tmp/dir with  two blanks/new\nline"]; m.Inode != 9979761 || m.Private() || m.Deleted() || m.File() != m.Path {
		t.Errorf("a name with blanks and a newline: %+v", m)
	}
	if m := byPath["/tmp/gone file (deleted)"]; !m.Deleted() || m.File() != "/tmp/gone file" || !m.Private() {
		t.Errorf("a deleted file: %+v", m)
	}
	if m := byPath["/dev/zero (deleted)"]; m.PrivateAnonymous() || m.Inode == 0 {
		t.Errorf("shared anonymous memory: %+v", m)
	}
	want := Mapping{
		Start: 0x41f000, End: 0x6d2000, Perms: "r-xp", Offset: 0x1f000, Dev: "fe:00", Inode: 247702,
		Path: "/usr/bin/python3.11",
	}
	if list[1] != want || !want.Executable() || want.Writable() {
		t.Errorf("%+v, want %+v", list[1], want)
	}
}

func TestMappingKinds(t *testing.T) {
	type kinds struct{ anonymous, heap, stack, special, deleted bool }
	for _, c := range []struct {
		line string
		path string
		want kinds
	}{
		{"1000-2000 rw-p 00000000 00:00 0 ", "", kinds{anonymous: true}},
		{"1000-2000 ---p 00000000 00:00 0", "", kinds{anonymous: true}}, // reserved: no page is resident
		{"1000-2000 rw-s 00000000 00:01 9 /dev/zero (deleted)", "/dev/zero (deleted)", kinds{deleted: true}},
		{"1000-2000 rw-p 00000000 00:05 4 /dev/zero", "/dev/zero", kinds{anonymous: true}},
		{"1000-2000 rw-p 0 00:00 0                  [heap]", "[heap]", kinds{anonymous: true, heap: true}},
		{"1000-2000 rw-p 0 00:00 0   [anon:glibc: malloc arena]", "[anon:glibc: malloc arena]", kinds{anonymous: true}},
		{"1000-2000 rw-s 0 00:01 7   [anon_shmem:x]", "[anon_shmem:x]", kinds{}},
		{"1000-2000 rw-p 0 00:00 0   [stack]", "[stack]", kinds{anonymous: true, stack: true}},
		{"1000-2000 rw-p 0 00:00 0   [stack:17]", "[stack:17]", kinds{anonymous: true, stack: true}},
		{"1000-2000 r-xp 0 00:00 0   [vdso]", "[vdso]", kinds{special: true}},
		{"1000-2000 r--p 0 00:00 0   [vvar]", "[vvar]", kinds{special: true}},
		{"1000-2000 r--p 0 00:00 0   [vvar_vclock]", "[vvar_vclock]", kinds{special: true}},
		{"ffffffffff600000-ffffffffff601000 --xp 0 00:00 0   [vsyscall]", "[vsyscall]", kinds{special: true}},
		{"1000-2000 r--p 0 08:01 5   /a [heap]", "/a [heap]", kinds{}},
		{"1000-2000 r--p 0 08:01 5   /ends in blanks  ", "/ends in blanks  ", kinds{}},
		{`1000-2000 r--p 0 08:01 5   /a\040b\012c`, "/a\\040b\nc", kinds{}}, // only \012 is the kernel's
		{"1000-2000 rw-s 0 00:0f 12  anon_inode:[perf_event]", "anon_inode:[perf_event]", kinds{}},
		{"1000-2000 rw-s 0 00:01 8   /SYSV00000000 (deleted)", "/SYSV00000000 (deleted)", kinds{deleted: true}},
	} {
		list, err := parseMaps(c.line + "\n")
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		m := list[0]
		got := kinds{m.PrivateAnonymous(), m.Heap(), m.Stack(), m.Special(), m.Deleted()}
		if m.Path != c.path || got != c.want {
			t.Errorf("%q: path %q %+v, want %q %+v", c.line, m.Path, got, c.path, c.want)
		}
	}
}

func TestParseMapsErrors(t *testing.T) {
	for _, bad := range []string{
		"\n", "x\n", "1000-2000 rw-p 0 00:00 0", // no newline: cut off
		"1000 rw-p 0 00:00 0\n", "2000-1000 rw-p 0 00:00 0\n", "1000-1000 rw-p 0 00:00 0\n",
		"1000-2000 rwp 0 00:00 0\n", "1000-2000 rw-p 0 0000 0\n", "1000-2000 rw-p 0 00:00 -1\n",
		"1000-2000 rw-p x 00:00 0\n", "1000-10000000000000000 rw-p 0 00:00 0\n", "-2000 rw-p 0 00:00 0\n",
		"1000-2000  rw-p 0 00:00 0\n", "1000-2000 rw-p 0 00:00\n",
	} {
		if list, err := parseMaps(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, list, err)
		}
	}
}

// TestMapsAgainstAwk sums a stopped process's mappings by another route.
func TestMapsAgainstAwk(t *testing.T) {
	c := startHelper(t, "pages")
	p := openChild(t, c)
	c.stop(t, p)
	list, err := p.Maps()
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("grep", "-c", "^", NewFS("/").proc(p.pid, "maps")).Output()
	if err != nil {
		t.Skipf("no grep: %v", err)
	}
	lines, _, _ := nextUint(out)
	size := int64(0)
	for _, m := range list {
		if !m.Vsyscall() {
			size += int64(m.Size())
		}
	}
	if int64(len(list)) != lines || size != s.VmSize {
		t.Errorf("%d mappings of %d bytes; grep says %d, VmSize %d", len(list), size, lines, s.VmSize)
	}
}

func FuzzMaps(f *testing.F) {
	seed(f, "/maps")
	f.Add("1000-2000 rw-p 0 00:00 0 [anon:a\\012]\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseMaps(text)
		if err != nil {
			return
		}
		if len(list) != strings.Count(text, "\n") {
			t.Errorf("%q: %d mappings", text, len(list))
		}
		for _, m := range list {
			if m.Start >= m.End || m.Heap() && m.Special() || m.PrivateAnonymous() && m.Special() {
				t.Errorf("%q: %+v", text, m)
			}
			_ = m.File()
		}
	})
}
