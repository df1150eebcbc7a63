package proc

import (
	"errors"
	"testing"
	"time"
)

func TestSystemStat(t *testing.T) {
	fs := fixture(t, "host-hybrid-6.18.txtar")
	// awk '$1 == "cpu" {print $9 / 100} $1 == "ctxt" {print $2}'
	if got, err := fs.Steal(); err != nil || got != 148.77 {
		t.Errorf("steal %v s, %v", got, err)
	}
	if got, err := fs.ContextSwitches(); err != nil || got != 3194113 {
		t.Errorf("context switches %v, %v", got, err)
	}
	for _, bad := range []string{
		"", "cpu 1 2 3 4 5 6 7 8\n", "ctxt 5\n", "cpu 1 2 3 4 5 6 7\nctxt 5\n",
		"cpu 1 2 3 4 5 6 7 x\nctxt 5\n", "cpu 1 2 3 4 5 6 7 8\nctxt -5\n",
	} {
		if s, err := parseSystemStat(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, s, err)
		}
	}
}

func TestSystemStatLive(t *testing.T) {
	fs := NewFS("/")
	steal, err := fs.Steal()
	if err != nil || steal < 0 {
		t.Errorf("%v, %v", steal, err)
	}
	before, err := fs.ContextSwitches()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	if after, err := fs.ContextSwitches(); err != nil || after <= before {
		t.Errorf("%d context switches, then %d, %v", before, after, err)
	}
}

func FuzzSystemStat(f *testing.F) {
	seed(f, "proc/stat")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSystemStat(text); err == nil && (s.steal < 0 || s.ctxt < 0) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
