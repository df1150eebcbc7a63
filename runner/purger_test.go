package runner

import (
	"context"
	"strings"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// A variant that has its allocator give back again and again holds at idle
// what only a purge would return, its ledgers add up although a thread purges,
// and the purges and their time are said.
func TestPeriodicPurge(t *testing.T) {
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc"} {
		t.Run(allocator, func(t *testing.T) {
			s := setup{Variant: configs.Variant{Allocator: allocator, PurgeEvery: 0.05}, workload: "handover",
				params: map[string]any{"threads": int64(2), "blocks": int64(2000), "idle": 0.4}}
			r := measure(context.Background(), t, s)
			wantOK(t, r)
			if n := r.Figures["purges"]; n < 1 || n > 50 || r.Figures["purge_total_s"] <= 0 ||
				r.Figures["purge_longest_s"] > r.Figures["purge_total_s"] || r.Figures["purge_cpu_s"] <= 0 {
				t.Errorf("figures %v", r.Figures)
			}
			s.PurgeEvery = 0
			plain := measure(context.Background(), t, s)
			wantOK(t, plain)
			if _, told := plain.Figures["purges"]; told {
				t.Errorf("purges where none was asked for: %v", plain.Figures)
			}
			// Half of the 32 MB that were freed are whole free pages or spans at the least.
			if idle, kept := r.Metrics[results.MetricRSSIdle], plain.Metrics[results.MetricRSSIdle]; idle > kept-8e6 {
				t.Errorf("%.0f bytes at idle, and %.0f without purges", idle, kept)
			}
			if a, b := len(r.Marks), len(plain.Marks); a != b {
				t.Errorf("%d marks, without purges %d", a, b)
			}
		})
	}
}

// The first purge would come long after the end, so there is none: the period
// begins at baseline.
func TestPurgePeriodBeginsAtBaseline(t *testing.T) {
	s := tiny("ptmalloc")
	s.PurgeEvery = 3600
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	if n, told := r.Figures["purges"]; n != 0 || !told {
		t.Errorf("%v purges", r.Figures)
	}
}

func TestPurgeNeedsACall(t *testing.T) {
	_, err := resolve(configs.Variant{Allocator: "mimalloc", PurgeEvery: 1}, binaries(t, "mimalloc"), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "leave purge_every out") {
		t.Errorf("%v", err)
	}
}

// Every remedy of every allocator here starts, and is in effect as far as its
// allocator tells.
func TestRemediesAreEffective(t *testing.T) {
	parsed := map[string]bool{"ptmalloc tcache_count=0": true} // glibc's list says 0 for unset and for 0
	for _, allocator := range Catalog(nil).Allocators {
		for _, remedy := range allocator.Remedies {
			name := allocator.Name + " " + remedy.Name
			t.Run(name, func(t *testing.T) {
				v := ready(t, configs.Variant{Allocator: allocator.Name, Knobs: remedy.Knobs, PurgeEvery: remedy.PurgeEvery})
				proof, err := v.dryStart(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				for knob := range remedy.Knobs {
					if got := proof.KnobsEffective[knob]; (got == "parsed") != parsed[name] || got == "" {
						t.Errorf("%s is %q", knob, got)
					}
				}
				if remedy.PurgeEvery > 0 && v.Knobs[results.KnobPurgeEvery] != remedy.PurgeEvery {
					t.Errorf("knobs %v", v.Knobs)
				}
			})
		}
	}
}

// At a look in the middle of the work no purge runs either: each ledger adds up.
func TestPurgerIsHeldAtLooks(t *testing.T) {
	s := tiny("ptmalloc")
	s.PurgeEvery = 0.005
	s.params["duration"], s.params["looks"] = 0.3, int64(4)
	delete(s.params, "operations")
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	if len(r.Looks) != 4 || r.Figures["purges"] < 5 {
		t.Errorf("%d looks, figures %v", len(r.Looks), r.Figures)
	}
	for _, m := range r.Looks {
		if m.Racy || m.Ledger == nil || m.Ledger.Total() != m.RSS {
			t.Errorf("look at %g s: %+v of %d", m.T, m.Ledger, m.RSS)
		}
	}
}
