package cause

import (
	"strings"
	"testing"

	"alloclab/results"
)

// variantOf is a trial of a variant that holds so many empty MiB at idle, and
// the RSS that each later step leaves.
func variantOf(label string, empty int64, speed float64, leaves map[string]float64) results.Trial {
	tr := *trialOf(1, results.Ledger{}, results.Ledger{Live: 8 * mib, Empty: empty * mib}, results.Claims{results.ClaimUnexplained: empty * mib})
	tr.Variant, tr.Allocator = label, strings.Fields(label)[0]
	if speed > 0 {
		tr.Metrics[results.MetricOpsPerCPUS] = speed
	}
	for name, v := range leaves {
		tr.Metrics[name] = v * mib
	}
	return tr
}

// TestWhatIsRecommended: only what was tried in the run, helps, and costs little.
func TestWhatIsRecommended(t *testing.T) {
	const none = ""
	purged := func(mib float64) map[string]float64 { return map[string]float64{results.MetricRSSPurged: mib} }
	for name, c := range map[string]struct {
		trials          []results.Trial
		reference       string
		within, instead string
		says            string
	}{
		"a call":                          {trials: []results.Trial{variantOf("a", 500, 0, purged(20))}, within: "a purge", says: "Set: purge it after a burst, which leaves 20 MiB."},
		"a call that gives back a little": {trials: []results.Trial{variantOf("a", 500, 0, purged(490))}, says: "Set: nothing that was tried helps: of 500 MiB the call returned 18 MiB."},
		"nothing was tried":               {trials: []results.Trial{variantOf("a", 500, 0, nil)}, says: "Set: nothing was tried that could help against 500 MiB."},
		"a setting as good as the call":   {trials: []results.Trial{variantOf("a", 500, 1, purged(20)), variantOf("a tuned", 30, 1, nil)}, within: "a tuned"},
		"a setting not as good":           {trials: []results.Trial{variantOf("a", 500, 1, purged(20)), variantOf("a tuned", 200, 1, nil)}, within: "a purge"},
		"a setting that is too slow":      {trials: []results.Trial{variantOf("a", 500, 1, purged(20)), variantOf("a tuned", 30, .7, nil)}, within: "a purge", says: "(−30 % throughput per CPU second)"},
		"another allocator":               {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 30, 1.5, nil)}, instead: "b", says: "(+50 % throughput per CPU second)"},
		"another as quick":                {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 30, .996, nil)}, instead: "b", says: "(the same throughput per CPU second)"},
		"another that is too slow":        {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 30, .5, nil)}},
		"another that cures too little":   {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 300, 1, nil)}},
		"a reference is no choice":        {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 0, 1, nil)}, reference: "b"},
		"the second best is quick enough": {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("b", 3, .5, nil), variantOf("c", 50, 1, nil)}, instead: "c"},
		"none held less":                  {trials: []results.Trial{variantOf("a", 100, 1, nil), variantOf("b", 300, 1, nil)}, says: "Set: nothing: by itself no other variant of this run held less than 108 MiB."},
		"none held less by itself":        {trials: []results.Trial{variantOf("a", 100, 1, nil), variantOf("b", 300, 1, purged(20))}, says: `held less than 108 MiB; "b" did after a purge, which left 20 MiB.`},
		"the order is given once":         {trials: []results.Trial{variantOf("a", 500, 1, nil), variantOf("a tuned", 30, 1, nil), variantOf("b", 20, 1, nil)}, within: "a tuned", instead: "b", says: `Set: take "a tuned", which held 38 MiB; or "b", which held 28 MiB.`},
	} {
		run := results.Run{Cells: []results.Cell{{Name: "c", Workload: "w"}}}
		for _, tr := range c.trials {
			run.Variants = append(run.Variants, results.Variant{Label: tr.Variant, Allocator: tr.Allocator, Reference: tr.Variant == c.reference && c.reference != none})
		}
		f := Findings(run, c.trials, Options{})[0].Findings[0]
		within, instead := none, none
		if f.Remedy != nil {
			within = f.Remedy.Setting
		}
		if f.Instead != nil {
			instead = f.Instead.Setting
		}
		if within != c.within || instead != c.instead || !strings.Contains(f.Text, c.says) {
			t.Errorf("%s: within %q, want %q; instead %q, want %q; wants %q:\n%s", name, within, c.within, instead, c.instead, c.says, f.Text)
		}
		checkNumbers(t, name, f)
	}
}

// TestDistanceToTheEnd: the heap maps say how far the highest block in use is from the end of its heap.
func TestDistanceToTheEnd(t *testing.T) {
	tr := variantOf("a", 100, 0, nil)
	tr.Marks[3].Claims = results.Claims{results.ClaimBins: 100 * mib}
	run := results.Run{Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	maps := func(int) *results.HeapMaps {
		return &results.HeapMaps{Marks: []results.HeapMap{{Mark: results.MarkIdle, Heaps: []results.Heap{
			{Kind: results.HeapMain, Start: 1 << 30, Size: 60 * mib, BlocksEnd: 1<<30 + 59*mib},
			{Kind: results.HeapArena, Start: 2 << 30, Size: 50 * mib, BlocksEnd: 2<<30 + 48*mib},
			{Kind: results.HeapMapped, Start: 4 << 30}, // no heap of that kind has an end of its own
		}}}}
	}
	f := Findings(run, []results.Trial{tr}, Options{Maps: maps})[0].Findings[0]
	if want := "100 MiB lie below the highest block in use; from there to the end it is 3.0 MiB in all."; !strings.Contains(f.Text, want) {
		t.Errorf("%q is not in %s", want, f.Text)
	}
	checkNumbers(t, "maps", f)
}

// TestThreadCachesAreFlushed: the remedy for thread caches is what emptying them gave back.
func TestThreadCachesAreFlushed(t *testing.T) {
	tr := variantOf("a", 100, 0, map[string]float64{results.MetricRSSPurged: 108, results.MetricRSSFlushed: 10})
	tr.Marks[3].Claims = results.Claims{results.ClaimThreadCache: 100 * mib}
	tr.Proof.Dialect = "jemalloc"
	run := results.Run{Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	f := Findings(run, []results.Trial{tr}, Options{})[0].Findings[0]
	if f.Word != string(ThreadCache) || f.Remedy == nil || f.Remedy.Setting != `mallctl("thread.tcache.flush")` || f.Remedy.Saved.Value != 98*mib {
		t.Errorf("%s, %+v:\n%s", f.Word, f.Remedy, f.Text)
	}
	if !strings.Contains(f.Text, "emptying the caches of all threads, and a purge returned 98 MiB") {
		t.Errorf("%s", f.Text)
	}
	checkNumbers(t, "thread cache", f)
}
