package process

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readLog(text string) (calls []Call, unfinished int, err error) {
	log := NewStraceLog(strings.NewReader(text))
	for {
		c, err := log.Next()
		if errors.Is(err, io.EOF) {
			return calls, log.Unfinished(), nil
		}
		if err != nil {
			return calls, log.Unfinished(), err
		}
		calls = append(calls, c)
	}
}

// TestStraceLogCaptured reads logs of strace 6.1: threads.log of two threads at
// work, whose totals are those of strace -c; the
// others of a program that makes every kind of call and is killed among three busy threads.
func TestStraceLogCaptured(t *testing.T) {
	for _, c := range []struct {
		file       string
		counts     map[string]int
		failed     map[string]int
		unfinished int
	}{
		{"threads.log", map[string]int{"brk": 3, "mmap": 12, "mprotect": 143, "munmap": 5, "madvise": 2}, nil, 0},
		{"killed.log", map[string]int{"brk": 6, "mmap": 24, "mprotect": 8, "munmap": 10, "madvise": 6, "mremap": 2},
			map[string]int{"mmap ENOMEM": 1, "madvise EINVAL": 2, "munmap EINVAL": 1, "mprotect ENOMEM": 1}, 0},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "strace", c.file))
		if err != nil {
			t.Fatal(err)
		}
		calls, unfinished, err := readLog(string(text))
		if err != nil {
			t.Fatal(err)
		}
		counts, failed, last := map[string]int{}, map[string]int{}, 0.0
		for _, call := range calls {
			counts[call.Name]++
			if call.Errno != "" {
				failed[call.Name+" "+call.Errno]++
			}
			if call.Time < last {
				t.Errorf("%s: %+v goes back in time", c.file, call)
			}
			last = call.Time
			if want := map[string]int{"brk": 1, "mmap": 6, "mprotect": 3, "munmap": 2, "madvise": 3}[call.Name]; want > 0 && len(call.Args) != want {
				t.Errorf("%s: %+v has %d arguments", c.file, call, len(call.Args))
			}
		}
		if d := cmp.Diff(c.counts, counts); d != "" {
			t.Errorf("%s: %s", c.file, d)
		}
		if c.failed == nil {
			c.failed = map[string]int{}
		}
		if d := cmp.Diff(c.failed, failed); d != "" {
			t.Errorf("%s: %s", c.file, d)
		}
		if unfinished != c.unfinished {
			t.Errorf("%s: %d calls unfinished, want %d", c.file, unfinished, c.unfinished)
		}
	}
}

// A process that is killed in a call leaves calls without a result: two lines or none.
func TestStraceLogKilledInCall(t *testing.T) {
	text, err := os.ReadFile("testdata/strace/killed-in-call.log")
	if err != nil {
		t.Fatal(err)
	}
	calls, _, err := readLog(string(text))
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, c := range calls {
		if c.Result == "?" {
			lost++
		}
	}
	if lost != 3 {
		t.Errorf("%d calls have no result, want 3", lost)
	}
}

func TestStraceLogLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Call
		fault      string
	}{
		{name: "plain", text: "7  0.5 munmap(0x1000, 4096)      = 0\n", want: []Call{{Time: 0.5, Name: "munmap", Args: []string{"0x1000", "4096"}, Result: "0"}}},
		{name: "times add up, a last line without its end", text: "7 0.5 brk(NULL) = 0x10\n7 0.25 brk(0x20) = 0x20",
			want: []Call{{0.5, "brk", []string{"NULL"}, "0x10", ""}, {0.75, "brk", []string{"0x20"}, "0x20", ""}}},
		{name: "two lines", text: "7 0.1 mmap(NULL, 8, 0, 0, -1, 0 <unfinished ...>\n8 0.1 brk(NULL) = 0x1\n7 0.1 <... mmap resumed>) = 0x5000\n",
			want: []Call{{0.2, "brk", []string{"NULL"}, "0x1", ""}, {0.30000000000000004, "mmap", []string{"NULL", "8", "0", "0", "-1", "0"}, "0x5000", ""}}},
		{name: "failed", text: "7 0 munmap(0x1, 4096) = -1 EINVAL (Invalid argument)\n", want: []Call{{0, "munmap", []string{"0x1", "4096"}, "-1", "EINVAL"}}},
		{name: "no arguments", text: "7 0 munlockall() = 0\n", want: []Call{{0, "munlockall", nil, "0", ""}}},
		{name: "killed in it, on one line", text: "7 0 munmap(0x1000, 4096 <unfinished ...>) = ?\n", want: []Call{{0, "munmap", []string{"0x1000", "4096"}, "?", ""}}},
		{name: "ends and signals", text: "7 0 --- SIGSEGV {si_signo=SIGSEGV} ---\n7 0 +++ killed by SIGSEGV +++\n7 0 +++ exited with 0 +++\n"},
		{name: "no pid", text: "brk(NULL) = 0x1\n", fault: "line 1: no process"},
		{name: "no time", text: "7 brk(NULL) = 0x1\n", fault: "line 1: no time"},
		{name: "no result", text: "7 0 brk(NULL) = 0x1\n7 0 brk(NULL)\n", fault: "line 2: it has no result"},
		{name: "empty result", text: "7 0 brk(NULL) = \n", fault: "no result"},
		{name: "no reason", text: "7 0 munmap(0x1, 2) = -1\n", fault: "for no reason"},
		{name: "no call", text: "7 0 hello = 5\n", fault: "no call"},
		{name: "resumed from nowhere", text: "7 0 <... mmap resumed>) = 0x5000\n", fault: "did not begin"},
		{name: "resumed as another", text: "7 0 brk(NULL <unfinished ...>\n7 0 <... mmap resumed>) = 0x5000\n", fault: "did not begin"},
		{name: "begun twice", text: "7 0 brk(NULL <unfinished ...>\n7 0 brk(NULL <unfinished ...>\n", fault: "within another"},
		{name: "within one", text: "7 0 brk(NULL <unfinished ...>\n7 0 brk(NULL) = 0x1\n", fault: "within a call"},
		{name: "too long", text: "7 0 brk(" + strings.Repeat("x", maxStraceLine) + ") = 0\n", fault: "longer than"},
		{name: "absurd time", text: "7 NaN brk(NULL) = 0x1\n", fault: "no time"},
	} {
		calls, _, err := readLog(c.text)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(c.want, calls); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// FuzzStraceLog: no log makes the reader panic, go on for ever, or go back in
// time; what it returns has a name and a result.
func FuzzStraceLog(f *testing.F) {
	for _, file := range []string{"threads.log", "killed.log", "killed-in-call.log"} {
		text, err := os.ReadFile(filepath.Join("testdata", "strace", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("7 0 munmap(0x1000, 4096 <unfinished ...>) = ?\n7 0.5 <... brk resumed>) = 1")
	f.Fuzz(func(t *testing.T, text string) {
		calls, _, _ := readLog(text)
		if len(calls) > strings.Count(text, "\n")+1 {
			t.Fatalf("%d calls in %d lines", len(calls), strings.Count(text, "\n")+1)
		}
		last := 0.0
		for _, c := range calls {
			if c.Name == "" || c.Result == "" || !(c.Time >= last) || (c.Result == "-1") != (c.Errno != "") {
				t.Fatalf("%+v after %v s", c, last)
			}
			last = c.Time
		}
	})
}
