package report

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"alloclab/analysis/cause"
	"alloclab/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

const mib = 1 << 20

// shape is what one variant shows in a cell: sizes in MiB.
type shape struct {
	peak, freed, idle, purged     float64
	live, rounding, pinned, empty float64 // of the idle mark
	claims                        map[string]float64
	mops                          []float64 // a round each
	window                        float64   // seconds of idle
}

func (s shape) trials(cell, variant, allocator string) []results.Trial {
	var all []results.Trial
	for round, mops := range s.mops {
		const lab = mib
		b := func(size float64) int64 { return int64(size * mib) }
		ledger := &results.Ledger{Lab: lab, Live: b(s.live), Rounding: b(s.rounding), Pinned: b(s.pinned), Empty: b(s.empty)}
		ledger.Other = b(s.idle) + lab - ledger.Total()
		claims := results.Claims{}
		for name, size := range s.claims {
			claims[name] = b(size)
		}
		t := results.Trial{
			V: results.Version, Run: "r", Trial: len(all), Cell: cell, Workload: "iobuf", Variant: variant, Allocator: allocator,
			Round: round + 1, Pass: results.PassTime, Status: results.StatusOK, Proof: results.Proof{ServedBy: "/lib"},
			Metrics: map[string]float64{
				results.MetricRSSPeak: float64(b(s.peak)), results.MetricRSSFreed: float64(b(s.freed)),
				results.MetricRSSIdle: float64(b(s.idle)), results.MetricRSSPurged: float64(b(s.purged)),
			},
			Marks: []results.Mark{
				{Name: results.MarkFreed, T: 2, RSS: b(s.freed) + lab},
				{Name: results.MarkIdle, T: 2 + s.window, RSS: b(s.idle) + lab, Ledger: ledger, Claims: claims},
			},
		}
		if mops > 0 {
			t.Metrics[results.MetricOpsPerCPUS] = mops * 1e6
		}
		all = append(all, t)
	}
	return all
}

func fingerprint() results.Fingerprint {
	return results.Fingerprint{Memory: results.Fields{
		results.FieldCores: "2", results.FieldLibc: "glibc 2.36", results.FieldKernel: "Linux 6.18", results.FieldTHP: "madvise",
	}}
}

var decay10 = results.Clock{Text: "10 s, on activity", Seconds: 10, OnActivity: true}

// curve is the table of the design: a backlog that drains, then silence.
func curve() (results.Run, []results.Trial) {
	run := results.Run{
		Experiment: results.Experiment{Name: "curve"}, Rounds: 5, Fingerprint: fingerprint(),
		Variants: []results.Variant{
			{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"},
			{Label: "jemalloc", Allocator: "jemalloc", Version: "5.3.0", Clock: decay10},
			{Label: "jemalloc background, decay 1 s", Allocator: "jemalloc", Version: "5.3.0", Clock: results.Clock{Seconds: 1}},
			{Label: "tcmalloc", Allocator: "tcmalloc", Version: "(gperftools 2.10)"},
		},
		Cells: []results.Cell{{Name: "iobuf", Workload: "iobuf", Silent: true, Params: []results.Param{
			{Name: "backlog", Kind: "bytes", Value: 512 << 20}, {Name: "threads", Kind: "count", Value: 8},
			{Name: "keep", Kind: "count", Value: 16, Default: true}, {Name: "idle", Kind: "duration", Value: 30.0},
		}}},
	}
	var trials []results.Trial
	for i, s := range []shape{
		{534, 532, 531, 21, 8.1, .2, 36, 483, map[string]float64{results.ClaimTop: 100, results.ClaimBins: 380, results.ClaimUnexplained: 3}, []float64{.61, .62, .60, .61, .61}, 30},
		{541, 541, 541, 17, 8.1, .2, .6, 530, map[string]float64{results.ClaimDecay: 529, results.ClaimUnexplained: 1}, []float64{1.12, 1.13, 1.1, 1.12, 1.12}, 30},
		{541, 540, 18, 17, 8.1, .2, 4, 1.6, map[string]float64{results.ClaimDecay: 1.6}, []float64{1.1, 1.11, 1.1, 1.09, 1.1}, 30},
		{538, 537, 537, 19, 8.1, .2, .8, 526, map[string]float64{results.ClaimPageHeap: 524}, []float64{1.31, 1.36, 1.3, 1.31, 1.29}, 30},
	} {
		trials = append(trials, s.trials("iobuf", run.Variants[i].Label, run.Variants[i].Allocator)...)
	}
	return run, trials
}

// small is a heap below 10 MiB, of a workload that counts no operations, with
// an idle window that is too short in two ways.
func small() (results.Run, []results.Trial) {
	run := results.Run{
		Experiment: results.Experiment{Name: "small"}, Rounds: 1,
		Variants: []results.Variant{
			{Label: "ptmalloc", Allocator: "ptmalloc", Version: "2.36"},
			{Label: "jemalloc", Allocator: "jemalloc", Version: "5.3.0", Clock: results.Clock{Seconds: 10}},
			{Label: "jemalloc-2", Allocator: "jemalloc", Version: "5.3.0", Clock: results.Clock{Seconds: 10}},
			{Label: "mimalloc", Allocator: "mimalloc"},
		},
		Cells: []results.Cell{{Name: "cache", Workload: "cache", CPUs: 1}},
	}
	var trials []results.Trial
	for i, s := range []shape{
		{4, 3.5, 3.5, .4, 3.2, .05, .05, 0, nil, []float64{0}, 3},
		{5, 4, 4, .5, .2, 0, 0, 3, map[string]float64{results.ClaimDecay: 2, results.ClaimThreadCache: .5, results.ClaimMetadata: .4}, []float64{0}, 3},
		{5, 4, 4, .5, .2, 0, 0, 3, nil, []float64{0}, 3},
		{5, 4, 2, .5, .2, .6, 0, 1, nil, []float64{0}, 3},
	} {
		trials = append(trials, s.trials("cache", run.Variants[i].Label, run.Variants[i].Allocator)...)
	}
	fall := int64(mib)
	trials[3].IdleFall = &fall
	delete(trials[0].Metrics, results.MetricRSSPurged)
	return run, trials
}

// lost is a run in which much went wrong; its names come from elsewhere.
func lost() (results.Run, []results.Trial) {
	run, trials := curve()
	run.Experiment.Name = "curve\x1b[2J"
	run.Fingerprint.Memory[results.FieldKernel] = "Linux 6.18\u202e"
	run.Variants[2].Label = "größer 日本語\x1b[31m\nred\u2066"
	for i := 10; i < 15; i++ {
		trials[i].Variant = run.Variants[2].Label
	}
	run.Variants[3].Label = "a label that is so long that no table would have room for all of it"
	for i := 15; i < 20; i++ {
		trials[i].Variant = run.Variants[3].Label
	}
	for i := range 5 { // no trial of the first counts
		trials[i].Status, trials[i].Exit.Signal = results.StatusSignal, "SIGSEGV"
		trials[i].Metrics, trials[i].Marks = map[string]float64{}, nil
	}
	trials[4].Status, trials[4].Exit = results.StatusExit, results.Exit{Code: 3}
	trials[5].Status, trials[5].Metrics[results.MetricRSSPeak] = results.StatusTimeout, 1e12 // must not move the median
	trials[11].CPU = results.CPU{Obtained: 1.66, Wanted: 2}
	trials[11].Metrics[results.MetricOpsPerCPUS] = 1
	trials[16].Marks[1].Racy = true
	trials[17].Marks[1].Ledger.Empty++
	other := trials[19]
	other.Cell, other.Variant, other.Trial = "only/in-trials", "unknown", 99
	return run, append(trials, other)
}

// slow is a run with a latency pass. Its trials stand on both sides of a
// starved one, which must not move the figure.
func slow() (results.Run, []results.Trial) {
	run, trials := curve()
	for i, p99 := range []float64{3.1e-6, 9, 3.14e-6, 94e-9, 1.4e-6} {
		t := results.Trial{Trial: 100 + i, Cell: "iobuf", Variant: "ptmalloc", Pass: results.PassLatency, Status: results.StatusOK, Round: 1,
			Metrics: map[string]float64{results.MetricMallocP99: p99, results.MetricRSSPeak: 1 << 40, results.MetricOpsPerCPUS: 1}}
		switch i {
		case 1:
			t.CPU = results.CPU{Obtained: 1, Wanted: 2}
		case 3:
			t.Variant = "jemalloc"
		case 4:
			t.Variant = "tcmalloc"
		}
		trials = append(trials, t)
	}
	return run, trials
}

func TestTable(t *testing.T) {
	for name, of := range map[string]func() (results.Run, []results.Trial){"curve": curve, "small": small, "lost": lost, "slow": slow} {
		run, trials := of()
		var out strings.Builder
		if err := Table(&out, run, trials); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s (-golden +now; -update if it is right):\n%s", name, diff)
		}
		for _, bad := range []string{"\x1b", "\u202e", "\u2066", "NaN", "Inf", " \n"} {
			if strings.Contains(out.String(), bad) {
				t.Errorf("%s: %q is in the table", name, bad)
			}
		}
	}
}

// TestColumnsAlign holds for any name: the figures of a column end at the same
// column of the terminal.
func TestColumnsAlign(t *testing.T) {
	run, trials := lost()
	var out strings.Builder
	if err := Table(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	at := func(line, text string) int { // the column behind the text
		i := strings.Index(line, text)
		if i < 0 {
			t.Fatalf("no %q in %q", text, line)
		}
		return uniseg.StringWidth(line[:i+len(text)])
	}
	want := at(lines[1], "peak")
	for i, text := range []string{"–", "541", "541", "538"} {
		if got := at(lines[2+i], text); got != want {
			t.Errorf("%s of line %d ends at column %d, its heading at %d", text, 2+i, got, want)
		}
	}
}

func TestWindowThatWasLongEnough(t *testing.T) {
	run, trials := curve()
	run.Variants[1].Clock = results.Clock{Seconds: 10}
	var out strings.Builder
	if err := Table(&out, run, trials); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "!") {
		t.Errorf("a clock of 10 s had 30 s:\n%s", out.String())
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe is gone") }

func TestTableTellsOfAFailedWrite(t *testing.T) {
	run, trials := curve()
	if err := Table(broken{}, run, trials); err == nil {
		t.Error("no error")
	}
	if err := Table(broken{}, results.Run{}, nil); err == nil {
		t.Error("no error for the last line")
	}
}

// TestFindings: what is said in words is what the figures say.
func TestFindings(t *testing.T) {
	run, trials := curve()
	all := Answers(run, trials, cause.Options{})[0].Findings
	for i, want := range []string{
		"ptmalloc 2.36 keeps 531 MiB; 8.1 MiB are in use. Cause: retention, not fragmentation. " +
			"Held: its heap holds 519 MiB that nobody uses: 483 MiB (93 %) are pages without a byte in use, 36 MiB (7 %) free bytes on pages that also hold a block in use. " +
			"Memory goes back by itself only from the end of a heap, and 380 MiB lie below the highest block in use. 100 MiB lie at the end of a heap, above its highest block in use. " +
			"Tried: a purge returned 510 MiB; the same work under \"jemalloc background, decay 1 s\" held 18 MiB (+80 % throughput per CPU second). " +
			"Set: purge it after a burst, which leaves 21 MiB; or take \"jemalloc background, decay 1 s\", which held 18 MiB.",
		"jemalloc 5.3.0 keeps 541 MiB; 8.1 MiB are in use. Cause: retention, not fragmentation. " +
			"Held: its heap holds 531 MiB that nobody uses: 530 MiB (100 %) are pages without a byte in use. " +
			"529 MiB wait for the allocator's clock of 10 s, which runs on activity only, and 30 s were silent. " +
			"Tried: a purge returned 524 MiB; the same work under \"jemalloc background, decay 1 s\" held 18 MiB (−2 % throughput per CPU second). " +
			"Set: take \"jemalloc background, decay 1 s\", which held 18 MiB.",
	} {
		if diff := cmp.Diff(want, all[i].Text); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", all[i].Subject, diff)
		}
	}
	for i := range trials {
		for j := range trials[i].Marks {
			trials[i].Marks[j].Ledger = nil
		}
	}
	if found := Answers(run, trials, cause.Options{})[0].Findings; len(found) != 0 {
		t.Errorf("without a ledger: %+v", found)
	}
}
