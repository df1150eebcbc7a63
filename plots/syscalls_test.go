package plots

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alloclab/results"
)

// fakeCalls is a trial under strace: heaps grow while it works, and go back when it is idle.
func fakeCalls(variant string, n int) CellSeries {
	s := &results.Syscalls{Tracer: "strace 6.1"}
	for i, name := range []string{results.PhaseStart, results.MarkHold, results.MarkFreed, results.MarkIdle, results.MarkPurged, results.PhaseEnd} {
		s.Phases = append(s.Phases, results.SyscallPhase{Phase: name, End: float64(min(i, 4)), Calls: []results.SyscallCount{{Call: "brk", How: "grow", Count: 3, Bytes: 5}}})
	}
	t := CallTrace{Trial: &results.Trial{Round: 1, Status: results.StatusOK, Pass: results.PassSyscalls, Syscalls: s}}
	for i := range n {
		at := 3 * float64(i) / float64(n)
		add := func(phase, call, how string, bytes int64) {
			t.Rows = append(t.Rows, results.CallRow{T: at, Phase: phase, SyscallCount: results.SyscallCount{Call: call, How: how, Count: 1, Bytes: bytes}})
		}
		if i < n/2 {
			add(results.MarkHold, "mprotect", "PROT_READ|PROT_WRITE", 4096)
		} else {
			add(results.MarkIdle, "madvise", "MADV_DONTNEED", 4096)
		}
	}
	return CellSeries{Variant: results.Variant{Label: variant, Allocator: variant}, Calls: []CallTrace{t}}
}

func TestSyscallsFigure(t *testing.T) {
	f := Syscalls("a cell", "a machine", []CellSeries{fakeCalls("ptmalloc", 5000), fakeCalls("jemalloc", 0), {Variant: results.Variant{Label: "not traced"}}})
	var out bytes.Buffer
	if err := f.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	text := out.String()
	for _, want := range []string{">ptmalloc<", ">jemalloc<", ">12 calls from baseline on<", ">hold<", ">freed<", ">idle<", ">purged<", ">mprotect<", "need<", "not resident memory", ">1 s<"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the figure", want)
		}
	}
	for _, not := range []string{"NaN", "not traced", ">munmap<", ">start<", ">flushed<"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is in the figure", not)
		}
	}
	if len(text) > 100_000 {
		t.Errorf("the figure has %d bytes", len(text))
	}
	if Syscalls("", "", []CellSeries{{}}) != nil {
		t.Error("nothing was traced, and there is a figure")
	}
	if *keep != "" {
		path := filepath.Join(*keep, "syscalls.svg")
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Every call is on the line of what it does, or on none.
func TestKindOf(t *testing.T) {
	for call, want := range map[results.SyscallCount]string{
		{Call: "mmap", How: "PROT_NONE"}:            "mmap PROT_NONE (addresses only)",
		{Call: "mmap", How: "PROT_READ|PROT_WRITE"}: "mmap",
		{Call: "mprotect", How: "PROT_READ"}:        "mprotect",
		{Call: "mprotect", How: "PROT_NONE"}:        "",
		{Call: "brk", How: "grow"}:                  "brk, mremap: grow",
		{Call: "brk", How: "query"}:                 "",
		{Call: "brk", How: "unheard of"}:            "",
		{Call: "mremap", How: "shrink"}:             "brk, mremap: shrink",
		{Call: "munmap"}:                            "munmap",
		{Call: "madvise", How: "MADV_FREE"}:         "madvise: free, don't need",
		{Call: "madvise", How: "MADV_HUGEPAGE"}:     "",
		{Call: "mlock"}:                             "",
	} {
		got := ""
		if k := kindOf(call); k >= 0 {
			got = callKinds[k].name
		}
		if got != want {
			t.Errorf("%+v is on %q, want %q", call, got, want)
		}
	}
}

// The axis gives each phase its own scale, and puts what lies outside at its edge.
func TestPhaseAxis(t *testing.T) {
	axis := newPhaseAxis(fakeCalls("x", 0).Calls[0].Trial.Syscalls)
	for _, c := range []struct {
		phase string
		t     float64
		want  string
	}{
		{results.MarkHold, 0, "0.000"}, {results.MarkHold, 0.5, "0.143"}, {results.MarkHold, 1, "0.286"}, {results.MarkHold, 9, "0.286"},
		{results.MarkFreed, 1, "0.286"}, {results.MarkPurged, 4, "1.000"}, {results.MarkPurged, 3, "0.857"},
	} {
		if at, ok := axis.at(c.phase, c.t); !ok || fmt.Sprintf("%.3f", at) != c.want {
			t.Errorf("%s at %v s lies at %.3f, want %s", c.phase, c.t, at, c.want)
		}
	}
	if _, ok := axis.at(results.PhaseStart, 0); ok {
		t.Error("start is on the axis")
	}
}

// A run of other passes than time has no curve of memory; an empty figure would say that trials failed.
func TestDrawTracedRun(t *testing.T) {
	dir := t.TempDir()
	run := results.Run{Variants: []results.Variant{{Label: "ptmalloc", Allocator: "ptmalloc"}}, Cells: []results.Cell{{Name: "c", Workload: "c"}}}
	trace := fakeCalls("ptmalloc", 10).Calls[0]
	trace.Trial.Cell, trace.Trial.Variant, trace.Trial.Trial = "c", "ptmalloc", 1
	if err := results.WriteCalls(results.CallsPath(dir, 1), trace.Rows); err != nil {
		t.Fatal(err)
	}
	paths, err := Draw(dir, run, []results.Trial{*trace.Trial}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	if got := strings.Join(paths, " "); got != "syscalls-c.svg syscalls-c.png" {
		t.Errorf("figures: %s", got)
	}
}
