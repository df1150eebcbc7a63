package results

import (
	"math"
	"strings"
	"testing"
)

func TestValidateSound(t *testing.T) {
	if err := soundTrial(3).Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateNamesTheFault(t *testing.T) {
	for want, spoil := range map[string]func(*Trial){
		"version is 2":                             func(t *Trial) { t.V = 2 },
		"trial number is negative":                 func(t *Trial) { t.Trial = -1 },
		"rounds count from 1":                      func(t *Trial) { t.Round = 0 },
		"run is empty":                             func(t *Trial) { t.Run = "" },
		"cell is empty":                            func(t *Trial) { t.Cell = "" },
		"workload is empty":                        func(t *Trial) { t.Workload = "" },
		"variant is empty":                         func(t *Trial) { t.Variant = "" },
		"allocator is empty":                       func(t *Trial) { t.Allocator = "" },
		"pass is empty":                            func(t *Trial) { t.Pass = "" },
		"no RFC 3339 time":                         func(t *Trial) { t.Started = "yesterday" },
		`unknown status "fine"`:                    func(t *Trial) { t.Status = "fine" },
		"exit code 3":                              func(t *Trial) { t.Exit.Code = 3 },
		`signal "SIGSEGV"`:                         func(t *Trial) { t.Exit.Signal = "SIGSEGV" },
		"nothing proves":                           func(t *Trial) { t.Proof.ServedBy = "" },
		"skipped, but has marks":                   func(t *Trial) { t.Status = StatusSkipped },
		"no signal is named":                       func(t *Trial) { t.Status = StatusSignal },
		`unknown metric "speed"`:                   func(t *Trial) { t.Metrics["speed"] = 1 },
		"metric wall_s is NaN":                     func(t *Trial) { t.Metrics[MetricWall] = math.NaN() },
		"metric cpu_s is +Inf":                     func(t *Trial) { t.Metrics[MetricCPU] = math.Inf(1) },
		"metric minor_faults is -1":                func(t *Trial) { t.Metrics[MetricMinorFaults] = -1 },
		"figure p99 is NaN":                        func(t *Trial) { t.Figures = map[string]float64{"p99": math.NaN()} },
		"rss_mean is 2001, above rss_peak, 2000":   func(t *Trial) { t.Metrics[MetricRSSMean] = 2001 },
		`a look is named "hold"`:                   func(t *Trial) { t.Looks = []Mark{{Name: MarkHold}} },
		"look 2 is at 1 s, the one before at 2 s":  func(t *Trial) { t.Looks = []Mark{{Name: MarkLook, T: 2}, {Name: MarkLook, T: 1}} },
		"65 looks":                                 func(t *Trial) { t.Looks = make([]Mark, MaxLooks+1) },
		`unknown mark "lunch"`:                     func(t *Trial) { t.Marks[1].Name = "lunch" },
		"mark baseline comes after mark hold":      func(t *Trial) { t.Marks[0], t.Marks[1] = t.Marks[1], t.Marks[0] },
		"mark hold comes after mark hold":          func(t *Trial) { t.Marks[0].Name = MarkHold },
		"mark idle is at 0.5 s":                    func(t *Trial) { t.Marks[2].T = .5 },
		"mark hold is at NaN":                      func(t *Trial) { t.Marks[1].T = math.NaN() },
		"mark hold: blocks is -1":                  func(t *Trial) { t.Marks[1].Blocks = -1 },
		"mark hold: parked_s is -1":                func(t *Trial) { t.Marks[1].Parked = -1 },
		"mark hold: purge_s is -1":                 func(t *Trial) { t.Marks[1].PurgeSeconds = -1 },
		"the peak so far, 1999, is below":          func(t *Trial) { t.Marks[1].HWM = 1999 },
		"usable_bytes 1400 are less":               func(t *Trial) { t.Marks[1].Usable = 1400 },
		"claims without a ledger":                  func(t *Trial) { t.Marks[1].Ledger = nil },
		"account empty is -1":                      func(t *Trial) { t.Marks[1].Ledger.Empty = -1 },
		"the ledger adds up to 2001, rss_bytes is": func(t *Trial) { t.Marks[1].Ledger.Other++ },
		"1501 live bytes are resident":             func(t *Trial) { t.Marks[1].Ledger.Live++ },
		"rss_idle is 901, mark idle without the":   func(t *Trial) { t.Metrics[MetricRSSIdle]++ },
		"claim decay is -1":                        func(t *Trial) { t.Marks[1].Claims[ClaimDecay] = -1 },
		`unknown claim "magic"`:                    func(t *Trial) { t.Marks[1].Claims["magic"] = 0 },
		"claims of 41 bytes exceed":                func(t *Trial) { t.Marks[1].Claims[ClaimDecay]++ },
		"their rest are 39 bytes of 40":            func(t *Trial) { t.Marks[1].Claims[ClaimUnexplained]-- },
		"a negative count":                         func(t *Trial) { *t.Marks[2].AllocatorStats.Arenas = -1 },
		"allocator_stats x is NaN":                 func(t *Trial) { t.Marks[2].AllocatorStats.Raw = map[string]float64{"x": math.NaN()} },
		"sampler: a count is negative":             func(t *Trial) { t.Sampler.Missed = -1 },
		"sampler.max_gap_s is -1":                  func(t *Trial) { t.Sampler.MaxGap = -1 },
		"cpu.obtained_s is NaN":                    func(t *Trial) { t.CPU.Obtained = math.NaN() },
		"idle_fall_bytes is negative":              func(t *Trial) { *t.IdleFall = -1 },
	} {
		trial := soundTrial(3)
		spoil(trial)
		err := trial.Validate()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "trial ") {
			t.Errorf("want %q, got: %v", want, err)
		}
	}
}

func TestValidateAllows(t *testing.T) {
	for name, change := range map[string]func(*Trial){
		"a racy ledger that says so":       func(t *Trial) { t.Marks[1].Racy = true; t.Marks[1].Ledger.Other++ },
		"claims with no rest":              func(t *Trial) { delete(t.Marks[1].Claims, ClaimUnexplained) },
		"a peak within the kernel's error": func(t *Trial) { t.Sampler.RSSError = 4096; t.Marks[1].HWM = 1900 },
		"a failed trial without anything": func(t *Trial) {
			*t = Trial{V: 1, Run: "r", Cell: "c", Workload: "w", Variant: "v", Allocator: "a", Round: 1, Pass: "time", Status: StatusTimeout}
		},
	} {
		trial := soundTrial(3)
		change(trial)
		if err := trial.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStarvedTrialDoesNotCount(t *testing.T) {
	trial := soundTrial(1)
	if !trial.Counts() {
		t.Error("a sound trial does not count")
	}
	if trial.CPU.Obtained = 7.59; !trial.Starved() || trial.Counts() {
		t.Error("7.59 of 8 s is below 95 % and still counts")
	}
	if trial.CPU.Obtained = 7.6; trial.Starved() {
		t.Error("95 % is enough")
	}
}

func TestRegistry(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Metrics() {
		if seen[m.Name] {
			t.Errorf("%s twice", m.Name)
		}
		seen[m.Name] = true
		if m.Unit == "" || m.Scope == "" || m.Doc == "" || m.Exact != (m.MinEffect == 0) {
			t.Errorf("%s is not whole: %+v", m.Name, m)
		}
		if got, ok := ByName(m.Name); !ok || got != m {
			t.Errorf("ByName(%s) = %+v", m.Name, got)
		}
	}
	for _, name := range markMetric {
		if !seen[name] {
			t.Errorf("no metric %s", name)
		}
	}
	Metrics()[0].Name = "spoiled"
	if Metrics()[0].Name != MetricOpsPerS {
		t.Error("a caller can change the registry")
	}
}
