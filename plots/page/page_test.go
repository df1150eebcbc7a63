package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

var keep = flag.String("keep", "", "directory to keep the pages in, to look at them")

// made makes a run and its page and returns the page's path and text.
func made(t *testing.T, o synthetic.Options, change func(*results.Run, []results.Trial)) (path, text string) {
	t.Helper()
	dir := t.TempDir()
	if *keep != "" {
		dir = filepath.Join(*keep, t.Name())
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	run, trials, err := synthetic.Write(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&run, trials)
	}
	_, path, _, err = Draw(dir, run, trials, []string{payloads[0], "trials.jsonl:1: torn"})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(page)
}

var small = synthetic.Options{Threads: []int{1, 2, 4, 8}, Rounds: 3, Samples: 1500}

func TestPageSaysWhatItMust(t *testing.T) {
	_, text := made(t, small, nil)
	for _, want := range []string{
		"<h1>curve</h1>", "iobuf  backlog 512 MiB, 8 threads, idle 12 s silent", "p99 malloc", "what stays at idle", "Linux 6.18",
		"pages without a live byte", "Speed and memory over threads", "Arenas over threads", "What resident memory is made of", "Fragmentation, by five definitions",
		"Latency", "backlog = &#34;512MiB&#34;", "Fingerprint of memory", "Ledgers: ", "<b>retention</b>: whole pages without a byte in use", "How to read it", "Left out and warnings (2)", "trials.jsonl:1: torn", `id="cell-4-data"`, `class="mark" title="see the note"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(text, "<svg "); n != 4*5+2 {
		t.Errorf("%d figures, want 22", n)
	}
	if len(text) > 4<<20 {
		t.Errorf("a small run's page has %d bytes", len(text))
	}
}

// TestNothingIsFetched: no element and no rule of style names another place,
// and the policy would refuse it.
func TestNothingIsFetched(t *testing.T) {
	_, text := made(t, small, nil)
	for _, m := range regexp.MustCompile(`(?i)\b(?:src|srcset|data|poster|action|formaction|background|xlink:href)\s*=\s*["'][^"']*["']|@import|url\(\s*["']?(?:https?:|//|data:)|<(?:link|iframe|object|embed|base|img|audio|video|form)\b`).FindAllString(text, -1) {
		t.Errorf("%s", m)
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("a link leads to %s", m[1])
		}
	}
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src &#39;none&#39;; script-src &#39;sha256-") || strings.Contains(policy[1], "script-src &#39;unsafe") {
		t.Errorf("policy %q", policy)
	}
}

// payloads are what a label, a cell, a knob or a program's last words may hold.
var payloads = []string{
	"</script><script>document.documentElement.dataset.error='pwned'</script>",
	"<img src=x onerror=\"document.documentElement.dataset.error='pwned'\">",
	"javascript:alert(1)//", "\"><svg onload=alert(2)>", "'-alert(3)-'", "<!--<script>", "]]></svg><style>*{display:none}</style>",
	"\x1b[2Jgone", "\u202Egnp.exe", "{{.Policy}}", "\u2028\u2029", "\xff\xfe",
}

// poison puts payloads wherever a name can stand.
func poison(run *results.Run, trials []results.Trial) {
	all := strings.Join(payloads, " ")
	names := map[string]string{}
	for i := range run.Variants {
		v := &run.Variants[i]
		names[v.Label] = payloads[i%len(payloads)] + payloads[(i+6)%len(payloads)] + string(rune('a'+i))
		v.Label, v.Version, v.Clock.Text = names[v.Label], all, all
		if i == 3 {
			v.Allocator = all
		}
	}
	run.Experiment.Name, run.Experiment.File, run.Experiment.Source = all, all, all+"\n"+all
	run.Tool, run.Created, run.Run = all, all, all
	run.Fingerprint.Memory[all], run.Fingerprint.Time["cpu"], run.Fingerprint.Memory[results.FieldKernel] = all, all, all
	for i := range run.Cells {
		c := &run.Cells[i]
		c.Workload = all
		c.Params = append(c.Params, results.Param{Name: all, Kind: all, Value: all})
	}
	for i := range trials {
		t := &trials[i]
		t.Variant = names[t.Variant]
		t.Warnings = []string{all}
		if t.Round == 2 {
			t.Status, t.Exit = results.Status(all), results.Exit{Code: 3, Signal: all, Stderr: all + "\n" + all}
		}
		for j := range t.Marks {
			if t.Marks[j].Claims != nil {
				t.Marks[j].Claims[all] = 1 << 30
			}
		}
	}
}

func TestNamesAreHarmless(t *testing.T) {
	with := small
	with.Heaps = true
	_, text := made(t, with, poison)
	for _, bad := range []string{"<img", "<svg onload", "<script>document", "\x1b", "\u202e", "<style>*", "\u2028", "\xff", "href=\"javascript"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in the page", bad)
		}
	}
	if n := strings.Count(text, "</script>"); n != 3+2*4 {
		t.Errorf("%d scripts end, want 11: three, and the data of four cells' charts and heap maps", n)
	}
	if !strings.Contains(text, "{{.Policy}}") {
		t.Error("a name that looks like a template is gone")
	}
}

// TestThinKeepsExtremes: a spike of one sample in 20,000 is in the page.
func TestThinKeepsExtremes(t *testing.T) {
	samples := make([]results.Sample, 20000)
	for i := range samples {
		samples[i] = results.Sample{T: float64(i), RSS: int64(1000 + i%7), Live: int64(100 + i%5)}
	}
	samples[1234].RSS, samples[4567].RSS, samples[7890].Live, samples[15000].Live = 1, 9999, 1, 9999
	for _, limit := range []int{4000, 1000, 120, 7} {
		kept := thin(samples, limit)
		if len(kept) > limit {
			t.Errorf("%d kept of at most %d", len(kept), limit)
		}
		found := map[float64]bool{}
		for i, s := range kept {
			found[s.T] = true
			if i > 0 && s.T <= kept[i-1].T {
				t.Fatalf("limit %d: sample %d goes back in time", limit, i)
			}
		}
		for _, at := range []float64{0, 1234, 4567, 7890, 15000, 19999} {
			if !found[at] && (limit > 7 || at == 0 || at == 19999) {
				t.Errorf("limit %d: the sample at %v is lost", limit, at)
			}
		}
	}
	for i := range samples {
		samples[i].RSS, samples[i].Live = 5, 5
	}
	if n := len(thin(samples, 4000)); n != 2 {
		t.Errorf("a level curve has %d points", n)
	}
}

func TestVendoredFiles(t *testing.T) {
	versions := asset("VERSIONS")
	for _, name := range []string{"uplot-1.6.32.min.js", "uplot-1.6.32.min.css"} {
		sum := sha256.Sum256([]byte(asset(name)))
		if !strings.Contains(versions, name) || !strings.Contains(versions, hex.EncodeToString(sum[:])) {
			t.Errorf("%s is not the one that VERSIONS names", name)
		}
	}
	if !bytes.Contains([]byte(asset("uplot-LICENSE")), []byte("MIT License")) {
		t.Error("no licence")
	}
}

// A run of passes syscalls and counts has figures and counts, and no answer.
func TestPageOfTracedRun(t *testing.T) {
	dir := t.TempDir()
	run := results.Run{Variants: []results.Variant{{Label: "ptmalloc", Allocator: "ptmalloc"}}, Cells: []results.Cell{{Name: "c", Workload: "c"}}}
	trial := results.Trial{Trial: 1, Cell: "c", Variant: "ptmalloc", Allocator: "ptmalloc", Pass: results.PassCounts, Round: 1, Status: results.StatusOK,
		Metrics: map[string]float64{results.MetricInstructions: 912.4, results.MetricMemoryCalls: 0.00146}}
	_, path, _, err := Draw(dir, run, []results.Trial{trial}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"neither memory nor speed", "instructions per operation", "912.4", "0.00146"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	if strings.Contains(string(text), "No trial has ended") {
		t.Error("it says that no trial has ended")
	}
}
