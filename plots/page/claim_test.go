package page

import (
	"os"
	"strings"
	"testing"

	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

// programs makes the page of a run of a program: its blocks are not known, and its allocator is asked while it
// runs, but for ptmalloc.
func programs(t *testing.T) (path, text string) {
	t.Helper()
	dir := t.TempDir()
	run, trials, err := synthetic.Write(dir, synthetic.Options{Threads: []int{2}, Rounds: 1, Samples: 300})
	if err != nil {
		t.Fatal(err)
	}
	run.Cells[0].Program = &results.Program{Command: []string{"redis-server"}}
	for i := range trials {
		trial := &trials[i]
		if trial.Pass != results.PassTime {
			continue
		}
		samples, err := results.ReadSamples(results.SamplesPath(dir, trial.Trial))
		if err != nil {
			t.Fatal(err)
		}
		var said []results.Said
		for j := range samples {
			if j%30 == 0 {
				said = append(said, results.Said{T: samples[j].T, Allocated: samples[j].Live / 2, Active: samples[j].Live})
			}
			samples[j].Live = results.Absent
		}
		if err := results.WriteSamples(results.SamplesPath(dir, trial.Trial), samples); err != nil {
			t.Fatal(err)
		}
		if trial.Allocator != "ptmalloc" {
			if err := results.WriteSaid(results.SaidPath(dir, trial.Trial), said); err != nil {
				t.Fatal(err)
			}
		}
		for j := range trial.Marks {
			m := &trial.Marks[j]
			allocated, active, resident := m.RSS/4, m.RSS/2, m.RSS/2
			if m.Ledger != nil {
				m.Resident = &results.Resident{Lab: m.Ledger.Lab, Heap: m.RSS - m.Ledger.Lab}
			}
			m.Ledger, m.Claims, m.AllocatorStats = nil, nil, &results.AllocatorStats{Allocated: &allocated}
			if trial.Allocator != "ptmalloc" {
				m.AllocatorStats.Active, m.AllocatorStats.Resident = &active, &resident
			}
		}
	}
	_, path, _, err = Draw(dir, run, trials, nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(page)
}

func TestClaimInThePage(t *testing.T) {
	_, text := programs(t)
	for _, want := range []string{`"said_t":[`, `"asked":true`, "Dotted: allocated, by the allocator"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	_, text = made(t, synthetic.Options{Threads: []int{2}, Rounds: 1, Samples: 50}, nil)
	for _, bad := range []string{`"said`, "Dotted: allocated"} {
		if strings.Contains(text, bad) {
			t.Errorf("a workload's page has %q", bad)
		}
	}
}

// In a browser the claim is drawn, named for what it is, and read off under the pointer.
func TestClaimInABrowser(t *testing.T) {
	path, _ := programs(t)
	d := window(t, 1280, 900, false)
	d.open(path)
	d.sound(path)
	text := func(selector string) string {
		return d.eval("[...document.querySelectorAll('" + selector + "')].map(e => e.textContent).join('|')").(string)
	}
	if got := text(".keys thead th"); got != "Resident memory; ring: purged|RSS|allocated|at idle|purged" {
		t.Errorf("the legend is %q", got)
	}
	d.eval("document.querySelector('.chart').scrollIntoView()")
	r := d.eval("(() => { const r = document.querySelector('.u-over').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()").([]any)
	d.mouse("mouseMoved", r[0].(float64)+r[2].(float64)/2, r[1].(float64)+r[3].(float64)/2)
	rows := strings.Split(text(".keys tbody tr td:nth-of-type(2)"), "|")
	if len(rows) < 5 || rows[0] != "–" || !strings.HasSuffix(rows[2], "MiB") { // ptmalloc twice, then who is asked
		t.Errorf("allocated under the pointer: %q", rows)
	}
	before := d.eval("document.querySelector('.chart canvas').toDataURL()")
	d.eval("[...document.querySelectorAll('.keys input')].at(-1).click()")
	if d.eval("document.querySelector('.chart canvas').toDataURL()") == before {
		t.Error("the claim is not drawn, or cannot be switched off")
	}
}
