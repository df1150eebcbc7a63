package proc

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const smapsText = `7f0000000000-7f0000021000 rw-p 00000000 00:00 0 
Size:                132 kB
KernelPageSize:        4 kB
Rss:                  40 kB
Pss:                  20 kB
Shared_Clean:          4 kB
Shared_Dirty:          8 kB
Anonymous:            36 kB
LazyFree:             16 kB
AnonHugePages:         0 kB
Private_Hugetlb:    2048 kB
Swap:                  4 kB
Locked:                0 kB
THPeligible:           0
VmFlags: rd wr mr mw me ac sd 
7f0000100000-7f0000200000 r-xp 00001000 fe:00 17                         /lib/a file: 12 kB.so
Rss:                  12 kB
`

func TestSmaps(t *testing.T) {
	list, err := parseSmaps(smapsText)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	a, b := list[0], list[1]
	a.Mapping = Mapping{}
	if a != (MappingUse{Rss: 40 << 10, Pss: 20 << 10, Shared: 12 << 10, Anonymous: 36 << 10, LazyFree: 16 << 10, Swap: 4 << 10, Hugetlb: 2 << 20}) {
		t.Errorf("%+v", a)
	}
	if b.Path != "/lib/a file: 12 kB.so" || b.Rss != 12<<10 || b.Start != 0x7f0000100000 || b.Inode != 17 {
		t.Errorf("%+v", b)
	}
	for _, bad := range []string{"Rss: 4 kB\n", "x\n", strings.Replace(smapsText, "40 kB", "40 MB", 1), strings.TrimSuffix(smapsText, "\n")} {
		if _, err := parseSmaps(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
}

// TestSmapsAgainstRollup: of a process that waits, the mappings add up to what
// the kernel adds up itself.
func TestSmapsAgainstRollup(t *testing.T) {
	c := startHelper(t, "pages")
	p, err := NewFS("/").Open(c.pid())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c.stop(t, p)
	uses, err := p.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	rollup, err := p.SmapsRollup()
	if err != nil {
		t.Fatal(err)
	}
	var sum MappingUse
	for _, u := range uses {
		sum.Rss += u.Rss
		sum.Anonymous += u.Anonymous
		sum.LazyFree += u.LazyFree
		sum.AnonHugePages += u.AnonHugePages
		sum.Locked += u.Locked
	}
	if sum.Rss != rollup.Rss || sum.Anonymous != rollup.Anonymous || sum.LazyFree != rollup.LazyFree || sum.AnonHugePages != rollup.AnonHugePages || sum.Locked != rollup.Locked || sum.Rss == 0 {
		t.Errorf("%+v, rollup %+v", sum, rollup)
	}
}

func TestStackPointer(t *testing.T) {
	for text, want := range map[string]uint64{
		"35 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffc6ce1b000 0x7f12\n": 0x7ffc6ce1b000,
		"-1 0x7ffc6ce1b010 0x7f12\n":                         0x7ffc6ce1b010,
	} {
		if at, ok, err := parseSyscall(text); at != want || !ok || err != nil {
			t.Errorf("%q: %#x, %v, %v", text, at, ok, err)
		}
	}
	if _, ok, err := parseSyscall("running\n"); ok || err != nil {
		t.Errorf("a thread that runs: %v, %v", ok, err)
	}
	for _, bad := range []string{"", "1 2\n", "-1 x 0x1\n"} {
		if _, _, err := parseSyscall(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	self, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if uid, err := self.Uid(); err != nil || uid != os.Getuid() {
		t.Errorf("uid %d, %v", uid, err)
	}
}

// TestOpenMapped: a file that took the place of the one that is mapped is not
// read for it.
func TestOpenMapped(t *testing.T) {
	self, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	path := t.TempDir() + "/lib.so"
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := Mapping{Path: path, Inode: inodeOf(t, path)}
	f, err := self.OpenMapped(m)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for name, wrong := range map[string]Mapping{"deleted": {Path: path + deleted, Inode: m.Inode}, "another inode": {Path: path, Inode: m.Inode + 1}, "a device": {Path: "/dev/null", Inode: m.Inode}} {
		if _, err := self.OpenMapped(wrong); !errors.Is(err, ErrReplaced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := self.OpenMapped(Mapping{}); err == nil {
		t.Error("a mapping without a file was opened")
	}
	exe, err := self.OpenExe()
	if err != nil {
		t.Fatal(err)
	}
	_ = exe.Close()
}

func FuzzSmaps(f *testing.F) {
	f.Add(smapsText)
	f.Add("0-1 rwxp 0 0:0 0\nRss: 9223372036854775807 kB\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseSmaps(text)
		if err != nil {
			return
		}
		for _, u := range list {
			if u.Start >= u.End {
				t.Errorf("%+v", u)
			}
		}
	})
}

func FuzzSyscall(f *testing.F) {
	f.Add("35 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffc6ce1b000 0x7f12\n")
	f.Add("running\n")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok, err := parseSyscall(text); err != nil && (ok || at != 0) {
			t.Errorf("%q: %#x, %v", text, at, ok)
		}
	})
}

func inodeOf(t *testing.T, path string) uint64 {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}
