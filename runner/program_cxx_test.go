package runner

import (
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/results"
)

// A C++ program's blocks are each counted once, be its operators new the allocator's, be they libstdc++'s which
// call malloc; those of exceptions too, which an operator new takes before it gives up; and beside
// them what the program mapped itself and the stacks of its threads.
func TestCensusOfOperators(t *testing.T) {
	victim(t)
	path := filepath.Join(t.TempDir(), "blocks")
	if out, err := exec.Command("c++", "-O0", "-std=c++17", "-pthread", "-o", path, "testdata/blocks.cc").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		command := []string{path, "throw"}
		if allocator == "mimalloc" {
			command = command[:1] // it ends the program instead of throwing
		}
		r := runProgram(t, ran{census: true, allocator: allocator, Program: results.Program{Command: command, ReadyLine: "are held", Duration: 0.05}})
		m := r.Mark(results.MarkFreed)
		if r.Status != results.StatusOK || m == nil || m.Ledger == nil {
			t.Fatalf("%s: %s %v %q", allocator, r.Status, marksOf(r), r.Warnings)
		}
		// 1000 blocks of 1000 bytes, 500 of 192, one of 8 MiB, three of 2000, the vectors', libstdc++'s and stdio's.
		held := int64(1000*1000 + 500*192 + 8<<20 + 3*2000 + 4096*8)
		most := held + held/20
		if allocator == "mimalloc" {
			most = held + held/4 // its classes lie up to a quarter apart, also of 8 MiB
		}
		if m.Usable < held || m.Usable > most || m.Blocks < 1505 || m.Blocks > 1600 {
			t.Errorf("%s: %d blocks of %d bytes; %d bytes are held", allocator, m.Blocks, m.Usable, held)
		}
		l := m.Ledger
		if l.Live < held-64<<10 || l.Live > m.Usable {
			t.Errorf("%s: %d bytes are live of %d usable", allocator, l.Live, m.Usable)
		}
		if own := int64(3 << 20); l.Unmanaged < own || l.Unmanaged > own+256<<10 {
			t.Errorf("%s: unmanaged is %d", allocator, l.Unmanaged)
		}
		if l.Other < 3*256<<10 {
			t.Errorf("%s: other is %d: three stacks hold more", allocator, l.Other)
		}
	}
}
