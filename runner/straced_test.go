package runner

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
)

func count(t *testing.T, log string, stamped ...string) *results.Syscalls {
	t.Helper()
	c := callCounter{timeLine: true}
	if err := c.readAll(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	table, _, err := c.table(stamped)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestCallEffects: what each call is taken for, and for how many bytes.
func TestCallEffects(t *testing.T) {
	const stamp0 = "9 0 madvise(0x616c6c6f0000, 0, MADV_NORMAL) = 0\n"
	for line, want := range map[string]results.SyscallCount{
		"brk(NULL) = 0x10000": {Call: "brk", How: "query"},
		"mmap(NULL, 134217728, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = 0x7f0000000000": {Call: "mmap", How: "PROT_NONE", Bytes: 128 << 20},
		"mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000":         {Call: "mmap", How: "PROT_READ|PROT_WRITE", Bytes: 8192},
		"mmap(NULL, 36619, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f0000000000":                                  {Call: "mmap", How: "PROT_READ file", Bytes: 36619},
		"mmap(NULL, 1152921504606846976, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (x)":      {Call: "mmap", How: "PROT_READ", Errors: 1},
		"munmap(0x1000, 4096) = 0":                                          {Call: "munmap", Bytes: 4096},
		"munmap(0x1001, 4096) = -1 EINVAL (Invalid argument)":               {Call: "munmap", Errors: 1},
		"mremap(0x1000, 1048576, 4194304, MREMAP_MAYMOVE) = 0x7f0000000000": {Call: "mremap", How: "grow", Bytes: 3 << 20},
		"mremap(0x1000, 4194304, 2097152, 0) = 0x1000":                      {Call: "mremap", How: "shrink", Bytes: 2 << 20},
		"mprotect(0x1000, 4096, PROT_READ|PROT_WRITE) = 0":                  {Call: "mprotect", How: "PROT_READ|PROT_WRITE", Bytes: 4096},
		"madvise(0x1000, 282624, MADV_DONTNEED) = 0":                        {Call: "madvise", How: "MADV_DONTNEED", Bytes: 282624},
		"madvise(0x616c6c6f1000, 0, MADV_NORMAL) = 0":                       {Call: "madvise", How: "MADV_NORMAL"}, // no stamp's address
		"mlock(0x1000, 8192) = 0":                                           {Call: "mlock", Bytes: 8192},
		"mlockall(MCL_CURRENT) = 0":                                         {Call: "mlockall"},
	} {
		want.Count = 1
		got := count(t, stamp0+"9 0.5 "+line+"\n9 0 madvise(0x616c6c700000, 0, MADV_NORMAL) = 0\n", results.MarkBaseline, results.MarkHold)
		if d := cmp.Diff([]results.SyscallCount{want}, got.Phases[1].Calls); d != "" {
			t.Errorf("%s: %s", line, d)
		}
	}
}

// brk fails in silence: it returns the break that is.
func TestBreakMoves(t *testing.T) {
	got := count(t, `9 0 brk(NULL) = 0x100000
9 0 madvise(0x616c6c6f0000, 0, MADV_NORMAL) = 0
9 0 brk(0x121000) = 0x121000
9 0 brk(0x721000000000) = 0x121000
9 0 brk(0x101000) = 0x101000
9 0 brk(NULL) = 0x101000
9 0 madvise(0x616c6c700000, 0, MADV_NORMAL) = 0
`, results.MarkBaseline, results.MarkHold)
	want := []results.SyscallCount{
		{Call: "brk", How: "grow", Count: 2, Errors: 1, Bytes: 0x21000},
		{Call: "brk", How: "query", Count: 1},
		{Call: "brk", How: "shrink", Count: 1, Bytes: 0x20000},
	}
	if d := cmp.Diff(want, got.Phases[1].Calls); d != "" {
		t.Error(d)
	}
}

func TestStampsMustAgree(t *testing.T) {
	c := callCounter{}
	if err := c.readAll(strings.NewReader("9 0 madvise(0x616c6c700000, 0, MADV_NORMAL) = 0\n")); err == nil || !strings.Contains(err.Error(), "stamp 1 where 0 was due") {
		t.Error(err)
	}
	c = callCounter{}
	if err := c.readAll(strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.table([]string{results.MarkBaseline}); err == nil || !strings.Contains(err.Error(), "0 stamps of 1") {
		t.Error(err)
	}
	for _, line := range []string{"munmap(0x1000, x) = 0", "mmap(NULL, what, PROT_NONE, MAP_PRIVATE, -1, 0) = 0x1", "brk(what) = 0x10", "brk(NULL) = what"} {
		c = callCounter{}
		err := c.readAll(strings.NewReader("9 0 " + line + "\n"))
		if ok := strings.HasPrefix(line, "munmap"); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// tracedRun runs an experiment of traced passes with the programs as they are.
func tracedRun(t *testing.T, passes, variants, workload string) []results.Trial {
	t.Helper()
	if _, err := findTracers([]string{results.PassSyscalls, results.PassCounts}); err != nil {
		t.Fatal(err) // make test installs both
	}
	toml := "name = \"t\"\nrounds = 1\npasses = " + passes + "\n"
	for _, v := range strings.Fields(variants) {
		binaries(t, "ptmalloc")
		toml += "[[variant]]\nallocator = \"" + v + "\"\n"
	}
	o := load(t, binaries(t, "ptmalloc"), toml+workload)
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	trials := trialsOf(t, o)
	for i := range trials {
		r := &trials[i]
		if r.Status != results.StatusOK || len(r.Warnings) > 0 {
			t.Fatalf("%s: status %s, exit %+v, warnings %q", r.Variant, r.Status, r.Exit, r.Warnings)
		}
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		if len(r.Marks) > 0 || r.Sampler.Ticks > 0 {
			t.Errorf("%s was looked at while it was traced: %+v", r.Variant, r.Marks)
		}
		if left := ours(); left != nil {
			t.Errorf("processes %v survived", left)
		}
		if r.Pass != results.PassSyscalls {
			continue
		}
		rows, err := results.ReadCalls(results.CallsPath(o.Dir, r.Trial))
		if err != nil {
			t.Fatal(err)
		}
		sums := map[[3]string]int64{}
		for _, row := range rows {
			sums[[3]string{row.Phase, row.Call, row.How}] += row.Count
		}
		for _, p := range r.Syscalls.Phases[1:] {
			for _, c := range p.Calls {
				if got := sums[[3]string{p.Phase, c.Call, c.How}]; got != c.Count {
					t.Errorf("%s: %s %s in %s: %d in the time line, %d in the table", r.Variant, c.Call, c.How, p.Phase, got, c.Count)
				}
			}
		}
	}
	return trials
}

// TestSyscallsOfThreads4k: what ptmalloc asks for can be told beforehand: each
// of two threads gets an arena of its own, for which twice the 64 MiB of a heap are reserved, to be aligned.
func TestSyscallsOfThreads4k(t *testing.T) {
	r := tracedRun(t, `["syscalls"]`, "ptmalloc", "[[workload]]\nname = \"threads4k\"\noperations = 2000\nidle = \"20ms\"\n")[0]
	var names []string
	for _, p := range r.Syscalls.Phases {
		names = append(names, p.Phase)
	}
	if d := cmp.Diff([]string{"start", "hold", "freed", "idle", "purged", "exited", "end"}, names); d != "" {
		t.Error(d)
	}
	hold := r.Syscalls.Phase(results.MarkHold)
	// What lies before and behind the aligned heap goes back; where the mapping happens to be aligned, the
	// next arena takes what lies behind. Two heaps of 64 MiB stay.
	reserved, back := hold.Total("mmap"), hold.Total("munmap")
	if reserved.Count != 2 || reserved.Bytes-back.Bytes != 2*64<<20 || back.Count > 4 || reserved.Bytes > 2*128<<20 {
		t.Errorf("reserved %+v, gave back %+v", reserved, back)
	}
	// A heap grows page by page, so it has room for its blocks, 4112 bytes each, and what it began with.
	if m := hold.Total("mprotect"); m.Bytes < 2*100*4112 || m.Bytes > 2*(100*4112+132<<10+2*page) {
		t.Errorf("%+v", m)
	}
	if idle := r.Syscalls.Phase(results.MarkIdle); len(idle.Calls) > 0 {
		t.Errorf("nothing happens in the idle window, and %+v", idle.Calls)
	}
	if got := r.Syscalls.Phase(results.MarkIdle).End - r.Syscalls.Phase(results.MarkFreed).End; got < 0.02 {
		t.Errorf("the idle window of 20 ms took %v s", got)
	}
	if r.Syscalls.Operations != 4000 || !strings.HasPrefix(r.Syscalls.Tracer, "strace ") {
		t.Errorf("%+v", r.Syscalls)
	}
	if len(r.Metrics) > 0 {
		t.Errorf("pass syscalls has no metrics, and %v", r.Metrics)
	}
}

// TestSyscallsOfLargeBlocks: a block of 30 MiB is one mapping, of one page more,
// since its header takes 16 bytes; free unmaps each.
func TestSyscallsOfLargeBlocks(t *testing.T) {
	r := tracedRun(t, `["syscalls"]`, "ptmalloc", "[[workload]]\nname = \"handover\"\nblocks = 3\nsize = \"30MiB\"\nkeep = 0\nidle = \"0s\"\n")[0]
	large := func(phase, call string) (n int64) {
		for _, c := range r.Syscalls.Phase(phase).Calls {
			if c.Call == call && (c.How == "PROT_READ|PROT_WRITE" || c.How == "") && c.Bytes > 0 {
				n += c.Bytes
			}
		}
		return n
	}
	if got, want := large(results.MarkHold, "mmap"), int64(3*(30<<20+page)); got != want {
		t.Errorf("%d bytes were mapped, want %d", got, want)
	}
	if got, want := large(results.MarkFreed, "munmap"), int64(3*(30<<20+page)); got != want {
		t.Errorf("%d bytes were unmapped, want %d", got, want)
	}
}

// TestCountsRepeat: two trials of the same fixed work count the same, to the
// 0.5 % that a gate may judge by, in one process after the other.
func TestCountsRepeat(t *testing.T) {
	workload := "[[workload]]\nname = \"threads4k\"\noperations = 5000\nidle = \"10s\"\n"
	var counts []float64
	for range 2 {
		r := tracedRun(t, `["counts"]`, "ptmalloc", workload)[0]
		if !r.Repeats(results.MetricInstructions) || !r.Repeats(results.MetricMemoryCalls) || r.Instructions.Operations != 10000 {
			t.Fatalf("%+v, %v, again %v", r.Instructions, r.Metrics, r.Again)
		}
		if r.Metrics[results.MetricMemoryCalls] <= 0 {
			t.Errorf("%v", r.Metrics)
		}
		counts = append(counts, r.Metrics[results.MetricInstructions])
	}
	if d := counts[1]/counts[0] - 1; d > 0.005 || d < -0.005 {
		t.Errorf("%v instructions per operation: %.3f %% apart", counts, 100*d)
	}
	// 4096 bytes are written by 32 or 16 at a time, and malloc and free take some hundred.
	if counts[0] < 200 || counts[0] > 5000 {
		t.Errorf("%v instructions per operation", counts)
	}
}

func TestCountsNeedFixedWork(t *testing.T) {
	for workload, want := range map[string]string{
		"name = \"threads4k\"\n":                                   "pass counts needs fixed work in threads4k; give it operations",
		"name = \"threads4k\"\nruntime = \"go\"\noperations = 5\n": "leave runtime out",
	} {
		o := load(t, binaries(t, "ptmalloc"), "passes = [\"counts\"]\nname = \"t\"\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\n"+workload)
		if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// A trial that fails under a tracer fails as it does without.
func TestTracedTrialFails(t *testing.T) {
	for _, kind := range []string{"abort", "exit"} {
		o := load(t, binaries(t, "ptmalloc"), "passes = [\"syscalls\", \"counts\"]\nrounds = 1\nname = \"t\"\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"faults\"\nkind = \""+kind+"\"\n")
		if _, err := Run(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		for _, r := range trialsOf(t, o) {
			if want := map[string]results.Status{"abort": results.StatusSignal, "exit": results.StatusExit}[kind]; r.Status != want {
				t.Errorf("%s in pass %s: status %s, %q, want %s", kind, r.Pass, r.Status, r.Warnings, want)
			}
			if r.Syscalls != nil || r.Instructions != nil || len(r.Metrics) > 0 {
				t.Errorf("%s in pass %s: a failed trial has counts: %+v", kind, r.Pass, r)
			}
			if mentions(r, "left") {
				t.Errorf("the tracer is taken for a stray: %q", r.Warnings)
			}
		}
		if left := ours(); left != nil {
			t.Errorf("processes %v survived", left)
		}
	}
}
