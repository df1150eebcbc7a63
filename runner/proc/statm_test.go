package proc

import (
	"errors"
	"os"
	"testing"
)

func TestStatm(t *testing.T) {
	p := openFixture(t, "process-6.18.txtar", 42)
	got, err := p.Statm()
	if err != nil {
		t.Fatal(err)
	}
	// awk '{print $1, $2, $3, $4, $6}' gives 3756 2232 1472 691 1502; RSS is
	// VmRSS of the same process's status, 8928 kB.
	page := pageSize
	want := Statm{Size: 3756 * page, Resident: 2232 * page, Shared: 1472 * page, Text: 691 * page, Data: 1502 * page}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestStatmZombie(t *testing.T) {
	p := openFixture(t, "zombie-6.18.txtar", 43)
	if s, err := p.Statm(); !errors.Is(err, ErrExited) {
		t.Errorf("%+v, %v, want ErrExited", s, err)
	}
}

func TestParseStatm(t *testing.T) {
	for _, bad := range []string{
		"", "\n", "1 2 3 4 5 6\n", "1 2 3 4 5 6 7 8\n", "1 2 3 4 5 6 -7\n", "1 2 x 4 5 6 7\n",
		"1  2 3 4 5 6 7\n", "9223372036854775807 2 3 4 5 6 7\n", "9223372036854775808 2 3 4 5 6 7\n",
	} {
		if s, ok := parseStatm([]byte(bad), 4096); ok {
			t.Errorf("%q is %+v", bad, s)
		}
	}
	if s, ok := parseStatm([]byte("1 2 3 4 0 6 0\n"), 16384); !ok || s.Resident != 32768 {
		t.Errorf("16 KiB pages: %+v %v", s, ok)
	}
}

func TestStatmAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	n := testing.AllocsPerRun(100, func() {
		if _, err := p.Statm(); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}

func FuzzStatm(f *testing.F) {
	seed(f, "/statm")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := parseStatm([]byte(text), 4096)
		if ok && (s.Size < 0 || s.Resident < 0 || s.Resident%4096 != 0) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
