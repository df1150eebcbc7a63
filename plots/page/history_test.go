package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"alloclab/analysis/change"
	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

// madeHistory draws a history and returns the page's path and text.
func madeHistory(t *testing.T, points []results.Point) (path, text string, figures []string) {
	t.Helper()
	dir := t.TempDir()
	if *keep != "" {
		dir = filepath.Join(*keep, t.Name())
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := change.Histories(points, change.Watched)
	figures, path, err := DrawHistory(dir, all, change.Watched, []string{"h.jsonl: torn"})
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(page), figures
}

func TestHistoryPage(t *testing.T) {
	_, text, figures := madeHistory(t, synthetic.History(60))
	if len(figures) != 2*18 { // 2 cells, 3 variants, 3 watched metrics, SVG and PNG
		t.Errorf("%d figures", len(figures))
	}
	for _, want := range []string{
		"60 commits, 24 series", "ALARM</b> iobuf/threads=8 jemalloc background, decay 1 s rss_idle is", "AGAIN</b> iobuf/threads=8 tcmalloc rss_idle", "2 of 18 series alarm", "h.jsonl: torn",
		`<option>malloc_p99</option>`, `data-state="alarm"`, `<a href="https://example.org/lab/commit/`, "machine decaf0000001", "Red: alarm, 3 of the last 4 were worse.", "a new level may begin here", `<b class="alarm">alarm</b>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(text, "<svg "); n != 24 {
		t.Errorf("%d figures in the page, want 24", n)
	}
	if alarm, other := strings.Index(text, `data-state="alarm"`), strings.Index(text, `data-state=""`); alarm > other || alarm < 0 {
		t.Error("what alarms is not first")
	}
	for _, m := range regexp.MustCompile(`(?i)\b(?:src|srcset|data|poster|action|formaction|background|xlink:href)\s*=\s*["'][^"']*["']|@import|url\(|<(?:link|iframe|object|embed|base|img|audio|video|form)\b`).FindAllString(text, -1) {
		t.Error(m)
	}
}

// TestHistoryOfStrangers: addresses that are no web pages become no links, and
// names stay names, whatever wrote the file.
func TestHistoryOfStrangers(t *testing.T) {
	points := synthetic.History(20)
	for i := range points {
		p := &points[i]
		n := i % len(payloads)
		p.URL = payloads[n]
		if i%3 == 0 {
			p.URL = "javascript:document.documentElement.dataset.error='pwned'"
		}
		p.Cell, p.Variant = payloads[2]+p.Cell, payloads[0]+payloads[1]+payloads[3]+payloads[8]+p.Variant
		p.Commit, p.Machine = p.Commit+strings.Join(payloads, ""), strings.Join(payloads, " ")
	}
	path, text, _ := madeHistory(t, points)
	for _, bad := range []string{"<img", "<svg onload", "<script>document", "\x1b", "\u202e", "<style>*", "\u2028", "\xff", "href=\"javascript", "href=\"data", "<a href"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in the page", bad)
		}
	}
	if n := strings.Count(text, "</script>"); n != 1 {
		t.Errorf("%d scripts end, want 1", n)
	}
	d := window(t, 1280, 900, false)
	d.open(path)
	d.soundHistory(path)
	d.picture("strangers", 0, 1500)
}

// TestManySeries: a page of many series stays within its bound.
func TestManySeries(t *testing.T) {
	var points []results.Point
	for i := range 12 {
		for _, p := range synthetic.History(150) {
			p.Variant += strconv.Itoa(i)
			if p.Metric != results.MetricRSSIdle {
				p.Metric = results.MetricMallocP50 // not watched: no files
			}
			points = append(points, p)
		}
	}
	for i := range points {
		points[i].Metric = results.MetricMallocP50
		points[i].Cell += strconv.Itoa(i % 4)
	}
	_, text, _ := madeHistory(t, points)
	if len(text) > 12<<20 || !strings.Contains(text, "There is no room for this figure here") {
		t.Errorf("the page has %d bytes, and all figures", len(text))
	}
}

// soundHistory checks what holds for any such page in any window.
func (d *devtools) soundHistory(path string) {
	d.t.Helper()
	if e := d.eval("document.documentElement.dataset.error || ''"); e != "" {
		d.t.Errorf("the script failed: %v", e)
	}
	if d.eval("document.documentElement.dataset.ready || ''") == "" {
		d.t.Error("the script did not run to its end")
	}
	d.eval("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
	if over := d.eval("document.documentElement.scrollWidth - innerWidth"); over.(float64) > 0 {
		d.t.Errorf("the page is %v px wider than the window: %v", over, d.eval(
			`[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll,pre') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className).slice(0, 5).join(' ')`))
	}
	for _, c := range d.complaints(path) {
		d.t.Error(c)
	}
}

// TestHistoryInABrowser uses the filters as a person does.
func TestHistoryInABrowser(t *testing.T) {
	path, _, _ := madeHistory(t, synthetic.History(60))
	for name, c := range map[string]struct {
		width int
		dark  bool
		ink   string
	}{
		"wide": {1280, false, "rgb(51, 56, 61)"}, "phone-dark": {390, true, "rgb(213, 218, 222)"},
		"phone": {390, false, "rgb(51, 56, 61)"}, "wide-dark": {1280, true, "rgb(213, 218, 222)"},
	} {
		t.Run(name, func(t *testing.T) {
			d := window(t, c.width, 900, c.dark)
			d.open(path)
			d.picture("history-"+name, 0, 2200)
			if got := d.eval("getComputedStyle(document.body).color"); got != c.ink {
				t.Errorf("ink is %v, want %s", got, c.ink)
			}
			shown := func() (n any, words any) {
				return d.eval("[...document.querySelectorAll('article.series')].filter(e => e.offsetParent !== null).length"), d.eval("document.getElementById('shown').textContent")
			}
			choose := func(what, value string) {
				d.eval("(() => { const s = document.querySelector('#filters select[data-of=" + what + "]'); s.value = '" + value + "'; s.dispatchEvent(new Event('change')); })()")
			}
			if n, words := shown(); n != 24.0 || words != "24 series" {
				t.Errorf("%v shown, %v", n, words)
			}
			// A figure that is wider than the window shows its newest commits.
			const hidden = `new Promise((done) => {
				const f = document.querySelector('.drawing');
				f.scrollIntoView();
				const look = (n) => { const left = f.scrollWidth - f.clientWidth - f.scrollLeft; if (left < 2 || n === 0) done(left); else setTimeout(look, 50, n - 1); };
				look(200);
			})`
			if left := d.eval(hidden).(float64); left > 1 {
				t.Errorf("%v px of the newest commits are hidden", left)
			}
			d.eval("scrollTo(0, 0)")
			choose("metric", "rss_idle")
			if n, words := shown(); n != 6.0 || words != "6 of 24 series" {
				t.Errorf("of rss_idle %v shown, %v", n, words)
			}
			choose("cell", "threads4k")
			choose("variant", "tcmalloc")
			if n, _ := shown(); n != 1.0 {
				t.Errorf("of one series %v are shown", n)
			}
			choose("cell", "")
			choose("variant", "")
			d.eval("document.getElementById('only').click()")
			if n, words := shown(); n != 2.0 || words != "2 of 24 series" {
				t.Errorf("worse than normal: %v shown, %v", n, words)
			}
			d.eval("document.getElementById('only').click()")
			d.soundHistory(path)
			d.picture("history-open-"+name, 0, 2200)
		})
	}
}
