package runner

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// buildCensus builds the agent of pass census beside the other.
func buildCensus(t testing.TB) {
	t.Helper()
	victim(t)
	sources, _ := filepath.Glob("../workloads/agent/*.c")
	probes, _ := filepath.Glob("../workloads/kit/probe*.c")
	args := append([]string{"-O2", "-std=gnu11", "-pthread", "-fexceptions", "-DPROBE_PRELOADED", "-DPROBE_INTERPOSES", "-DAGENT_CENSUS", "-fPIC", "-shared", "-fvisibility=hidden",
		"-fno-builtin-malloc", "-fno-builtin-calloc", "-fno-builtin-realloc", "-fno-builtin-free",
		"-I../workloads", "-o", filepath.Join(binaries(t, "ptmalloc").Dir, "libcensus.so")}, append(sources, probes...)...)
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// What a program holds is known to the block: by malloc and by operator new of C or
// the allocator, whatever it freed, and beside it what it mapped itself and its threads' stacks.
func TestCensusOfKnownBlocks(t *testing.T) {
	buildCensus(t)
	path := filepath.Join(binaries(t, "ptmalloc").Dir, "blocks")
	if out, err := exec.Command("c++", "-O0", "-std=c++17", "-pthread", "-o", path, "testdata/blocks.cc").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		t.Run(allocator, func(t *testing.T) {
			command := []string{path, "throw"}
			if allocator == "mimalloc" {
				command = command[:1]
			}
			r := runProgram(t, ran{pass: results.PassCensus, allocator: allocator, Program: results.Program{
				Command: command, ReadyLine: "are held", Duration: 0.05}})
			m := r.Mark(results.MarkFreed)
			if r.Status != results.StatusOK || m == nil || m.Ledger == nil {
				t.Fatalf("%s %v %q", r.Status, marksOf(r), r.Warnings)
			}
			// 1000 blocks of 1000 bytes, 500 of 192, one of 8 MiB, three of 2000, the vectors', stdio's.
			held := int64(1000*1000 + 500*192 + 8<<20 + 3*2000 + 4096*8)
			l := m.Ledger
			// mimalloc's classes lie up to a quarter apart, also of 8 MiB.
			if m.Usable < held || m.Usable > held+held/20 && allocator != "mimalloc" || m.Usable > held+held/4 || m.Blocks < 1505 || m.Blocks > 1600 {
				t.Errorf("%d blocks of %d bytes; %d bytes are held", m.Blocks, m.Usable, held)
			}
			if l.Live < held-64<<10 || l.Live > m.Usable {
				t.Errorf("%d bytes are live of %d usable", l.Live, m.Usable)
			}
			if own := int64(3 << 20); l.Unmanaged < own || l.Unmanaged > own+256<<10 {
				t.Errorf("unmanaged is %d", l.Unmanaged)
			}
			if l.Other < 3*256<<10 {
				t.Errorf("other is %d: three stacks hold more", l.Other)
			}
			thousands := int64(0)
			for _, s := range m.Sizes {
				if s.From >= 960 && s.From <= 1024 {
					thousands += s.Blocks
				}
			}
			if thousands != 1000 {
				t.Errorf("%d blocks of a thousand bytes: %+v", thousands, m.Sizes)
			}
			if len(r.Metrics) != 0 {
				t.Errorf("figures of pass time were taken in pass census: %v", r.Metrics)
			}
		})
	}
}

// A program that forks and one that another is executed in place of are counted as far as
// can be: each process's own.
func TestCensusOfFamilies(t *testing.T) {
	buildCensus(t)
	path := victim(t)
	r := runProgram(t, ran{pass: results.PassCensus, allocator: "jemalloc", Program: results.Program{Command: []string{path, "family"}, ReadyLine: "is ready", Duration: 0.1}})
	if r.Status != results.StatusOK || len(r.Marks) < 2 || r.Marks[0].Ledger != nil && r.Marks[0].Ledger.Total() != r.Marks[0].RSS {
		t.Errorf("%s %q", r.Status, r.Warnings)
	}
	r = runProgram(t, ran{pass: results.PassCensus, Program: results.Program{Command: []string{path, "exec"}, ReadyLine: "is ready", Duration: 0.05}})
	if m := r.Mark(results.MarkFreed); r.Status != results.StatusOK || m == nil || m.Usable < 1<<20 || m.Usable > 1<<20+64<<10 {
		t.Errorf("%s %q: %+v", r.Status, r.Warnings, m)
	}
}

// The same code as a workload, whose own list says what is live, and as a program
// whose blocks an agent counted, has the same ledger within 2 % of the heap.
func TestCensusAgreesWithWorkload(t *testing.T) {
	buildCensus(t)
	plain := buildPlain(t, "iobuf")
	for _, allocator := range []string{"ptmalloc", "tcmalloc"} {
		linked := measure(context.Background(), t, setup{Variant: configs.Variant{Allocator: allocator}, workload: "iobuf",
			params: map[string]any{"threads": 3, "idle": 0, "backlog": 64 << 20}})
		wantOK(t, linked)
		program := runProgram(t, ran{pass: results.PassCensus, allocator: allocator, Program: results.Program{Command: []string{plain, "threads=3", "idle=0", "backlog=67108864"}}})
		a, b := linked.Mark(results.MarkIdle), program.Mark(results.MarkFreed)
		if program.Status != results.StatusOK || b == nil || b.Ledger == nil {
			t.Fatalf("%s %q", program.Status, program.Warnings)
		}
		t.Logf("%s: linked %+v, %d usable; program %+v, %d usable", allocator, *a.Ledger, a.Usable, *b.Ledger, b.Usable)
		near := func(what string, x, y, of int64) {
			if d := float64(x-y) / float64(of); d < -0.02 || d > 0.02 {
				t.Errorf("%s: %s is %d linked and %d as a program", allocator, what, x, y)
			}
		}
		heap := a.Ledger.Heap()
		near("usable", a.Usable, b.Usable, a.Usable)
		near("live with rounding", a.Ledger.Live+a.Ledger.Rounding, b.Ledger.Live, heap)
		near("pinned", a.Ledger.Pinned, b.Ledger.Pinned, heap)
		near("empty", a.Ledger.Empty, b.Ledger.Empty, heap)
	}
}
