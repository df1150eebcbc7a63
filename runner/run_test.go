package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
	"alloclab/runner/proc"
	"alloclab/runner/process"
)

// load reads an experiment against the programs as they were built.
func load(t *testing.T, b Binaries, toml string) Options {
	t.Helper()
	workloads, err := b.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	catalog := Catalog(workloads)
	e, err := configs.Parse("test.toml", []byte(toml), catalog)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Experiment: e, Catalog: catalog, Binaries: b, Dir: filepath.Join(t.TempDir(), "run"), Tool: "test", SampleRate: DefaultRate}
}

func trialsOf(t *testing.T, o Options) []results.Trial {
	t.Helper()
	trials, warnings, err := results.ReadTrials(filepath.Join(o.Dir, results.TrialsFile))
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	return trials
}

const small = `
name = "test"
seed = 1
rounds = 2
[[variant]]
allocator = "ptmalloc"
[[variant]]
allocator = "jemalloc"
[[workload]]
name = "threads4k"
operations = 2000
idle = "20ms"
`

func TestRun(t *testing.T) {
	binaries(t, "jemalloc")
	o := load(t, binaries(t, "ptmalloc"), small)
	var told []int
	o.Progress = func(done, total int, _ *results.Trial) { told = append(told, done*10+total) }
	run, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range trialsOf(t, o) {
		wantOK(t, r)
		if r.Run != run.Run || r.Plan != run.PlanHash || r.Machine.Memory == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Variant+string(rune('0'+r.Round))] = true
		if _, err := os.Stat(results.SamplesPath(o.Dir, r.Trial)); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 4 || len(told) != 4 || told[3] != 44 {
		t.Errorf("%v, told %v", seen, told)
	}
	if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("a second run in the same directory: %v", err)
	}
}

func TestGoRuntimeIsTold(t *testing.T) {
	o := load(t, binaries(t, "ptmalloc"), "name = \"t\"\nrounds = 1\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"threads4k\"\nruntime = \"go\"\noperations = 100\nidle = \"10ms\"\n")
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	r := trialsOf(t, o)[0]
	wantOK(t, r)
	if r.Runtime != "go" || !mentions(r, "the Go runtime runs beside the workload") {
		t.Errorf("runtime %q, warnings %q", r.Runtime, r.Warnings)
	}
}

// A failed trial is recorded and the others are measured.
func TestRunGoesOnAfterAFailure(t *testing.T) {
	o := load(t, binaries(t, "ptmalloc"), "name = \"t\"\nrounds = 1\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"faults\"\nkind = [\"abort\", \"none\", \"exit\"]\n")
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	got := map[any]results.Status{}
	for _, r := range trialsOf(t, o) {
		got[r.Params["kind"]] = r.Status
	}
	if got["abort"] != results.StatusSignal || got["exit"] != results.StatusExit || got["none"] != results.StatusOK {
		t.Errorf("%v", got)
	}
}

// Ctrl-C in the middle: what was measured stays, the trial that was cut short is
// recorded as such, and its process is gone.
func TestInterrupt(t *testing.T) {
	o := load(t, binaries(t, "ptmalloc"), `
name = "test"
rounds = 5
time_limit = "2h"
[[variant]]
allocator = "ptmalloc"
[[workload]]
name = "threads4k"
operations = 1000
idle = ["10ms", "1h"]
`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	go func() { // once trials run: each second one stays idle for an hour
		defer close(stop)
		for ctx.Err() == nil {
			_, err := os.Stat(filepath.Join(o.Dir, results.TrialsFile))
			if time.Sleep(20 * time.Millisecond); err == nil && ours() != nil {
				time.Sleep(300 * time.Millisecond)
				cancel()
			}
		}
	}()
	_, err := Run(ctx, o)
	<-stop
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if left := ours(); left != nil {
		t.Errorf("processes %v survived", left)
	}
	trials := trialsOf(t, o)
	for i, r := range trials {
		want := results.StatusOK
		if i == len(trials)-1 {
			want = results.StatusInterrupted
		}
		if r.Status != want {
			t.Errorf("trial %d of %d is %s: %q", i+1, len(trials), r.Status, r.Warnings)
		}
		if _, ok := r.Metrics[results.MetricRSSIdle]; ok && r.Status != results.StatusOK {
			t.Errorf("%v", r.Metrics)
		}
	}
	if len(trials) == 0 || len(trials) == 10 {
		t.Errorf("%d trials", len(trials))
	}
}

func TestWrongLibrary(t *testing.T) {
	dir := t.TempDir()
	source := `#include <stddef.h>
static char heap[64 << 20] __attribute__((aligned(16))); static size_t used;
void *malloc(size_t n) { char *p = heap + __atomic_fetch_add(&used, (n + 31) & ~(size_t)15, __ATOMIC_RELAXED); *(size_t *)p = n; return p + 16; }
void free(void *p) { (void)p; }
void *calloc(size_t n, size_t m) { return malloc(n * m); }
void *realloc(void *p, size_t n) { char *q = malloc(n); if (p) for (size_t i = 0, k = ((size_t *)p)[-2]; i < n && i < k; i++) q[i] = ((char *)p)[i]; return q; }
size_t malloc_usable_size(void *p) { return p ? ((size_t *)p)[-2] : 0; }
`
	if err := os.WriteFile(dir+"/bump.c", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	library := dir + "/libbump.so"
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-fno-builtin", "-o", library, dir+"/bump.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := func(allocator, library, knobs string) string {
		return "name = \"t\"\nrounds = 1\n[[variant]]\nallocator = \"" + allocator + "\"\n" + library + knobs + "[[workload]]\nname = \"threads4k\"\noperations = 10\nidle = \"0s\"\n"
	}
	b := binaries(t, "ptmalloc")
	for name, c := range map[string]struct {
		toml string
		want []string
		is   error
	}{
		"an allocator, but another": {text("jemalloc", "library = \""+library+"\"\n", ""), []string{"test.toml:3:3", "libbump.so serves malloc", "not of jemalloc"}, errWrongAllocator},
		"no library":                {text("jemalloc", "library = \"/nowhere/libjemalloc.so\"\n", ""), []string{"test.toml:3:3", "/nowhere/libjemalloc.so does not exist"}, nil},
		"no allocator":              {text("jemalloc", "library = \""+libm(t)+"\"\n", ""), []string{"exports no malloc"}, nil},
	} {
		o := load(t, b, c.toml)
		run, err := Run(context.Background(), o)
		if run != nil || err == nil {
			t.Errorf("%s: it ran", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", name, err, want)
			}
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(o.Dir, results.TrialsFile)); err == nil {
			t.Errorf("%s: trials were recorded", name)
		}
	}
}

func libm(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/lib/*/libm.so.6")
	if len(found) == 0 {
		t.Skip("no libm here")
	}
	return found[0]
}

// A library on a path that LD_PRELOAD cannot name is measured all the same, and proved.
func TestLibraryOnAnOddPath(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/*/libjemalloc.so.2")
	if len(found) == 0 {
		t.Skip("no jemalloc here")
	}
	folder := filepath.Join(t.TempDir(), "sp ace:colon")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(found[0])
	if err == nil {
		err = os.WriteFile(folder+"/libjemalloc.so.2", b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := tiny("ptmalloc")
	binaries(t, "ptmalloc")
	s.Variant = configs.Variant{Allocator: "jemalloc", Library: folder + "/libjemalloc.so.2"}
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	if r.Proof.Dialect != "jemalloc" {
		t.Errorf("%+v", r.Proof)
	}
}

// A knob that is not in effect is refused before anything is measured.
func TestKnobMismatch(t *testing.T) {
	v, err := resolve(configs.Variant{Allocator: "jemalloc", Label: "j", Knobs: map[string]any{"narenas": int64(3)}}, binaries(t, "jemalloc"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.dryStart(context.Background()); err != nil {
		t.Fatalf("three arenas: %v", err)
	}
	for i, line := range v.settings { // as if jemalloc had taken another value than the one asked for
		v.settings[i] = strings.Replace(line, "narenas:3", "narenas:2", 1)
	}
	_, err = v.dryStart(context.Background())
	if !errors.Is(err, errTunableRejected) || !strings.Contains(err.Error(), "narenas: requested 3, effective 2") {
		t.Errorf("%v", err)
	}
	// And in a trial, where it is its own status.
	tr := measureVariant(t, v, tiny("jemalloc"))
	if tr.Status != results.StatusTunableRejected || !mentions(tr, "requested 3, effective 2") {
		t.Errorf("%s %q", tr.Status, tr.Warnings)
	}
	v.settings = []string{"MALLOC_CONF=abort_conf:true,narenas:0"}
	if _, err = v.dryStart(context.Background()); err == nil {
		t.Error("a setting that jemalloc refuses was taken")
	}
}

func TestWrongAllocatorInATrial(t *testing.T) {
	v := ready(t, configs.Variant{Allocator: "ptmalloc"})
	v.binary = binaries(t, "jemalloc").Workload("jemalloc") // exchanged after the dry start
	r := measureVariant(t, v, tiny("ptmalloc"))
	if r.Status != results.StatusWrongAllocator || len(r.Marks) != 0 {
		t.Errorf("%s %q", r.Status, r.Warnings)
	}
	v = ready(t, configs.Variant{Allocator: "ptmalloc"})
	v.library = "/usr/lib/libother.so"
	if r := measureVariant(t, v, tiny("ptmalloc")); r.Status != results.StatusPreloadFailed {
		t.Errorf("%s %q", r.Status, r.Warnings)
	}
	v = ready(t, configs.Variant{Allocator: "ptmalloc"})
	v.binary = "/nowhere"
	if r := measureVariant(t, v, tiny("ptmalloc")); r.Status != results.StatusSkipped {
		t.Errorf("%s %q", r.Status, r.Warnings)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	release, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	var inUse *InUseError
	if _, err := lock(dir); !errors.As(err, &inUse) || inUse.Dir != dir || inUse.By == "" {
		t.Errorf("a second lock: %v", err)
	}
	o := load(t, binaries(t, "ptmalloc"), small)
	o.Dir = dir
	if run, err := Run(context.Background(), o); run != nil || !errors.As(err, &inUse) {
		t.Errorf("a second run: %v", err)
	}
	release()
	// What a process that died left behind is no obstacle.
	if err := os.WriteFile(filepath.Join(dir, "lock"), []byte("4194303\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	release, err = lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// TestOutOfMemory lets the kernel kill a trial in its control group, and the
// lab must know that it did.
func TestOutOfMemory(t *testing.T) {
	host, err := proc.NewFS("/").Host()
	if err != nil {
		t.Fatal(err)
	}
	if !host.Cgroup.Writable {
		t.Skip("no memory control group can be made here")
	}
	v := ready(t, configs.Variant{Allocator: "ptmalloc"})
	for _, c := range []struct {
		bytes int64
		want  results.Status
	}{{16 << 20, results.StatusOK}, {256 << 20, results.StatusOOM}} {
		tr := &trial{
			Trial: plan.Trial{Trial: 1, Round: 1, Pass: results.PassTime}, variant: v, limit: time.Minute, rate: DefaultRate, blocks: census.NewBlocks(os.Getpagesize()),
			cell: results.Cell{Name: "faults", Workload: "faults", Params: []results.Param{{Name: "bytes", Value: c.bytes}}},
			newGroup: func() (*process.Group, error) {
				return process.NewGroup(host.Cgroup.MemoryDir, host.Cgroup.Controllers["memory"], 64<<20)
			},
		}
		tr.record.Round = 1
		if r, _ := tr.run(t.Context()); r.Status != c.want {
			t.Errorf("%d MiB in a group of 64: %s, want %s (%v)", c.bytes>>20, r.Status, c.want, r.Warnings)
		}
	}
	mine := fmt.Sprintf("alloclab-%d-*", os.Getpid())
	if left, _ := filepath.Glob(filepath.Join(host.Cgroup.MemoryDir, mine)); len(left) > 0 {
		t.Errorf("groups are left: %v", left)
	}
	// A lab that was killed could not clean up; the next one does.
	stale := filepath.Join(host.Cgroup.MemoryDir, "alloclab-999999999-1")
	if err := os.Mkdir(stale, 0o755); err != nil {
		t.Fatal(err)
	}
	process.RemoveStale(host.Cgroup.MemoryDir)
	if _, err := os.Stat(stale); err == nil {
		t.Error("a dead lab's group stays")
	}
}
