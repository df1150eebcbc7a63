package proc

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	got, err := openFixture(t, "process-6.18.txtar", 42).Stat()
	if err != nil {
		t.Fatal(err)
	}
	// awk '{print $4, $10, $12, $14, $15, $20, $22, $39, $42}'
	want := Stat{
		Pid: 42, Comm: "python3", State: "T", PPid: 17279, Minflt: 898, Majflt: 7,
		Utime: 0.04, Stime: 0, NumThreads: 1, Starttime: 1390.90, Processor: 1,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	z, err := openFixture(t, "zombie-6.18.txtar", 43).Stat()
	if err != nil || z.State != "Z" || z.Minflt != 49 {
		t.Errorf("a zombie keeps its counters: %+v %v", z, err)
	}
}

func TestParseStatNames(t *testing.T) {
	good := fixtureFiles(t, "process-6.18.txtar")["proc/42/stat"]
	for _, comm := range []string{"a b", "a) R 1 (b", "((", "))", "new\nline", ""} {
		s, err := parseStat(strings.Replace(good, "python3", comm, 1))
		if err != nil || s.Comm != comm || s.PPid != 17279 || s.Minflt != 898 {
			t.Errorf("%q: %+v %v", comm, s, err)
		}
	}
	for _, bad := range []string{
		"", "42 (x", "42 x) R 1", ")42(", "42 (x) R 1 2 3\n",
		strings.Replace(good, " 898 ", " many ", 1), strings.Replace(good, "42 (", "x (", 1),
		strings.Replace(good, " T ", " TT ", 1),
	} {
		if s, err := parseStat(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v %v", bad, s, err)
		}
	}
}

// TestParseStatFields numbers every field as proc(5) does: each value is 100
// times its field's number.
func TestParseStatFields(t *testing.T) {
	line := strings.Builder{}
	line.WriteString("100 (c) R")
	for field := 4; field <= 52; field++ {
		fmt.Fprintf(&line, " %d", field*100)
	}
	got, err := parseStat(line.String() + "\n")
	want := Stat{
		Pid: 100, Comm: "c", State: "R", PPid: 400, Minflt: 1000, Majflt: 1200, Utime: 14, Stime: 15,
		NumThreads: 2000, Starttime: 22, Processor: 3900, DelayacctBlkio: 42,
	}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// TestStatLive spends processor time and expects to see it.
func TestStatLive(t *testing.T) {
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	before, err := p.Stat()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		after, err := p.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if after.Utime+after.Stime >= before.Utime+before.Stime+0.05 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no processor time in 10 s: %+v, %+v", before, after)
		}
	}
	if before.Pid != os.Getpid() || before.PPid != os.Getppid() || before.NumThreads < 1 || before.Starttime <= 0 {
		t.Errorf("%+v", before)
	}
}

func FuzzStat(f *testing.F) {
	seed(f, "/stat")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseStat(text); err == nil && (s.Utime < 0 || len(s.State) != 1) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
