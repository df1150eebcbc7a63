package proc

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestParseLimits(t *testing.T) {
	got, err := parseLimits(fixtureFiles(t, "process-6.18.txtar")["proc/42/limits"])
	want := Limits{
		AS: &Limit{Unlimited, Unlimited}, DATA: &Limit{Unlimited, Unlimited}, STACK: &Limit{8388608, Unlimited},
		MEMLOCK: &Limit{8388608, 8388608}, NOFILE: &Limit{20000, 20000},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	for _, bad := range []string{
		"short\n", "Max open files            20000\n", "Max open files            x  20000  files\n",
		"Max open files            -1  20000  files\n",
	} {
		if l, err := parseLimits(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, l, err)
		}
	}
}

// TestLimitsAgainstGetrlimit asks the kernel by another route.
func TestLimitsAgainstGetrlimit(t *testing.T) {
	h, err := NewFS("/").Host()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		resource int
		got      *Limit
	}{
		{"AS", unix.RLIMIT_AS, h.Limits.AS}, {"DATA", unix.RLIMIT_DATA, h.Limits.DATA},
		{"STACK", unix.RLIMIT_STACK, h.Limits.STACK}, {"MEMLOCK", unix.RLIMIT_MEMLOCK, h.Limits.MEMLOCK},
		{"NOFILE", unix.RLIMIT_NOFILE, h.Limits.NOFILE},
	} {
		var r unix.Rlimit
		if err := unix.Getrlimit(c.resource, &r); err != nil {
			t.Fatal(err)
		}
		want := Limit{int64(r.Cur), int64(r.Max)} // RLIM_INFINITY is ^0: -1
		if c.got == nil || *c.got != want {
			t.Errorf("%s: %+v, want %+v", c.name, c.got, want)
		}
	}
}

func FuzzLimits(f *testing.F) {
	seed(f, "/limits")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLimits(text)
		if err == nil && l.AS != nil && (l.AS.Soft < Unlimited || l.AS.Hard < Unlimited) {
			t.Errorf("%q: %+v", text, l.AS)
		}
	})
}
