package runner

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// agreement is one workload under one allocator, to be measured linked with it and preloaded into.
type agreement struct {
	workload  string
	allocator string
	knobs     map[string]any
	params    map[string]any
}

// The same code as a workload, linked with the allocator, and as a program,
// with the allocator preloaded, takes the same memory within 2 %, and in pass census has the same
// ledger: what differs between two looks at one thing is the lab's own doing.
//
// So it must be one thing. Of the requests of iobuf that do not wait for the drain, as many are under way
// at once as the threads' order has it, which is another one in each trial: 2 % of the heap, and 8 % where an
// allocator's caches multiply it (jemalloc). Where all wait (lagging) the most that is held is the
// same in each, and so are the heaps, to some pages. A clock must not run either: it would compare how long the trials took.
func TestProgramAgreesWithWorkload(t *testing.T) {
	victim(t)
	iobuf := map[string]any{"threads": 3, "backlog": 64 << 20, "lagging": 1.0}
	for _, c := range []agreement{
		{"iobuf", "ptmalloc", nil, iobuf},
		{"iobuf", "jemalloc", map[string]any{"dirty_decay_ms": int64(-1)}, iobuf},
		{"iobuf", "tcmalloc", nil, iobuf},
		{"iobuf", "mimalloc", nil, iobuf},
		{"threads4k", "jemalloc", map[string]any{"dirty_decay_ms": int64(-1)}, map[string]any{"threads": 2, "blocks": 8000, "operations": 1}},
	} {
		t.Run(c.workload+"/"+c.allocator, func(t *testing.T) { c.check(t) })
	}
}

const (
	apart     = 0.02     // of the account
	ownBlocks = 64 << 10 // what the plain program's stdio and the workload's own listing may touch besides
)

func (c agreement) check(t *testing.T) {
	const rounds = 3 // interleaved, so that what the machine does falls on all alike
	linked, preloaded := map[string][]float64{}, map[string][]float64{}
	add := func(to map[string][]float64, figures map[string]float64) {
		for name, value := range figures {
			to[name] = append(to[name], value)
		}
	}
	for range rounds {
		l := c.linked(t)
		p := c.preloaded(t, false)
		census := c.preloaded(t, true)
		a, b := l.Mark(results.MarkIdle), census.Mark(results.MarkFreed)
		if b.Racy || !b.Ledger.LiveIsUsable || b.Ledger.Rounding != 0 || b.Blocks == 0 || len(b.Classes) == 0 {
			t.Errorf("%+v, %d blocks, %d classes", *b.Ledger, b.Blocks, len(b.Classes))
		}
		add(linked, map[string]float64{
			"peak": l.Metrics[results.MetricRSSPeak], "RSS": l.Metrics[results.MetricRSSIdle],
			"live with rounding": float64(a.Ledger.Live + a.Ledger.Rounding), "pinned": float64(a.Ledger.Pinned),
			"empty": float64(a.Ledger.Empty), "heap": float64(a.Ledger.Heap()),
		})
		add(preloaded, map[string]float64{
			"peak": p.Metrics[results.MetricRSSPeak], "RSS": p.Metrics[results.MetricRSSFreed],
			"live with rounding": float64(b.Ledger.Live), "pinned": float64(b.Ledger.Pinned),
			"empty": float64(b.Ledger.Empty), "heap": float64(b.Ledger.Heap()),
		})
	}
	for _, name := range []string{"peak", "RSS", "live with rounding", "pinned", "empty", "heap"} {
		a, b := median(linked[name]), median(preloaded[name])
		t.Logf("%s: %.3f MB linked, %.3f MB preloaded: %+.2f %%", name, a/1e6, b/1e6, 100*(b/a-1))
		if math.Abs(b-a) > max(apart*a, ownBlocks) {
			t.Errorf("%s: %.0f linked and %.0f preloaded", name, linked[name], preloaded[name])
		}
	}
}

// linked measures the workload to its mark idle.
func (c agreement) linked(t *testing.T) results.Trial {
	t.Helper()
	params := map[string]any{"idle": 0.01}
	for name, value := range c.params {
		params[name] = value
	}
	r := measure(context.Background(), t, setup{Variant: configs.Variant{Allocator: c.allocator, Knobs: c.knobs}, workload: c.workload, params: params})
	wantOK(t, r)
	if m := r.Mark(results.MarkIdle); m == nil || m.Ledger == nil {
		t.Fatalf("linked: marks %v", marksOf(r))
	}
	return r
}

// preloaded runs the same as a program, to where it is idle, and its threads are there as those of a workload are.
func (c agreement) preloaded(t *testing.T, census bool) results.Trial {
	t.Helper()
	command := []string{buildPlain(t, c.workload), "idle=60"}
	for name, value := range c.params {
		command = append(command, fmt.Sprintf("%s=%v", name, value))
	}
	r := runProgram(t, ran{allocator: c.allocator, knobs: c.knobs, census: census, Program: results.Program{Command: command, ReadyLine: "idle", Duration: 0.01}})
	if m := r.Mark(results.MarkFreed); r.Status != results.StatusOK || m == nil || (m.Ledger != nil) != census {
		t.Fatalf("preloaded: %s %q, marks %v", r.Status, r.Warnings, marksOf(r))
	}
	return r
}

// buildPlain builds a workload as an ordinary program.
func buildPlain(t testing.TB, workload string) string {
	t.Helper()
	path := filepath.Join(binaries(t, "ptmalloc").Dir, "plain-"+workload)
	sources, _ := filepath.Glob("../workloads/" + workload + "*.c")
	args := append([]string{"-std=gnu11", "-O2", "-pthread", "-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-realloc", "-fno-builtin-free",
		"-I../workloads", "-o", path, "../workloads/plain/main.c", "../workloads/kit/parameters.c", "../workloads/kit/memory.c", "../workloads/kit/workers.c"}, sources...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}
