package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/process"
)

func faulty(allocator, kind string) setup {
	return setup{Variant: configs.Variant{Allocator: allocator}, workload: "faults", params: map[string]any{"kind": kind}}
}

// Each way in which a measured program goes wrong comes out under its own
// name, with the end of its output, and nothing of it survives (measure checks).
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		kind    string
		limit   time.Duration
		status  results.Status
		exit    results.Exit // Stderr: what it must contain
		warning string
	}{
		{kind: "none", status: results.StatusOK},
		{kind: "segv", status: results.StatusSignal, exit: results.Exit{Signal: "SIGSEGV"}},
		{kind: "abort", status: results.StatusSignal, exit: results.Exit{Signal: "SIGABRT", Stderr: "about to abort\n"}},
		{kind: "exit", status: results.StatusExit, exit: results.Exit{Code: 3}},
		{kind: "quit_early", status: results.StatusExit, warning: "closed its connection"},
		{kind: "close_wire", status: results.StatusExit, exit: results.Exit{Code: 74}, warning: "closed its connection"},
		{kind: "hang", limit: time.Second, status: results.StatusTimeout, exit: results.Exit{Signal: "SIGTERM"}},
		{kind: "ignore_term", limit: time.Second, status: results.StatusTimeout, exit: results.Exit{Signal: "SIGKILL"}},
		{kind: "flip", status: results.StatusChecksumMismatch, exit: results.Exit{Code: 73, Stderr: "byte 100"}, warning: "byte 100 of a block changed from 0x5a to 0x5b"},
		{kind: "overlap", status: results.StatusChecksumMismatch, warning: "overlaps another"},
		{kind: "huge", status: results.StatusOutOfMemory, exit: results.Exit{Code: 72, Stderr: "returned NULL"}, warning: "malloc(1125899906842624) returned NULL"},
		{kind: "spam", status: results.StatusOK, exit: results.Exit{Stderr: "line 99999 of a hundred thousand\n"}},
		{kind: "grandchild", status: results.StatusOK, warning: "it left 1 processes behind"},
		{kind: "fork", status: results.StatusOK, warning: "it left 1 processes behind"},
		{kind: "orphan", status: results.StatusSignal, exit: results.Exit{Signal: "SIGSEGV"}, warning: "it left 1 processes behind"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			s := faulty("ptmalloc", c.kind)
			s.limit = c.limit
			began := time.Now()
			r := measure(context.Background(), t, s)
			took := time.Since(began)
			byLab := c.kind == "overlap" // which may see the wire closed before it gets the signal
			if r.Status != c.status || !byLab && (r.Exit.Code != c.exit.Code || r.Exit.Signal != c.exit.Signal) || !strings.Contains(r.Exit.Stderr, c.exit.Stderr) {
				t.Errorf("status %s, exit %+v, warnings %q; want %s, %+v", r.Status, r.Exit, r.Warnings, c.status, c.exit)
			}
			if c.warning != "" && !mentions(r, c.warning) {
				t.Errorf("warnings %q; want %q", r.Warnings, c.warning)
			}
			if r.Status != results.StatusOK && len(r.Warnings) == 0 {
				t.Error("failed without a word")
			}
			if len(r.Exit.Stderr) > process.TailBytes {
				t.Errorf("%d bytes of output are kept", len(r.Exit.Stderr))
			}
			for _, speed := range []string{results.MetricOpsPerS, results.MetricOpsPerCPUS} {
				if v, ok := r.Metrics[speed]; ok {
					t.Errorf("%s is %g", speed, v)
				}
			}
			if r.Status != results.StatusOK {
				for _, m := range []string{results.MetricWall, results.MetricRSSFreed, results.MetricRSSIdle, results.MetricRSSMean} {
					if v, ok := r.Metrics[m]; ok {
						t.Errorf("it never got to freed, and %s is %g", m, v)
					}
				}
				if r.Counts() {
					t.Error("it counts")
				}
			}
			// Not how fast, only that it has an end long before another limit would have made one.
			if took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// What a double free and an overflow do, each allocator decides; none of it is a figure of speed.
func TestHeapMisuse(t *testing.T) {
	for _, allocator := range linked {
		for _, kind := range []string{"double_free", "overflow"} {
			t.Run(allocator+"/"+kind, func(t *testing.T) {
				s := faulty(allocator, kind)
				s.limit = 2 * time.Second // mimalloc's list of free blocks has become a ring
				r := measure(context.Background(), t, s)
				t.Logf("%s %+v %q", r.Status, r.Exit, r.Warnings)
				if allocator == "ptmalloc" && (r.Status != results.StatusSignal || r.Exit.Signal != "SIGABRT") {
					t.Errorf("status %s, exit %+v", r.Status, r.Exit)
				}
				if _, ok := r.Metrics[results.MetricOpsPerS]; ok {
					t.Error("it has a speed")
				}
				if r.Status == results.StatusOK {
					wantOK(t, r)
				}
			})
		}
	}
}
