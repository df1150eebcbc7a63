package runner

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/plan"
)

var linked = []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"}

// built are the measured programs, built once for all tests of this package
// from the sources as they are now.
var built struct {
	sync.Once
	dir    string
	failed map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

func build() {
	dir, err := os.MkdirTemp("", "alloclab-test-")
	if err != nil {
		panic(err)
	}
	built.dir, built.failed = dir, map[string]string{}
	for _, a := range linked {
		out, err := exec.Command("go", "build", "-tags", "alloc_"+a, "-o", filepath.Join(dir, "workload-"+a), "../workloads").CombinedOutput()
		if err != nil {
			built.failed[a] = fmt.Sprintf("%v\n%s", err, out)
		}
	}
	truth := filepath.Join(dir, "libtruth.so")
	out, err := exec.Command("cc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", "-fno-builtin-malloc", "-fno-builtin-free",
		"-o", truth, "../workloads/reference/truth.c").CombinedOutput()
	if err != nil {
		built.failed["truth"] = fmt.Sprintf("%v\n%s", err, out)
	}
}

// binaries are the measured programs; a test is skipped only where an
// allocator's library is not installed, and never in CI.
func binaries(t testing.TB, allocator string) Binaries {
	t.Helper()
	built.Do(build)
	if why, failed := built.failed[allocator]; failed {
		if os.Getenv("CI") == "" && strings.Contains(why, "cannot find -l") {
			t.Skipf("%s is not installed: %s", allocator, why)
		}
		t.Fatal(why)
	}
	return Binaries{built.dir}
}

// setup says what a test's trial is.
type setup struct {
	configs.Variant
	workload string
	runtime  string
	params   map[string]any
	limit    time.Duration
	stopped  func(pid int, mark string)
	asleep   func() time.Duration
	heaps    func(results.HeapMaps)
}

// ready resolves and proves a variant.
func ready(t testing.TB, v configs.Variant) *variant {
	t.Helper()
	v.Label = v.Allocator
	r, err := resolve(v, binaries(t, v.Allocator), t.TempDir())
	if err == nil {
		_, err = r.dryStart(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// measure runs one trial. Nothing of it may survive.
func measure(ctx context.Context, t testing.TB, s setup) results.Trial {
	t.Helper()
	return runTrial(ctx, t, ready(t, s.Variant), s)
}

func measureVariant(t testing.TB, v *variant, s setup) results.Trial {
	t.Helper()
	return runTrial(context.Background(), t, v, s)
}

func runTrial(ctx context.Context, t testing.TB, v *variant, s setup) results.Trial {
	t.Helper()
	cell := results.Cell{Name: s.workload, Workload: s.workload, Runtime: s.runtime}
	for name, value := range s.params {
		cell.Params = append(cell.Params, results.Param{Name: name, Value: value})
	}
	if s.limit == 0 {
		s.limit = 2 * time.Minute
	}
	tr := &trial{
		Trial: plan.Trial{Trial: 1, Round: 1, Pass: results.PassTime}, cell: cell, variant: v,
		limit: s.limit, rate: DefaultRate, blocks: census.NewBlocks(os.Getpagesize()), asleep: s.asleep,
	}
	if s.stopped != nil {
		tr.stopped = func(mark string) { s.stopped(tr.process.Pid, mark) }
	}
	tr.record.Round, tr.record.Marks, tr.record.Warnings = 1, []results.Mark{}, []string{}
	record, _ := tr.run(ctx)
	addUp(t, tr.heaps, record)
	if s.heaps != nil {
		s.heaps(tr.heaps)
	}
	if left := ours(); left != nil {
		t.Errorf("processes %v survived the trial", left)
	}
	return record
}

// ours are processes that run a measured program of these tests.
func ours() (pids []string) {
	programs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range programs {
		if exe, err := os.Readlink(link); err == nil && strings.HasPrefix(exe, built.dir+"/") {
			pids = append(pids, strings.Split(link, "/")[2])
		}
	}
	return pids
}

// wantOK checks what holds of every good trial: each mark's ledger adds up to
// RSS, which was read by another route.
func wantOK(t testing.TB, r results.Trial) {
	t.Helper()
	if r.Status != results.StatusOK {
		t.Fatalf("status %s, exit %+v, warnings %q", r.Status, r.Exit, r.Warnings)
	}
	for _, m := range r.Marks {
		if m.Racy || m.Ledger == nil || m.Ledger.Total() != m.RSS {
			t.Errorf("%s: ledger %+v, RSS %d, racy %v", m.Name, m.Ledger, m.RSS, m.Racy)
			continue
		}
		explained := m.Claims[results.ClaimUnexplained]
		for _, name := range results.ClaimOrder {
			explained += m.Claims[name]
		}
		if explained != m.Ledger.Empty {
			t.Errorf("%s: claims %v add up to %d of %d empty", m.Name, m.Claims, explained, m.Ledger.Empty)
		}
	}
}

func marksOf(r results.Trial) (names []string) {
	for _, m := range r.Marks {
		names = append(names, m.Name)
	}
	return names
}

func mentions(r results.Trial, text string) bool {
	return slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, text) })
}
