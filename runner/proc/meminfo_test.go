package proc

import (
	"errors"
	"testing"
)

func TestMemAvailable(t *testing.T) {
	got, err := fixture(t, "host-hybrid-6.18.txtar").MemAvailable()
	if err != nil || got != 23872004*1024 {
		t.Errorf("%d, %v", got, err)
	}
	if n, err := NewFS("/").MemAvailable(); err != nil || n < 1<<20 {
		t.Errorf("this machine: %d, %v", n, err)
	}
	if _, err := fixture(t, "host-none.txtar").MemAvailable(); err == nil {
		t.Error("no meminfo is no error")
	}
	root := t.TempDir()
	writeFixture(t, root, "proc/meminfo", "MemTotal: 5 kB\nHugePages_Total:       8\n")
	if _, err := NewFS(root).MemAvailable(); !errors.Is(err, ErrParse) {
		t.Errorf("a kernel before 3.14: %v", err)
	}
}

func TestParseMeminfo(t *testing.T) {
	m, err := parseMeminfo("MemTotal:       5 kB\nHugePages_Total:       8\nActive(anon):  1 kB\n")
	if err != nil || len(m) != 2 || m["MemTotal"] != 5120 || m["Active(anon)"] != 1024 {
		t.Errorf("%v, %v", m, err)
	}
	for _, bad := range []string{"MemTotal 5 kB\n", "MemTotal: -5 kB\n", "MemTotal: x kB\n", "a: 99999999999999999 kB\n"} {
		if m, err := parseMeminfo(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v, %v", bad, m, err)
		}
	}
}

func FuzzMeminfo(f *testing.F) {
	seed(f, "proc/meminfo")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMeminfo(text)
		for key, n := range m {
			if err == nil && n < 0 {
				t.Errorf("%q: %s %d", text, key, n)
			}
		}
	})
}
