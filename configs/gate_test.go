package configs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const gateText = `
[gate]
metrics = ["rss_idle", "rss_mean"]
inconclusive = "fail"
allow_failures = true
min_effect = { rss_idle = 0.05, ops_per_cpu_s = 1 }
`

func TestGate(t *testing.T) {
	want := Gate{
		Metrics: []string{"rss_idle", "rss_mean"}, MinEffect: map[string]float64{"rss_idle": 0.05, "ops_per_cpu_s": 1},
		FailInconclusive: true, AllowFailures: true,
	}
	experiment := "name = \"x\"\n[[variant]]\nallocator = \"ptmalloc\"\n[[workload]]\nname = \"threads4k\"\nthreads = [1, 2]\n"
	e, err := Parse("x.toml", []byte(experiment+gateText), testCatalog)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, e.Gate); d != "" || e.Cells("time") != 2 || e.Cells("counts") != 0 {
		t.Error(e.Cells("time"), d)
	}
	for name, source := range map[string]string{"with the experiment": experiment + gateText, "alone": gateText} {
		g, given, err := ParseGate("gate.toml", []byte(source), testCatalog.Metrics)
		if d := cmp.Diff(want, g); d != "" || !given || err != nil {
			t.Errorf("%s: %v %v %s", name, given, err, d)
		}
	}
	g, given, err := ParseGate("x.toml", []byte(experiment), testCatalog.Metrics)
	if d := cmp.Diff(Gate{}, g); d != "" || given || err != nil {
		t.Error(given, err, d)
	}
	for source, want := range map[string]string{
		"[gat]\ninconclusive = \"fail\"": "gate.toml:1:2: gat is no key of an experiment; did you mean gate?",
		"[gate]\ninconclusiv = \"fail\"": "gate.toml:2:1: gate.inconclusiv is no key of [gate]; did you mean inconclusive?",
		"gate = 3":                       "gate.toml:1:8: gate takes a table, such as gate = { name = value }, not 3",
	} {
		if _, _, err := ParseGate("gate.toml", []byte(source), testCatalog.Metrics); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// FuzzParseGate: no text makes it panic, and what it accepts can be judged by.
func FuzzParseGate(f *testing.F) {
	f.Add(gateText)
	f.Add("[gate]\nmetrics = []\n[gate.min_effect]\nrss_idle = nan")
	f.Add("gate = [1]")
	f.Fuzz(func(t *testing.T, source string) {
		g, _, err := ParseGate("fuzz.toml", []byte(source), testCatalog.Metrics)
		if err != nil {
			return
		}
		for name, effect := range g.MinEffect {
			if !(effect > 0 && effect <= 10) {
				t.Errorf("%s = %g was accepted", name, effect)
			}
		}
	})
}
