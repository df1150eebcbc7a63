package page

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"alloclab/plots/internal/synthetic"
	"alloclab/results"
)

// strips opens a page's first heap map and shows it.
func strips(d *devtools) {
	d.eval("document.querySelector('.heapmap').scrollIntoView()")
	for range 50 {
		if d.eval("document.querySelectorAll('.heap canvas').length") != 0.0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	d.t.Fatal("no heap map was drawn")
}

// painted is the share of a strip's middle row that has a colour of the style.
const painted = `(i, name) => {
	const c = document.querySelectorAll('.heap canvas')[i], want = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	const n = [1, 3, 5].map((i) => parseInt(want.slice(i, i + 2), 16)), p = c.getContext('2d').getImageData(0, Math.round(c.height / 2), c.width, 1).data;
	let k = 0;
	for (let i = 0; i < p.length; i += 4) if (p[i + 3] > 200 && n.every((v, j) => Math.abs(p[i + j] - v) < 3)) k++;
	return k / c.width;
}`

func TestHeapMapInABrowser(t *testing.T) {
	path, _ := made(t, synthetic.Options{Threads: []int{8}, Rounds: 2, Samples: 200, Heaps: true}, nil)
	for name, c := range map[string]struct {
		width int
		dark  bool
	}{"wide": {1280, false}, "phone-dark": {390, true}} {
		t.Run(name, func(t *testing.T) {
			d := window(t, c.width, 900, c.dark)
			d.open(path)
			strips(d)
			y := d.eval("document.querySelector('.heapmap').getBoundingClientRect().top + scrollY").(float64)
			d.picture("heapmap-"+name, y-60, 1100)
			d.sound(path)
			info := func() string { return d.eval("document.querySelector('.heapinfo').textContent").(string) }
			if got := d.eval("(" + painted + ")(0, '--h-empty')").(float64); got < .8 {
				t.Errorf("at idle %.2f of ptmalloc's first heap is empty", got)
			}
			// Point at the middle of the first strip.
			d.eval("document.querySelector('.heap canvas').scrollIntoView({block: 'center'})")
			at := d.eval("(() => { const r = document.querySelector('.heap canvas').getBoundingClientRect(); return [r.left, r.top, r.width]; })()").([]any)
			d.mouse("mouseMoved", at[0].(float64)+at[2].(float64)/2, at[1].(float64)+10)
			if got := info(); !strings.Contains(got, "arena 1 0x7f0001") || !strings.Contains(got, "MiB into it: ") || !strings.Contains(got, "empty") {
				t.Errorf("under the pointer: %q", got)
			}
			// And by the keyboard: one column on.
			before := info()
			d.eval("document.querySelector('.heap canvas').focus()")
			d.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39}, nil)
			if info() == before {
				t.Error("an arrow key does not move on")
			}
			// Another mark, another variant.
			choose := func(i int, value string) {
				d.eval(fmt.Sprintf("(() => { const s = document.querySelectorAll('.heapmap select')[%d]; s.value = '%s'; s.dispatchEvent(new Event('change')); })()", i, value))
			}
			choose(1, "hold")
			if got := d.eval("(" + painted + ")(0, '--h-live')").(float64); got < .8 {
				t.Errorf("at hold %.2f of ptmalloc's first heap is live", got)
			}
			choose(0, "2")
			if got := d.eval("document.querySelector('.heaphead b').textContent"); got != "mapped memory" {
				t.Errorf("jemalloc's heap is called %v", got)
			}
			if got := info(); !strings.HasPrefix(got, "In memory at hold") {
				t.Errorf("after another choice: %q", got)
			}
			d.sound(path)
		})
	}
}

// TestLargeHeapMap: 40 heaps of 16,384 runs each, many times what a map may
// have, are drawn and redrawn without a wait that is felt.
func TestLargeHeapMap(t *testing.T) {
	_, text := made(t, synthetic.Options{Threads: []int{8}, Rounds: 1, Samples: 50, Heaps: true}, nil)
	var maps heapMaps
	data := regexp.MustCompile(`(?s)(id="cell-1-heaps">)(.*?)(</script>)`)
	if err := json.Unmarshal([]byte(data.FindStringSubmatch(text)[2]), &maps); err != nil {
		t.Fatal(err)
	}
	h := heapData{Kind: results.HeapArena, Length: 64 << 20, Live: 32 << 20, Empty: 32 << 20}
	for i := range int64(16384) {
		h.Runs = h.Runs.Add(1, results.PageState(2*(i%2)))
	}
	m := heapMark{Name: results.MarkIdle, Unit: 1}
	for i := range 40 {
		h.Start = results.Address(0x7f0000000000 + i*64<<20)
		m.Heaps = append(m.Heaps, h)
	}
	maps.Variants[0].Marks = []heapMark{m}
	large, err := json.Marshal(maps)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large.html")
	if err := os.WriteFile(path, []byte(data.ReplaceAllString(text, "${1}"+string(large)+"${3}")), 0o600); err != nil {
		t.Fatal(err)
	}
	d := window(t, 1280, 900, false)
	d.open(path)
	strips(d)
	if n := d.eval("document.querySelectorAll('.heap canvas').length"); n != 40.0 {
		t.Errorf("%v strips", n)
	}
	if got := d.eval("("+painted+")(39, '--h-live')").(float64) + d.eval("("+painted+")(39, '--h-empty')").(float64); got < .9 {
		t.Errorf("%.2f of the last strip is painted", got)
	}
	took := d.eval(`(() => { const s = document.querySelector('.heapmap select'); const t = performance.now(); s.dispatchEvent(new Event('change')); return performance.now() - t; })()`)
	t.Logf("drawn again in %.0f ms", took)
	d.sound(path)
}

// TestHeapMapBudget: however many there are, the page stays small and says what is missing.
func TestHeapMapBudget(t *testing.T) {
	b := &budget{runsLeft: 100}
	p := &page{budget: b}
	b.mapRuns = 60
	var m results.HeapMap
	h := results.Heap{Start: 0x1000000, End: 0x1000000 + 1000*4096, Kind: results.HeapMapped}
	for i := range int64(1000) {
		h.Runs = h.Runs.Add(1, results.PageState(2+2*(i%2)))
	}
	h.Empty = 500 * 4096
	m = results.HeapMap{Mark: "idle", Unit: 1, Heaps: []results.Heap{h}}
	for range 60 {
		h.Start, h.End = h.End, h.End+4096
		m.Heaps = append(m.Heaps, results.Heap{Start: h.Start, End: h.End, Kind: results.HeapMapped, Empty: 4096, Runs: results.PageRuns{{Pages: 1, State: results.PageEmpty}}})
	}
	got, ok := p.heapMark(m, 4096)
	if !ok || got.Unit != 128 || len(got.Heaps) != maxHeapsShown || got.Left != 61-maxHeapsShown || got.Rest != (61-maxHeapsShown)*4096 {
		t.Errorf("%v, cells of %d, %d heaps, %d left with %d bytes", ok, got.Unit, len(got.Heaps), got.Left, got.Rest)
	}
	if len(m.Heaps[0].Runs) != 1000 {
		t.Error("the map itself was made coarse")
	}
	if _, ok = p.heapMark(m, 4096); ok || !strings.Contains(b.words(), "1 marks' heap maps are left out") {
		t.Errorf("beyond the bound: %v, %s", ok, b.words())
	}
}
