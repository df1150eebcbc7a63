package page

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"alloclab/plots/internal/synthetic"
)

// sound checks what holds for any page in any window.
func (d *devtools) sound(path string) {
	d.t.Helper()
	if e := d.eval("document.documentElement.dataset.error || ''"); e != "" {
		d.t.Errorf("the script failed: %v", e)
	}
	if d.eval("document.documentElement.dataset.ready || ''") == "" {
		d.t.Error("the script did not run to its end")
	}
	// All charts, not only those near the window.
	d.eval("window.dispatchEvent(new Event('beforeprint'))")
	if boxes, charts := d.eval("document.querySelectorAll('.chart').length"), d.eval("document.querySelectorAll('.chart .u-over').length"); boxes == 0.0 || boxes != charts {
		d.t.Errorf("%v of %v charts are drawn", charts, boxes)
	}
	if over := d.eval("document.documentElement.scrollWidth - innerWidth"); over.(float64) > 0 {
		d.t.Errorf("the page is %v px wider than the window: %v", over, d.eval(
			`[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll,pre') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className).slice(0, 5).join(' ')`))
	}
	for _, c := range d.complaints(path) {
		d.t.Error(c)
	}
}

// ink is true where some pixel of the first chart has the colour.
const ink = `(name) => {
	const c = document.querySelector('.chart canvas'), want = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	const n = [1, 3, 5].map((i) => parseInt(want.slice(i, i + 2), 16)), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
	for (let i = 0; i < p.length; i += 4) if (p[i + 3] > 200 && n.every((v, k) => Math.abs(p[i + k] - v) < 3)) return true;
	return false;
}`

func TestInABrowser(t *testing.T) {
	path, _ := made(t, synthetic.Options{Threads: []int{2, 8}, Rounds: 3, Samples: 600}, nil)
	for name, c := range map[string]struct {
		width int
		dark  bool
		ink   string // of the page's text, as the browser computed it
	}{
		"wide": {1280, false, "rgb(51, 56, 61)"}, "phone": {390, false, "rgb(51, 56, 61)"},
		"wide-dark": {1280, true, "rgb(213, 218, 222)"}, "phone-dark": {390, true, "rgb(213, 218, 222)"},
	} {
		t.Run(name, func(t *testing.T) {
			d := window(t, c.width, 900, c.dark)
			d.open(path)
			height := d.eval("document.documentElement.scrollHeight").(float64)
			for i := 0; float64(i)*2200 < height; i++ {
				d.picture(name+"-"+strconv.Itoa(i), float64(i)*2200, min(2200, height-float64(i)*2200))
			}
			if got := d.eval("getComputedStyle(document.body).color"); got != c.ink {
				t.Errorf("ink is %v, want %s", got, c.ink)
			}
			if got := d.eval("innerWidth"); got != float64(c.width) {
				t.Errorf("the window is %v px wide, want %d", got, c.width)
			}
			for _, colour := range []string{"--cd55e00", "--c0072b2"} { // ptmalloc and jemalloc
				if d.eval("("+ink+")('"+colour+"')") != true {
					t.Errorf("no curve has the colour %s", colour)
				}
			}
			d.sound(path)
		})
	}
}

// TestChart uses the chart as a person does: hover, drag, double click, keys.
func TestChart(t *testing.T) {
	path, _ := made(t, synthetic.Options{Threads: []int{8}, Rounds: 3, Samples: 1000}, nil)
	d := window(t, 1280, 900, false)
	d.open(path)
	d.eval("document.querySelector('.chart').scrollIntoView()")
	at := func(share float64) (x, y float64) {
		r := d.eval("(() => { const r = document.querySelector('.u-over').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()").([]any)
		return r[0].(float64) + share*r[2].(float64), r[1].(float64) + r[3].(float64)/2
	}
	text := func(selector string) string {
		return d.eval("[...document.querySelectorAll('" + selector + "')].map(e => e.textContent).join('|')").(string)
	}
	x, y := at(.5)
	d.mouse("mouseMoved", x, y)
	if got := text(".keys thead th:first-child"); !strings.HasPrefix(got, "at 7.") { // of 15 s
		t.Errorf("in the middle the time is %q", got)
	}
	if got := text(".keys tbody tr:first-child td"); !strings.HasPrefix(got, "531 MiB|8.10 MiB|531 MiB|2") && !strings.HasPrefix(got, "5") {
		t.Errorf("values under the pointer: %q", got)
	}
	colour := "(" + ink + ")('--cd55e00')"
	if d.eval(colour) != true {
		t.Error("ptmalloc is not drawn")
	}
	// The two variants of ptmalloc are switched off, by the keyboard.
	d.eval("document.querySelectorAll('.keys input')[0].focus()")
	d.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "}, nil)
	d.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": " ", "code": "Space", "windowsVirtualKeyCode": 32}, nil)
	d.eval("document.querySelectorAll('.keys input')[1].click()")
	if d.eval(colour) != false {
		t.Error("ptmalloc is drawn although it is switched off")
	}
	// Dragging zooms in: the time in the middle is that of the middle dragged over.
	x, y = at(.1)
	d.mouse("mouseMoved", x, y)
	d.mouse("mousePressed", x, y)
	x, _ = at(.3)
	d.mouse("mouseMoved", x, y)
	d.mouse("mouseReleased", x, y)
	time.Sleep(100 * time.Millisecond)
	x, y = at(.5)
	d.mouse("mouseMoved", x, y)
	if got := text(".keys thead th:first-child"); !strings.HasPrefix(got, "at 3.") && !strings.HasPrefix(got, "at 2.9") {
		t.Errorf("after a zoom to 1.5…4.5 s the middle is %q", got)
	}
	d.eval("document.querySelector('.u-over').dispatchEvent(new MouseEvent('dblclick'))")
	d.mouse("mouseMoved", x+1, y)
	if got := text(".keys thead th:first-child"); !strings.HasPrefix(got, "at 7.") {
		t.Errorf("after a double click the middle is %q", got)
	}
	d.eval("document.querySelectorAll('.tools button')[5].click()") // work: 3 s and a quarter
	d.mouse("mouseMoved", x, y)
	if got := text(".keys thead th:first-child"); !strings.HasPrefix(got, "at 1.8") && !strings.HasPrefix(got, "at 1.9") {
		t.Errorf("in the middle of the work the time is %q", got)
	}
	before := d.eval("document.querySelector('.chart canvas').toDataURL()")
	d.eval("(() => { const s = document.querySelector('.tools select'); s.value = '-1'; s.dispatchEvent(new Event('change')); })()")
	if d.eval("document.querySelector('.chart canvas').toDataURL()") == before {
		t.Error("all rounds look like one")
	}
	d.sound(path)
}

func TestPayloadsInABrowser(t *testing.T) {
	path, _ := made(t, synthetic.Options{Threads: []int{2}, Rounds: 2, Samples: 200}, poison)
	for _, width := range []int{1280, 390} {
		d := window(t, width, 900, false)
		d.open(path)
		d.sound(path)
		if n := d.eval("document.querySelectorAll('img,svg[onload],script:not([type]):nth-of-type(n+4)').length"); n != 0.0 {
			t.Errorf("%v names became elements", n)
		}
		d.picture("payloads-"+strconv.Itoa(width), 0, 2000)
	}
}

// TestAnErrorIsSeen: the attribute that the other tests look for does appear.
func TestAnErrorIsSeen(t *testing.T) {
	_, text := made(t, synthetic.Options{Threads: []int{2}, Rounds: 1, Samples: 50}, nil)
	broken := filepath.Join(t.TempDir(), "broken.html")
	if err := os.WriteFile(broken, []byte(strings.Replace(text, `"variants":[`, `"variants":[null,`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	d := window(t, 1280, 900, false)
	d.open(broken)
	if d.eval("document.documentElement.dataset.error || ''") == "" {
		t.Error("a broken chart is not noticed")
	}
	// And a request would be: the policy refuses it and says so.
	d.eval("document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.invalid/x.png'}))")
	time.Sleep(100 * time.Millisecond)
	if len(d.complaints(broken)) == 0 {
		t.Error("a request is not noticed")
	}
}

// TestLargeRun: the page of millions of samples stays within its bound and
// opens in seconds.
func TestLargeRun(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 100 MB")
	}
	options := synthetic.Options{Threads: []int{2, 8}, Rounds: 5, Samples: 20000} // 1 million
	if os.Getenv("ALLOCLAB_SOAK") != "" {
		options = synthetic.Options{Threads: []int{1, 2, 4, 8, 16}, Rounds: 20, Samples: 20000} // 10 million
	}
	start := time.Now()
	path, text := made(t, options, nil)
	t.Logf("written, read and drawn in %v; the page has %.1f MB", time.Since(start).Round(time.Millisecond), float64(len(text))/1e6)
	if len(text) > 12<<20 {
		t.Errorf("the page has %d bytes", len(text))
	}
	d := window(t, 1280, 900, false)
	took := d.open(path)
	ready, err := strconv.ParseFloat(d.eval("document.documentElement.dataset.ready || ''").(string), 64)
	if err != nil || ready > 8000 { // on an idle machine it is below 1 s
		t.Errorf("ready after %v ms: %v", ready, err)
	}
	t.Logf("ready after %v ms, loaded after %v", ready, took.Round(time.Millisecond))
	start = time.Now()
	d.sound(path)
	t.Logf("all charts drawn, %v later", time.Since(start).Round(time.Millisecond))
}
