package cause

import (
	"strings"
	"testing"

	"alloclab/results"
)

// TestTheCauseHasItsReasonFirst: why memory is held begins with the largest part,
// and tables and larger blocks have a reason as any other part has.
func TestTheCauseHasItsReasonFirst(t *testing.T) {
	tr := *trialOf(1, results.Ledger{}, results.Ledger{Empty: 10 * mib}, results.Claims{results.ClaimMetadata: 6 * mib, results.ClaimThreadCache: 4 * mib})
	tr.Metrics[results.MetricRSSPeak] = 20 * mib
	tr.Marks = append(tr.Marks, results.Mark{Name: results.MarkPurged, T: 4, Ledger: &results.Ledger{Empty: 8 * mib}, Claims: results.Claims{results.ClaimMetadata: 5 * mib}})
	f := explained(t, results.Clock{}, tr)[0]
	says(t, f, []string{"6.0 MiB are tables in which the allocator keeps account of its memory, which was 20 MiB at the peak; after a purge they were 5.0 MiB."})
	tables, caches := strings.Index(f.Text, "are tables in which"), strings.Index(f.Text, "Each thread keeps")
	if f.Word != string(Metadata) || tables < 0 || caches < tables {
		t.Errorf("%s: tables at %d, caches at %d:\n%s", f.Word, tables, caches, f.Text)
	}

	tr = *trialOf(1, results.Ledger{}, results.Ledger{Live: 10 * mib, Rounding: 8 * mib}, nil)
	tr.Marks[3].Blocks = 1024
	if f = explained(t, results.Clock{}, tr)[0]; f.Word != string(Rounding) {
		t.Errorf("%s", f.Word)
	}
	says(t, f, []string{"A block is 8 KiB larger on average than what was asked for (blocks in use: 1024)."})
}

// TestOneIsNotMany: of one release and of one block no plural is used.
func TestOneIsNotMany(t *testing.T) {
	for count, want := range map[float64]string{1: "given back 3.0 MiB, in 1 release.", 2: "given back 3.0 MiB, in 2 releases."} {
		tr := variantOf("a", 100, 0, nil)
		tr.Marks[3].Claims = results.Claims{results.ClaimPageHeap: 100 * mib}
		tr.Marks[3].AllocatorStats = &results.AllocatorStats{Raw: map[string]float64{
			"tcmalloc.pageheap_decommit_count": count, "tcmalloc.pageheap_total_decommit_bytes": 3 * mib}}
		says(t, explained(t, results.Clock{}, tr)[0], []string{want})
	}
	for blocks, want := range map[int64]string{1: " 1 block that is not freed holds its pages.", 2: " 2 blocks that are not freed are scattered"} {
		tr := *trialOf(1, results.Ledger{}, results.Ledger{Pinned: 16 * mib}, nil)
		tr.Marks[3].Blocks = blocks
		says(t, explained(t, results.Clock{}, tr)[0], []string{want})
	}
}

// TestSpansThatWait: free spans are kept for the next burst, or for a clock where there is one.
func TestSpansThatWait(t *testing.T) {
	tr := variantOf("a", 100, 0, nil)
	tr.Marks[3].Claims = results.Claims{results.ClaimPageHeap: 100 * mib}
	says(t, explained(t, results.Clock{}, tr)[0], []string{"100 MiB are whole free spans that the allocator keeps for the next burst."}, "clock")
	says(t, explained(t, results.Clock{Seconds: .5}, tr)[0], []string{"100 MiB are whole free spans that wait for the allocator's clock of 500 ms; watched for 1 s."}, "burst")
}
