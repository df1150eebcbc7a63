package cause

import (
	"strings"
	"testing"

	"alloclab/analysis"
	"alloclab/results"
)

// explained are the findings of trials of one cell, a trial a variant, all with that clock.
func explained(t *testing.T, clock results.Clock, trials ...results.Trial) []analysis.Finding {
	t.Helper()
	run := results.Run{Cells: []results.Cell{{Name: "c", Workload: "w"}}}
	for _, tr := range trials {
		run.Variants = append(run.Variants, results.Variant{Label: tr.Variant, Allocator: tr.Allocator, Clock: clock})
	}
	found := Findings(run, trials, Options{})[0].Findings
	for _, f := range found {
		checkNumbers(t, f.Subject, f)
	}
	return found
}

// says holds that a finding's text has some parts, and has not others.
func says(t *testing.T, f analysis.Finding, wants []string, not ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(f.Text, want) {
			t.Errorf("%q is not said:\n%s", want, f.Text)
		}
	}
	for _, bad := range not {
		if strings.Contains(f.Text, bad) {
			t.Errorf("%q is said:\n%s", bad, f.Text)
		}
	}
}

// TestNothingIsNothing: RSS that rose by a page in a purge is no negative gift, nothing
// can be further to nothing, and what the end of the threads gave back is not kept from the reader.
func TestNothingIsNothing(t *testing.T) {
	tr := variantOf("a", 6, 0, map[string]float64{results.MetricRSSPurged: 14 + 4./1024, results.MetricRSSExited: 11.8})
	f := explained(t, results.Clock{}, tr)[0]
	says(t, f, []string{"a purge returned nothing of 14 MiB; the end of all threads, and a purge returned 2.2 MiB",
		"Set: no call to give back and no variant that was tried helps: of 6.0 MiB the call returned nothing; the end of all threads gave back 2.2 MiB."}, "further", "−", "KiB")

	tr.Metrics[results.MetricRSSPurged] = 13.73 // less than the least that counts, and something all the same
	tr.Metrics[results.MetricRSSPurged] *= mib
	tr.Metrics[results.MetricRSSExited] = 11.8 * mib
	f = explained(t, results.Clock{}, tr)[0]
	says(t, f, []string{"a purge returned next to nothing (276 KiB)", "returned a further 1.9 MiB"}, "returned nothing")
}

// TestNoAnswerComesFirst: where the window was too short the first thing to do is to
// look for longer, and a setting is for who cannot wait.
func TestNoAnswerComesFirst(t *testing.T) {
	decay := results.Clock{Seconds: 10, Watch: 20}
	f := explained(t, decay, variantOf("a", 500, 1, map[string]float64{results.MetricRSSPurged: 20}))[0]
	says(t, f, []string{"No answer yet: clock 10 s, watched 1 s", "Set: nothing yet: run it again with an idle window longer than 20 s",
		"; its clock of 10 s may start up to 10 s late.", "Who needs the memory back within 1 s: purge it after a burst, which leaves 20 MiB."}, "Set: purge", "can take")
	f = explained(t, results.Clock{Seconds: 10}, variantOf("a", 500, 1, nil))[0]
	says(t, f, []string{"longer than 10 s, to see what it gives back by itself."}, "late", "Who needs")

	run := results.Run{Variants: []results.Variant{{Label: "a", Clock: results.Clock{Seconds: 10, Watch: 20, OnActivity: true}}},
		Cells: []results.Cell{{Name: "c", Workload: "w", Silent: true}}} // where a window of 10 s is an answer: it stands still
	f = Findings(run, []results.Trial{variantOf("a", 500, 1, nil)}, Options{})[0].Findings[0]
	says(t, f, []string{"longer than 10 s, to see what it gives back by itself."}, "late")

	tr := variantOf("a", 500, 1, nil) // of a window longer than all that the clock can take
	fell := int64(20 * mib)
	tr.IdleFall = &fell
	f = explained(t, results.Clock{Seconds: .3, Watch: .6}, tr)[0]
	says(t, f, []string{"longer than 1 s, to see what it gives back by itself."}, "late")
}

// TestSmallRest: where three quarters of what could go back since the peak have gone, and
// no more is left than is in use, the rest is called small; its cause stays.
func TestSmallRest(t *testing.T) {
	rest := func(used, held int64, peak float64) results.Trial {
		tr := *trialOf(1, results.Ledger{}, results.Ledger{Live: used * mib, Pinned: held * mib}, nil)
		tr.Metrics[results.MetricRSSPeak] = peak * mib
		return tr
	}
	const small = "It is a small rest"
	for name, c := range map[string]struct {
		used, held int64
		peak       float64
		small      bool
	}{
		"three quarters have gone":               {38, 16, 54 + 48, true},
		"a little less has":                      {38, 16, 54 + 47, false},
		"but more is left than is in use":        {12, 16, 28 + 48, false},
		"next to all has gone":                   {12, 16, 28 + 144, true},
		"nearly that, and more than is in use":   {12, 16, 28 + 143, false},
		"gigabytes of a burst are no small rest": {100, 2048, 2148 + 3*2048, false},
	} {
		f := explained(t, results.Clock{}, rest(c.used, c.held, c.peak))[0]
		if strings.Contains(f.Head, small) != c.small || f.Word != string(Fragmentation) {
			t.Errorf("%s: small should be %v; %s: %s", name, c.small, f.Word, f.Head)
		}
	}

	tr := rest(38, 16, 54+48)
	says(t, explained(t, results.Clock{}, tr)[0], []string{"Cause: fragmentation, not retention. It is a small rest, 16 MiB: 48 MiB have gone back since the peak.",
		"Set: nothing is needed for a rest of 16 MiB."})
	tr.Metrics[results.MetricRSSPurged] = 40 * mib
	says(t, explained(t, results.Clock{}, tr)[0], []string{"Set: to hold less still: purge it after a burst, which leaves 40 MiB."}, "nothing is needed")
	delete(tr.Metrics, results.MetricRSSPeak)
	says(t, explained(t, results.Clock{}, tr)[0], []string{"Set: purge it after a burst"}, small)
}
