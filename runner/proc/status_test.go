package proc

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatus(t *testing.T) {
	p := openFixture(t, "process-6.18.txtar", 42)
	got, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	on := true
	// awk '/kB/ {print $1, $2 * 1024}' of the same fixture.
	want := Status{
		Name: "python3", State: "T", Tgid: 42, Pid: 42, PPid: 17279,
		VmPeak: 15384576, VmSize: 15384576, VmHWM: 9142272, VmRSS: 9142272,
		VmData: 6017024, VmStk: 135168, VmPTE: 65536,
		RssAnon: 3112960, RssFile: 6017024, RssShmem: 12288,
		Threads: 1, VoluntaryCtxtSwitches: 33, NonvoluntaryCtxtSwitches: 5,
		CpusAllowedList: "0-1", THPEnabled: &on,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.RssAnon+got.RssFile+got.RssShmem != got.VmRSS {
		t.Error("the parts of RSS do not add up")
	}
}

func TestStatusZombie(t *testing.T) {
	p := openFixture(t, "zombie-6.18.txtar", 43)
	s, err := p.Status()
	if !errors.Is(err, ErrExited) || s.State != "Z" || s.Name != "true" || s.VmRSS != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestParseStatusErrors(t *testing.T) {
	good := fixtureFiles(t, "process-6.18.txtar")["proc/42/status"]
	for _, c := range []struct{ name, old, new string }{
		{"a size without unit", "VmRSS:\t    8928 kB", "VmRSS:\t    8928"},
		{"a size beyond int64", "VmRSS:\t    8928 kB", "VmRSS:\t9223372036854775807 kB"},
		{"a negative size", "VmRSS:\t    8928 kB", "VmRSS:\t-1 kB"},
		{"a size missing", "RssAnon:", "Rss:"},
		{"no state", "State:", "Estate:"},
		{"threads", "Threads:\t1", "Threads:\tone"},
		{"THP", "THP_enabled:\t1", "THP_enabled:\tyes"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Fatalf("%s: the fixture has no %q", c.name, c.old)
		}
		if s, _, err := parseStatus(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
	// A kernel before 5.0 has no THP_enabled.
	s, mm, err := parseStatus(strings.Replace(good, "THP_enabled:\t1\n", "", 1))
	if err != nil || !mm || s.THPEnabled != nil {
		t.Errorf("no THP_enabled: %+v %v %v", s, mm, err)
	}
}

// TestStatusAgainstAwk reads a stopped process by another route.
func TestStatusAgainstAwk(t *testing.T) {
	c := startHelper(t, "pages")
	p := openChild(t, c)
	c.stop(t, p)
	s, err := p.Status()
	if err != nil {
		t.Fatal(err)
	}
	for key, got := range map[string]int64{
		"VmHWM": s.VmHWM, "VmRSS": s.VmRSS, "RssAnon": s.RssAnon, "RssFile": s.RssFile,
		"RssShmem": s.RssShmem, "VmSwap": s.VmSwap, "VmLck": s.VmLck,
	} {
		if want := awk(t, p.pid, "status", key); got != want {
			t.Errorf("%s %d, awk says %d", key, got, want)
		}
	}
	if s.State != "T" || s.VmLck != 64*1024 {
		t.Errorf("state %s, locked %d", s.State, s.VmLck)
	}
}

// awk prints a line of a live process's file, in bytes.
func awk(t *testing.T, pid int, file, key string) int64 {
	t.Helper()
	out, err := exec.Command("awk", `$1 == "`+key+`:" {printf "%d", $2 * 1024}`, NewFS("/").proc(pid, file)).Output()
	if err != nil {
		t.Skipf("no awk: %v", err)
	}
	n, _, ok := nextUint(out)
	if !ok {
		t.Fatalf("%s of %s: %q", key, file, out)
	}
	return n
}

func FuzzStatus(f *testing.F) {
	seed(f, "/status")
	f.Fuzz(func(t *testing.T, text string) {
		if s, _, err := parseStatus(text); err == nil && (s.VmRSS < 0 || s.State == "") {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
