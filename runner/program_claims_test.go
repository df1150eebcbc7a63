package runner

import (
	"testing"

	"alloclab/results"
)

// TestCensusClaims: in pass census what a program's allocator says of itself divides its empty
// pages, as in a linked workload. An allocator whose threads must speak for themselves is not asked, and
// then there are no claims, not claims of 0.
func TestCensusClaims(t *testing.T) {
	path := victim(t)
	for allocator, reason := range map[string]string{
		"ptmalloc": results.ClaimBins, "jemalloc": results.ClaimDecay, "tcmalloc": results.ClaimPageHeap, "mimalloc": "",
	} {
		r := runProgram(t, ran{allocator: allocator, census: true, Program: results.Program{Command: []string{path, "burst"}, ReadyLine: "is ready", Duration: 0.3}})
		base, freed := r.Mark(results.MarkBaseline), r.Mark(results.MarkFreed)
		if r.Status != results.StatusOK || base == nil || base.Ledger == nil || freed == nil || freed.Ledger == nil {
			t.Fatalf("%s: %s %v %q", allocator, r.Status, marksOf(r), r.Warnings)
		}
		if reason == "" {
			if base.Claims != nil || freed.Claims != nil {
				t.Errorf("%s was not asked and claims %v", allocator, freed.Claims)
			}
			continue
		}
		empty, claimed := freed.Ledger.Empty-base.Ledger.Empty, freed.Claims[reason]-base.Claims[reason]
		t.Logf("%s: %d bytes became empty, %v", allocator, empty, freed.Claims)
		if empty < 31<<20 || claimed < empty*8/10 {
			t.Errorf("%s: of %d bytes that became empty it claims %d as %s: %v", allocator, empty, claimed, reason, freed.Claims)
		}
		// No more than it knows of: the pages that are empty and not claimed are told.
		if rest, told := freed.Claims[results.ClaimUnexplained]; !told || rest > freed.RSS/50 {
			t.Errorf("%s: %d bytes are unexplained of %d", allocator, rest, freed.RSS)
		}
	}
}
