package plots

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

func TestTicks(t *testing.T) {
	for want, got := range map[string][]tick{
		"0 100 200 300 400 500 MiB": byteTicks(560 * mib),
		"0 5 10 15 20 25 MiB":       byteTicks(27 * mib),
		"0 0.5 1.0 1.5 2.0 GiB":     byteTicks(2.2 * 1024 * mib),
		"0 500 1000 1500 MiB":       byteTicks(1.9 * 1024 * mib),
		"0 1 2 3 4 KiB":             byteTicks(4096),
		"0 B":                       byteTicks(0),
		"0 1 B":                     byteTicks(1.9),
		"0 2 4 6 8 10 12 s":         timeTicks(12),
		"0 200 400 600 800 ms":      timeTicks(.9),
		"0 1 2 3 4 5 6 h":           timeTicks(6.5 * 3600),
	} {
		var labels []string
		for _, tick := range got {
			labels = append(labels, tick.label)
		}
		if s := strings.Join(labels, " "); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	for _, top := range []float64{math.NaN(), math.Inf(1), -1} {
		if got := byteTicks(top); len(got) != 1 {
			t.Errorf("%v: %v", top, got)
		}
	}
	for range 1000 {
		top := math.Exp(rand.Float64() * 30)
		if got := byteTicks(top); len(got) > 8 || got[len(got)-1].at > top*1.001 {
			t.Errorf("%v: %v", top, got)
		}
	}
}

// TestSpread: labels never overlap, never leave the panel, keep their order,
// and stay where they want to be when nothing is in their way.
func TestSpread(t *testing.T) {
	if got := fmt.Sprint(spread([]vg.Length{90, 50, 10}, 20, 0, 100)); got != "[90 50 10]" {
		t.Errorf("free labels moved: %s", got)
	}
	if got := fmt.Sprint(spread([]vg.Length{50, 50}, 20, 0, 100)); got != "[60 40]" {
		t.Errorf("equal wishes: %s", got)
	}
	if got := fmt.Sprint(spread([]vg.Length{100, 99, 98}, 20, 0, 100)); got != "[100 80 60]" {
		t.Errorf("at the edge: %s", got)
	}
	for range 1000 {
		n := 1 + rand.IntN(5)
		wanted := make([]vg.Length, n)
		at := vg.Length(100)
		for i := range wanted {
			at -= vg.Length(rand.Float64()) * at
			wanted[i] = at
		}
		got := spread(wanted, 20, 0, 100)
		for i, y := range got {
			if y < -1e-6 || y > 100+1e-6 || i > 0 && got[i-1]-y < 20-1e-6 {
				t.Fatalf("%v become %v", wanted, got)
			}
		}
	}
}

// TestThinKeepsSpikes: a spike of one sample in 20,000 must be on the page.
func TestThinKeepsSpikes(t *testing.T) {
	canvas := draw.New(vgsvg.New(500, 100))
	p := newPanel(canvas, 200, 100)
	dots := make([]dot, 20000)
	for i := range dots {
		dots[i] = dot{float64(i) / 100, 50 + 5*math.Sin(float64(i)/7)}
	}
	dots[12345].y, dots[777].y = 99, 1
	points := p.thin(dots)
	if len(points) > 4500 {
		t.Errorf("%d points for 1,000 columns", len(points))
	}
	low, high := false, false
	for i, pt := range points {
		low, high = low || pt == p.point(dots[777]), high || pt == p.point(dots[12345])
		if i > 0 && pt.X < points[i-1].X {
			t.Fatalf("point %d goes back in time", i)
		}
	}
	if !low || !high || points[0] != p.point(dots[0]) || points[len(points)-1] != p.point(dots[len(dots)-1]) {
		t.Error("the spike, the dip, the first or the last point is lost")
	}
	for i := range dots {
		dots[i].y = 7
	}
	if n := len(p.thin(dots)); n != 2 {
		t.Errorf("a level line has %d points", n)
	}
}

func TestStrokes(t *testing.T) {
	looks := strokes([]string{"zzz", "jemalloc", "jemalloc", "aaa", "zzz"})
	if looks[1].colour != allocatorColours["jemalloc"] || looks[1].dashes != nil || looks[2].colour != looks[1].colour || looks[2].dashes == nil {
		t.Errorf("jemalloc: %+v", looks[1:3])
	}
	if looks[3].colour != otherColours[0] || looks[0].colour != otherColours[1] || looks[4].colour != looks[0].colour || looks[4].dashes == nil {
		t.Errorf("others: %+v", looks)
	}
}
