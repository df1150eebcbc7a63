package cause

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"alloclab/analysis"
	"alloclab/results"
)

// recorded are real runs, measured once: testdata/README.md says how.
var recorded = []string{"curve", "quick", "scatter"}

func read(t *testing.T, name string) (results.Run, []results.Trial) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	run, err := results.ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	trials, warnings, err := results.ReadTrials(filepath.Join(dir, results.TrialsFile))
	if err != nil || len(warnings) > 0 || len(trials) == 0 {
		t.Fatalf("%d trials, %q, %v", len(trials), warnings, err)
	}
	return run, results.Salvage(trials)
}

func wordsOf(cells []Cell) (all []string) {
	for _, c := range cells {
		for _, f := range c.Findings {
			all = append(all, f.Word)
		}
	}
	return all
}

// TestNamesDecideNothing: the causes of real trials are the same when every name of an allocator
// in the results is swapped with another, so that each name comes to stand at each place, and when all are blank.
func TestNamesDecideNothing(t *testing.T) {
	for _, name := range recorded {
		run, trials := read(t, name)
		want := fmt.Sprint(wordsOf(Findings(run, trials, Options{})))
		if len(wordsOf(Findings(run, trials, Options{}))) < 4 {
			t.Fatalf("%s: only %s", name, want)
		}
		renames := map[string]func(place int) (label, name string){
			"blank": func(place int) (string, string) { return strings.Repeat(" ", place+1), "" },
		}
		names := []string{"mimalloc", "tcmalloc", "pages", "ptmalloc", "jemalloc", "tbbmalloc"}
		for by := range names {
			renames[fmt.Sprint("swapped by ", by)] = func(place int) (string, string) {
				n := names[(place+by)%len(names)]
				return fmt.Sprint(n, " ", place), n
			}
		}
		for how, rename := range renames {
			run, trials := read(t, name)
			labels := map[string]string{}
			for i, v := range run.Variants {
				label, allocator := rename(i)
				labels[v.Label] = label
				run.Variants[i].Label, run.Variants[i].Allocator, run.Variants[i].Version, run.Variants[i].Library = label, allocator, "", ""
				run.Variants[i].Clock.Text = ""
			}
			place := map[string]int{}
			for i := range trials {
				tr := &trials[i]
				if _, known := place[tr.Variant]; !known {
					place[tr.Variant] = len(place)
				}
				_, tr.Allocator = rename(place[tr.Variant])
				tr.Proof.Dialect = tr.Allocator
				tr.Variant = labels[tr.Variant]
				tr.Proof.Version, tr.Proof.ServedBy, tr.Knobs = "", "", nil
			}
			if got := fmt.Sprint(wordsOf(Findings(run, trials, Options{}))); got != want {
				t.Errorf("%s, names %s: %s\nbefore: %s", name, how, got, want)
			}
		}
	}
}

// printed are all ways in which a figure may stand in a sentence.
func printed(f analysis.Figure) (ways []string) {
	for _, v := range []float64{f.Value, f.Low, f.High} {
		switch f.Unit {
		case "B":
			ways = append(ways, Size(v), results.Bytes(v))
		case "s":
			ways = append(ways, seconds(v), results.Seconds(v), span(v))
		case "B/s":
			for _, p := range paces {
				ways = append(ways, p.show(v))
			}
		default:
			ways = append(ways, count(v), percent(v), signed(v), percent(math.Abs(v)))
		}
	}
	return ways
}

var (
	quoted  = regexp.MustCompile(`"[^"]*"`)
	numbers = regexp.MustCompile(`[−+]?[0-9][0-9.]*(?: (?:%|[KMGT]?i?B(?:/[a-z]+)?|(?:ns|µs|ms|s|min|h|days|years)\b))?`)
)

// numbersOf are the numbers of a finding's sentences with their units. Names
// of variants and of calls hold digits that are no figures.
func numbersOf(f analysis.Finding) []string {
	text := strings.ReplaceAll(f.Text, f.Subject, "")
	for _, c := range calls {
		text = strings.ReplaceAll(strings.ReplaceAll(text, c.purge, ""), c.flush, "")
	}
	return numbers.FindAllString(quoted.ReplaceAllString(text, ""), -1)
}

// TestEveryNumberIsAFigure: whatever number a sentence holds is one of the
// finding's figures, and each sentence holds one.
func TestEveryNumberIsAFigure(t *testing.T) {
	checked := 0
	for _, name := range recorded {
		run, trials := read(t, name)
		for _, o := range []Options{{}, {Limit: 8 << 30}} {
			for _, c := range Findings(run, trials, o) {
				for _, f := range c.Findings {
					checked += checkNumbers(t, name, f)
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d numbers were found", checked)
	}
}

func checkNumbers(t *testing.T, where string, f analysis.Finding) (checked int) {
	t.Helper()
	known := map[string]bool{}
	for _, g := range f.Figures {
		if math.IsNaN(g.Value) || math.IsInf(g.Value, 0) || g.Low > g.Value || g.High < g.Value || g.N < 1 {
			t.Errorf("%s, %s: figure %+v", where, f.Subject, g)
		}
		for _, way := range printed(g) {
			known[way] = true
		}
	}
	for _, n := range numbersOf(f) {
		checked++
		if !known[strings.TrimSuffix(n, ".")] {
			t.Errorf("%s, %s: %q is no figure of %v\n%s", where, f.Subject, n, f.Figures, f.Text)
		}
	}
	for _, part := range f.Parts {
		if !regexp.MustCompile(`[0-9]`).MatchString(part.Text) {
			t.Errorf("%s, %s: %s has no figure: %s", where, f.Subject, part.Topic, part.Text)
		}
	}
	return checked
}

// find is the finding of the variant of that label.
func find(t *testing.T, run results.Run, trials []results.Trial, workload, label string) analysis.Finding {
	t.Helper()
	for _, c := range Findings(run, trials, Options{}) {
		if c.Workload != workload {
			continue
		}
		for _, f := range c.Findings {
			if f.Subject == run.Variant(label).Name() {
				return f
			}
		}
	}
	t.Fatalf("nothing was found of %s in %s", label, workload)
	return analysis.Finding{}
}

// figure is a finding's figure of that name.
func figure(t *testing.T, f analysis.Finding, name string) float64 {
	t.Helper()
	for _, g := range f.Figures {
		if g.Name == name {
			return g.Value
		}
	}
	t.Fatalf("%s has no figure %s: %v", f.Subject, name, f.Figures)
	return 0
}

// TestCurve: the storage server's burst of 1 GiB under glibc is retention, the
// pages are empty, and the best that glibc itself can do is malloc_trim.
func TestCurve(t *testing.T) {
	run, trials := read(t, "curve")
	f := find(t, run, trials, "iobuf", "ptmalloc")
	if f.Word != string(Retention) || !strings.Contains(f.Head, "Cause: retention, not fragmentation") {
		t.Errorf("%s: %s", f.Word, f.Head)
	}
	if share := figure(t, f, "idle.retained.share"); share < 0.95 || share > 1 {
		t.Errorf("the empty share is %v", share)
	}
	rss, gave := figure(t, f, "idle.rss"), figure(t, f, "purged.returned")
	if gave < 0.9*rss || f.Remedy == nil || f.Remedy.Setting != "malloc_trim(0)" || f.Remedy.Saved.Value != gave {
		t.Errorf("malloc_trim returned %.0f of %.0f; best within: %+v", gave, rss, f.Remedy)
	}
	if f.Instead == nil || f.Instead.Setting == "pages" {
		t.Errorf("another allocator: %+v, and the reference is no choice", f.Instead)
	}
	if bins := figure(t, f, "idle.bins"); bins < 0.9*figure(t, f, "idle.retained") {
		t.Errorf("%.0f bytes lie below a block in use", bins)
	}
}

// TestScatter: with small blocks of which three in ten stay it is
// fragmentation, and malloc_trim is told to be no help.
func TestScatter(t *testing.T) {
	run, trials := read(t, "scatter")
	f := find(t, run, trials, "scatter", "ptmalloc")
	if f.Word != string(Fragmentation) || !strings.Contains(f.Head, "Cause: fragmentation, not retention") || f.Remedy != nil || f.Instead != nil {
		t.Errorf("%s: %s; %+v, %+v", f.Word, f.Head, f.Remedy, f.Instead)
	}
	if gave, held := figure(t, f, "purged.returned"), figure(t, f, FigureHeld); gave > 0.1*held || !strings.Contains(f.Text, "nothing that was tried helps") {
		t.Errorf("malloc_trim returned %.0f of %.0f: %s", gave, held, f.Text)
	}
}
