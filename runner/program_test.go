package runner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

var victimBuilt sync.Once

// victim is a program that does as it is told, and the agent is built beside it.
func victim(t testing.TB) string {
	t.Helper()
	dir := binaries(t, "ptmalloc").Dir
	path := filepath.Join(dir, "victim")
	victimBuilt.Do(func() {
		sources, _ := filepath.Glob("../workloads/agent/*.c")
		probes, _ := filepath.Glob("../workloads/kit/probe*.c")
		reporters, _ := filepath.Glob("../workloads/agent/census/*.c")
		for _, args := range [][]string{
			{"-O0", "-fno-builtin", "-o", path, "testdata/victim.c"},
			append(append([]string{"-O2", "-std=gnu11", "-pthread", "-DPROBE_PRELOADED", "-fPIC", "-shared", "-fvisibility=hidden", "-I../workloads",
				"-o", filepath.Join(dir, "libagent.so")}, sources...), probes...),
			append([]string{"-O2", "-std=gnu11", "-pthread", "-fno-builtin", "-fPIC", "-shared", "-fvisibility=hidden",
				"-o", filepath.Join(dir, "libcensus.so")}, reporters...),
		} {
			if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	})
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// ran is a trial of a program with what it needs.
type ran struct {
	results.Program
	allocator string
	knobs     map[string]any
	agentless bool
	census    bool // the pass
	limit     time.Duration
	memory    int64 // limit of its control group; 0 is none
	stopped   func(pid int, mark string)
	poll      time.Duration   // 0: as often as nobody should
	said      *[]results.Said // what its allocator said while it ran, if not nil
	samples   *[]results.Sample
}

// place finds the program and puts it under the variant, as a run does.
func place(t testing.TB, r ran) *placement {
	t.Helper()
	v := ready(t, configs.Variant{Allocator: r.allocator, Knobs: r.knobs})
	p, err := findProgram("victim", r.Program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if !r.agentless {
		p.agent = filepath.Join(binaries(t, "ptmalloc").Dir, "libagent.so")
	}
	if r.census {
		if err := p.takeCensus(binaries(t, "ptmalloc")); err != nil {
			t.Fatal(err)
		}
	}
	l, err := p.place(v)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// runProgram runs one trial. Nothing of it may survive, and what is recorded must be true.
func runProgram(t testing.TB, r ran) results.Trial {
	t.Helper()
	if r.allocator == "" {
		r.allocator = "ptmalloc"
	}
	if r.StopSignal == "" {
		r.StopSignal = "SIGTERM"
	}
	if r.limit == 0 {
		r.limit = time.Minute
	}
	if r.poll == 0 {
		r.poll = 5 * time.Millisecond
	}
	pass := results.PassTime
	if r.census {
		pass = results.PassCensus
	}
	l := place(t, r)
	tr := &trial{
		Trial: plan.Trial{Trial: 1, Round: 1, Pass: pass}, cell: results.Cell{Name: "victim", Workload: "victim", Program: &r.Program},
		variant: l.variant, placement: l, patience: 200 * time.Millisecond, limit: r.limit, rate: DefaultRate, pollEvery: r.poll, blocks: census.NewBlocks(os.Getpagesize()),
	}
	if host, err := proc.NewFS("/").Host(); err == nil && host.Cgroup.Writable && host.Cgroup.MemoryDir != "" {
		memory := r.memory
		if memory == 0 {
			memory = 1 << 40
		}
		tr.newGroup = func() (*process.Group, error) {
			return process.NewGroup(host.Cgroup.MemoryDir, host.Cgroup.Controllers["memory"], memory)
		}
	}
	if r.stopped != nil {
		tr.stopped = func(mark string) { r.stopped(tr.process.Pid, mark) }
	}
	tr.record = results.Trial{
		V: results.Version, Run: "test", Cell: "victim", Workload: "victim", Variant: r.allocator, Allocator: r.allocator,
		Round: 1, Pass: pass, Marks: []results.Mark{}, Warnings: []string{},
	}
	record, samples := tr.run(context.Background())
	if r.samples != nil {
		*r.samples = samples
	}
	if r.said != nil {
		*r.said = tr.said
	}
	if left := ours(); left != nil {
		t.Errorf("processes %v survived the trial", left)
	}
	if err := record.Validate(); err != nil {
		t.Error(err)
	}
	return record
}

// Each way in which a user's program or its load goes wrong has its own
// status and its own words.
func TestProgramFaults(t *testing.T) {
	path := victim(t)
	load := func(mode string) [][]string { return [][]string{{path, mode}} }
	for _, c := range []struct {
		name, mode string
		load       [][]string
		line       string
		port       int
		limit      time.Duration
		status     results.Status
		exit       results.Exit // Stderr: what it must contain
		warning    string
	}{
		{name: "good", mode: "serve", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM"}},
		{name: "exits early", mode: "early", load: load("load"), line: "is ready", status: results.StatusExit, exit: results.Exit{Code: 3}, warning: `ended by itself before it printed "is ready"`},
		{name: "never ready", mode: "mute", load: load("load"), line: "is ready", limit: 400 * time.Millisecond, status: results.StatusNeverReady, exit: results.Exit{Signal: "SIGTERM"}, warning: `400ms passed before it printed "is ready"`},
		{name: "port never open", mode: "serve", load: load("load"), port: 1, limit: 400 * time.Millisecond, status: results.StatusNeverReady, exit: results.Exit{Signal: ""}, warning: "before port 1 accepted a connection"},
		{name: "load fails", mode: "serve", load: load("fail"), line: "is ready", status: results.StatusLoadFailed, warning: "connection refused, say"},
		{name: "second load fails", mode: "serve", load: [][]string{{path, "load"}, {path, "fail"}}, line: "is ready", status: results.StatusLoadFailed, warning: "exit code 7"},
		{name: "load hangs", mode: "serve", load: load("mute"), line: "is ready", limit: 400 * time.Millisecond, status: results.StatusTimeout, warning: "400ms passed under " + path + " mute"},
		{name: "crashes", mode: "crash", load: load("mute"), line: "is ready", status: results.StatusSignal, exit: results.Exit{Signal: "SIGSEGV"}, warning: "ended by itself under"},
		{name: "leaves children", mode: "leave", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM"}, warning: "it left 1 processes behind"},
		{name: "goes into the background", mode: "background", load: load("load"), port: 1, status: results.StatusExit, warning: "stay in the foreground"},
		{name: "executes another", mode: "exec", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM"}},
		{name: "drops the environment", mode: "scrub", load: load("load"), line: "is ready", status: results.StatusPreloadFailed, warning: "without the variant's environment"},
		{name: "prints a gigabyte", mode: "spam", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM", Stderr: "victim is ready"}},
		{name: "closes its descriptors", mode: "close", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM"}, warning: "the agent in it was lost"},
		{name: "ignores the signal", mode: "stubborn", load: load("load"), line: "is ready", status: results.StatusOK, exit: results.Exit{Stopped: "SIGTERM", Signal: "SIGKILL"}, warning: "it did not end within"},
		{name: "does not end", mode: "mute", limit: 400 * time.Millisecond, status: results.StatusTimeout, exit: results.Exit{Signal: "SIGTERM"}, warning: "400ms passed before it ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			allocator := "jemalloc"
			began := time.Now()
			r := runProgram(t, ran{allocator: allocator, limit: c.limit, Program: results.Program{
				Command: []string{path, c.mode}, Load: c.load, ReadyLine: c.line, ReadyPort: c.port,
			}})
			if r.Status != c.status || r.Exit.Code != c.exit.Code || r.Exit.Signal != c.exit.Signal || r.Exit.Stopped != c.exit.Stopped || !strings.Contains(r.Exit.Stderr, c.exit.Stderr) {
				t.Errorf("status %s, exit %+v, warnings %q; want %s, %+v", r.Status, r.Exit, r.Warnings, c.status, c.exit)
			}
			if c.warning != "" && !mentions(r, c.warning) {
				t.Errorf("warnings %q; want %q", r.Warnings, c.warning)
			}
			if r.Status != results.StatusOK && len(r.Warnings) == 0 {
				t.Error("failed without a word")
			}
			t.Logf("%v %s %q %v", time.Since(began).Round(time.Millisecond), r.Status, r.Warnings, marksOf(r))
		})
	}
}

// The kernel's own word on what it killed for want of memory in a control group.
func TestProgramOutOfMemory(t *testing.T) {
	host, err := proc.NewFS("/").Host()
	if err != nil || !host.Cgroup.Writable || host.Cgroup.MemoryDir == "" {
		t.Skip("no memory control group can be made here")
	}
	path := victim(t)
	r := runProgram(t, ran{memory: 32 << 20, Program: results.Program{Command: []string{path, "greedy"}, ReadyLine: "is ready", Load: [][]string{{path, "mute"}}}})
	if r.Status != results.StatusOOM || r.Exit.Signal != "SIGKILL" {
		t.Errorf("status %s, exit %+v, warnings %q", r.Status, r.Exit, r.Warnings)
	}
}

// A program that does its work and ends is looked at before it is gone; without an agent
// only its curve is known.
func TestProgramToItsEnd(t *testing.T) {
	path := victim(t)
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc"} {
		for _, agentless := range []bool{false, true} {
			r := runProgram(t, ran{allocator: allocator, agentless: agentless, Program: results.Program{Command: []string{path, "work"}}})
			want := "baseline freed purged"
			if agentless {
				want = "baseline"
			}
			if r.Status != results.StatusOK || strings.Join(marksOf(r), " ") != want {
				t.Errorf("%s: %s, marks %v, warnings %q", allocator, r.Status, marksOf(r), r.Warnings)
			}
			if peak := r.Metrics[results.MetricRSSPeak]; peak < 33<<20 || peak > 48<<20 {
				t.Errorf("%s: it held 33 MiB and its peak is %.0f", allocator, peak)
			}
			for _, m := range r.Marks {
				if m.Resident == nil || m.Resident.Total() != m.RSS || m.Ledger != nil {
					t.Errorf("%s at %s: %+v of %d", allocator, m.Name, m.Resident, m.RSS)
				}
				if agentless {
					continue
				}
				if m.AllocatorStats == nil || m.AllocatorStats.Allocated == nil || *m.AllocatorStats.Allocated > 2<<20 {
					t.Errorf("%s at %s: %+v", allocator, m.Name, m.AllocatorStats)
				}
			}
		}
	}
}

// Memory that processes share is counted once, at marks and in between, and it is
// said who they are and who serves each.
func TestProgramFamily(t *testing.T) {
	path := victim(t)
	r := runProgram(t, ran{allocator: "jemalloc", Program: results.Program{
		Command: []string{path, "family"}, ReadyLine: "is ready", Duration: 0.3, After: 0.2}})
	if r.Status != results.StatusOK || !mentions(r, "it has 2 child processes") {
		t.Fatalf("%s %q", r.Status, r.Warnings)
	}
	const sum = (1 + 32 + 2*8) << 20 // what the three have touched, each page once
	for _, m := range r.Marks {
		memory, ok := m.Memory()
		if !ok || memory < sum || memory > sum+8<<20 || len(m.Processes) != 3 {
			t.Errorf("%s: %d bytes of %d processes", m.Name, memory, len(m.Processes))
		}
		for i, p := range m.Processes {
			if p.Command != "victim" || !strings.Contains(p.ServedBy, "jemalloc") || i > 0 && p.Parent != m.Processes[0].Pid {
				t.Errorf("%s: %+v", m.Name, p)
			}
		}
	}
	for _, name := range []string{results.MetricRSSPeak, results.MetricRSSMean} {
		if v, ok := r.Metrics[name]; ok && (v < sum || v > sum+8<<20) || !ok && !mentions(r, "no control group") {
			t.Errorf("%s is %.0f", name, v)
		}
	}
}

// A program that is linked with an allocator of its own gets the variant's; its own
// word would say otherwise.
func TestProgramWithItsOwnAllocator(t *testing.T) {
	victim(t)
	path := filepath.Join(binaries(t, "ptmalloc").Dir, "linked")
	if out, err := exec.Command("cc", "-fno-builtin", "-Wl,--no-as-needed", "-o", path, "testdata/victim.c", "-ljemalloc").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		r := runProgram(t, ran{allocator: allocator, Program: results.Program{Command: []string{path, "work"}}})
		want := map[string]string{"ptmalloc": "libc.so", "jemalloc": "libjemalloc", "tcmalloc": "libtcmalloc", "mimalloc": "libmimalloc"}[allocator]
		if r.Status != results.StatusOK || !strings.Contains(r.Proof.ServedBy, want) || r.Proof.Dialect != allocator {
			t.Errorf("%s: %s, %+v, %q", allocator, r.Status, r.Proof, r.Warnings)
		}
		if r.Proof.Preloaded != r.Proof.ServedBy { // ptmalloc too: by itself it would have jemalloc
			t.Errorf("%s: %q was preloaded and %q serves", allocator, r.Proof.Preloaded, r.Proof.ServedBy)
		}
	}
	if r := runProgram(t, ran{Program: results.Program{Command: []string{victim(t), "work"}}}); r.Proof.Preloaded != "" {
		t.Errorf("%q was preloaded into a program that glibc serves anyway", r.Proof.Preloaded)
	}
	own := filepath.Join(binaries(t, "ptmalloc").Dir, "own")
	source := "#include <stddef.h>\nstatic char b[1<<20], *p = b;\nvoid *malloc(size_t n){ void *r = p; p += n; return r; } void free(void *x){ (void)x; }\nint main(void){ return malloc(8) == 0; }"
	cc := exec.Command("cc", "-fno-builtin", "-rdynamic", "-x", "c", "-o", own, "-")
	cc.Stdin = strings.NewReader(source)
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := findProgram("own", results.Program{Command: []string{own}}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "defines malloc itself") {
		t.Errorf("a program that serves itself: %v", err)
	}
}

// In a program that is no PIE and takes malloc's address, that address is the program's own for everybody: who
// serves is another question.
func TestProgramAtAFixedAddress(t *testing.T) {
	victim(t)
	path := filepath.Join(binaries(t, "ptmalloc").Dir, "fixed")
	if out, err := exec.Command("cc", "-O0", "-fno-builtin", "-fno-pie", "-no-pie", "-o", path, "testdata/victim.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for allocator, want := range map[string]string{"ptmalloc": "libc.so", "jemalloc": "libjemalloc", "tcmalloc": "libtcmalloc"} {
		for _, census := range []bool{false, true} {
			r := runProgram(t, ran{allocator: allocator, census: census, Program: results.Program{Command: []string{path, "work"}}})
			if r.Status != results.StatusOK || !strings.Contains(r.Proof.ServedBy, want) || r.Proof.Dialect != allocator {
				t.Errorf("%s, census %v: %s, %+v, %q", allocator, census, r.Status, r.Proof, r.Warnings)
			}
			if m := r.Mark(results.MarkFreed); m == nil || m.AllocatorStats == nil || census != (m.Ledger != nil) {
				t.Errorf("%s, census %v: at its end %+v", allocator, census, m)
			}
		}
	}
}

// The agent leaves nothing in the allocator that grows: its thread has no arena.
func TestAgentMakesNoArena(t *testing.T) {
	path := victim(t)
	r := runProgram(t, ran{Program: results.Program{Command: []string{path, "serve"}, ReadyLine: "is ready", Load: [][]string{{path, "load"}, {path, "load"}}, After: 0.05}})
	if r.Status != results.StatusOK || len(r.Marks) != 5 {
		t.Fatalf("%s %v %q", r.Status, marksOf(r), r.Warnings)
	}
	for _, m := range r.Marks {
		if m.AllocatorStats == nil || *m.AllocatorStats.Arenas != 1 || m.Outside.Arenas != 1 {
			t.Errorf("%s: %+v, outside %+v", m.Name, m.AllocatorStats, m.Outside)
		}
		if first := r.Marks[0].AllocatorStats; m.Name != results.MarkPurged && *m.AllocatorStats.Allocated > *first.Allocated {
			t.Errorf("%s: %d bytes in use, %d at baseline", m.Name, *m.AllocatorStats.Allocated, *first.Allocated)
		}
	}
}
