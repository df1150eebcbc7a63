package change

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"alloclab/results"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pointAt is one point of a series, i days after the first.
func pointAt(metric string, i int, value float64) results.Point {
	return results.Point{V: 1, Cell: "iobuf", Variant: "jemalloc", Metric: metric, Median: value, Low: value, High: value, N: 10, Machine: "m1",
		Commit: fmt.Sprintf("c%04d", i), Time: start.AddDate(0, 0, i).Format(time.RFC3339), Run: fmt.Sprintf("r%d", i)}
}

const level = 500 << 20 // bytes, or operations a second

// seriesOf are points around one level.
func seriesOf(metric string, factors []float64) []results.Point {
	var all []results.Point
	for i, f := range factors {
		if !math.IsNaN(f) { // a commit that nothing measured
			all = append(all, pointAt(metric, i, f*level))
		}
	}
	return all
}

// shape makes factors: n times 1, with noise of a standard deviation.
func shape(n int, noise float64, change func(i int) float64) []float64 {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]float64, n)
	for i := range all {
		all[i] = change(i) * (1 + noise*random.NormFloat64())
	}
	return all
}

func at(places map[int]float64) func(int) float64 {
	return func(i int) float64 {
		if f, ok := places[i]; ok {
			return f
		}
		return 1
	}
}

func from(place int, factor float64) func(int) float64 {
	return func(i int) float64 {
		if i >= place {
			return factor
		}
		return 1
	}
}

// TestSeriesRule: what alarms, where first, and where a new level is seen.
func TestSeriesRule(t *testing.T) {
	rss, speed := results.MetricRSSIdle, results.MetricOpsPerCPUS
	for name, c := range map[string]struct {
		metric  string
		factors []float64
		first   int // commit of the first alarm, -1 if none
		levels  int
	}{
		"flat":                    {rss, shape(60, 0, at(nil)), -1, 0},
		"noisy":                   {rss, shape(60, .01, at(nil)), -1, 0},
		"very noisy":              {rss, shape(60, .1, at(nil)), -1, 0},
		"step of 5 %":             {rss, shape(60, .01, from(40, 1.05)), 42, 1},
		"step of 10 % in noise":   {rss, shape(60, .03, from(40, 1.1)), 43, 1},
		"step below what counts":  {rss, shape(60, .002, from(40, 1.01)), -1, 0},
		"step for the better":     {rss, shape(60, .01, from(40, .9)), -1, 1},
		"slower":                  {speed, shape(60, .01, from(40, .9)), 42, 1},
		"faster":                  {speed, shape(60, .01, from(40, 1.1)), -1, 1},
		"spike":                   {rss, shape(60, .01, at(map[int]float64{40: 2})), -1, 0},
		"two spikes":              {rss, shape(60, .01, at(map[int]float64{40: 2, 41: 2})), -1, 0},
		"two spikes, one between": {rss, shape(60, .01, at(map[int]float64{40: 2, 42: 2})), -1, 0},
		"three of four":           {rss, shape(60, .01, at(map[int]float64{40: 2, 41: 2, 43: 2})), 43, 0},
		"ramp":                    {rss, shape(80, .002, func(i int) float64 { return 1 + .002*math.Max(0, float64(i-40)) }), 53, 2},
		"bimodal, every fifth":    {rss, shape(80, .005, func(i int) float64 { return 1 + .1*float64(i%5/4) }), -1, 0},
		"bimodal, alternating":    {rss, shape(80, .005, func(i int) float64 { return 1 + .1*float64(i%2) }), -1, 0},
		"level returns":           {rss, shape(80, .01, func(i int) float64 { return from(40, 1.2)(i) / from(60, 1.2)(i) }), 42, 2},
		"missing commits": {rss, shape(60, .01, func(i int) float64 {
			if i%7 == 3 {
				return math.NaN()
			}
			return from(40, 1.1)(i)
		}), 42, 1},
		"change before there is a band": {rss, shape(20, .01, from(4, 1.5)), -1, 0},
		"one commit":                    {rss, shape(1, 0, at(nil)), -1, 0},
		"zero":                          {rss, shape(60, 0, func(int) float64 { return 0 }), -1, 0},
		"without a direction":           {results.MetricArenas, shape(60, 0, from(40, 2)), -1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			all, unknown := Histories(seriesOf(c.metric, c.factors), []string{c.metric})
			if len(all) != 1 || unknown != 0 || len(all[0].Segments) != 1 {
				t.Fatalf("%d series, %d unknown", len(all), unknown)
			}
			first := -1
			for _, c := range all[0].Segments[0].Commits {
				if c.Alarm && first < 0 {
					if _, err := fmt.Sscanf(c.Commit, "c%d", &first); err != nil {
						t.Fatal(err)
					}
				}
			}
			if first != c.first {
				t.Errorf("the first alarm is at %d, want %d", first, c.first)
			}
			if got := all[0].Segments[0].Levels; len(got) != c.levels {
				t.Errorf("new levels at %v, want %d of them", got, c.levels)
			}
			if all, _ := Histories(seriesOf(c.metric, c.factors), nil); len(Check(all).Alarms()) > 0 || Check(all).Series > 0 {
				t.Error("a metric that is not watched alarms")
			}
		})
	}
}

// TestNewFingerprint: another machine starts a new segment, whatever its level,
// and needs commits of its own before it is judged.
func TestNewFingerprint(t *testing.T) {
	points := seriesOf(results.MetricRSSIdle, shape(60, .01, from(40, 3)))
	for i := 40; i < 60; i++ {
		points[i].Machine = "m2"
	}
	all, _ := Histories(points, Watched)
	if n := len(all[0].Segments); n != 2 {
		t.Fatalf("%d segments, want 2", n)
	}
	for i, s := range all[0].Segments {
		for j, c := range s.Commits {
			if c.Alarm || (c.Band != nil) != (j+1-Recent >= Least) {
				t.Errorf("segment %d, commit %d: alarm %v, band %v", i, j, c.Alarm, c.Band)
			}
		}
	}
	// Two kinds of machines that take turns are two segments too, each with its band.
	for i := range points {
		points[i].Machine = []string{"m1", "m2"}[i%2]
		points[i].Median, points[i].Low, points[i].High = float64(1+i%2)*level, float64(1+i%2)*level, float64(1+i%2)*level
	}
	all, _ = Histories(points, Watched)
	if len(all[0].Segments) != 2 || len(all[0].Segments[0].Commits) != 30 {
		t.Fatalf("%d segments", len(all[0].Segments))
	}
	if s := Check(all); len(s.Alarms()) > 0 || len(s.Judged) != 1 {
		t.Errorf("%d alarms, %d judged", len(s.Alarms()), len(s.Judged))
	}
}

func TestRunsOfACommitAreJoined(t *testing.T) {
	points := seriesOf(results.MetricRSSIdle, shape(20, 0, at(map[int]float64{19: 1.3})))
	check := func(want string) {
		t.Helper()
		all, _ := Histories(points, Watched)
		s := Check(all)
		last := all[0].Segments[0].Commits[19]
		got := fmt.Sprintf("%.2f of %d runs: %d alarms, %d again", last.Median/level, last.Runs, len(s.Alarms()), len(s.Again()))
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	check("1.30 of 1 runs: 0 alarms, 1 again")
	points = append(points, points...) // the same lines twice, as a merge gives
	check("1.30 of 1 runs: 0 alarms, 1 again")
	again := pointAt(results.MetricRSSIdle, 19, level)
	again.Run = "again"
	points = append(points, again)
	check("1.15 of 2 runs: 0 alarms, 0 again")
	again.Run = "third"
	points = append(points, again)
	check("1.00 of 3 runs: 0 alarms, 0 again")
}

func TestCheck(t *testing.T) {
	good, bad := shape(30, .005, at(nil)), shape(30, .005, from(26, 1.2))
	join := func(all ...[]results.Point) (points []results.Point) {
		for i, some := range all {
			for _, p := range some {
				p.Variant = fmt.Sprint("v", i)
				points = append(points, p)
			}
		}
		return points
	}
	rss := func(f []float64) []results.Point { return seriesOf(results.MetricRSSIdle, f) }
	for name, c := range map[string]struct {
		points []results.Point
		want   string
	}{
		"good":                {join(rss(good), rss(good)), "c0029: 2 series, 2 judged, 0 too few, 0 missing, 0 alarms, 0 again"},
		"bad":                 {join(rss(good), rss(bad)), "c0029: 2 series, 2 judged, 0 too few, 0 missing, 1 alarms, 0 again"},
		"begins":              {join(rss(good[:13])), "c0012: 1 series, 0 judged, 1 too few, 0 missing, 0 alarms, 0 again"},
		"begins to be judged": {join(rss(good[:14])), "c0013: 1 series, 1 judged, 0 too few, 0 missing, 0 alarms, 0 again"},
		"one is new":          {join(rss(good), rss(good)[25:]), "c0029: 2 series, 1 judged, 1 too few, 0 missing, 0 alarms, 0 again"},
		"one is gone":         {join(rss(good), rss(bad)[:29]), "c0029: 2 series, 1 judged, 0 too few, 1 missing, 0 alarms, 0 again"},
		"first outside":       {join(rss(bad[:27])), "c0026: 1 series, 1 judged, 0 too few, 0 missing, 0 alarms, 1 again"},
		"nothing":             {nil, ": 0 series, 0 judged, 0 too few, 0 missing, 0 alarms, 0 again"},
		"not watched":         {seriesOf(results.MetricParked, good), "c0029: 0 series, 0 judged, 0 too few, 0 missing, 0 alarms, 0 again"},
	} {
		t.Run(name, func(t *testing.T) {
			all, _ := Histories(c.points, Watched)
			s := Check(all)
			got := fmt.Sprintf("%s: %d series, %d judged, %d too few, %d missing, %d alarms, %d again",
				s.Commit.Commit, s.Series, len(s.Judged), s.TooFew, s.Missing, len(s.Alarms()), len(s.Again()))
			if got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

// TestOrderOfLines: a history merged in any order is the same history.
func TestOrderOfLines(t *testing.T) {
	points := seriesOf(results.MetricRSSIdle, shape(40, .01, from(30, 1.1)))
	points = append(points, pointAt("a metric of tomorrow", 3, 1))
	want, unknown := Histories(points, Watched)
	if unknown != 1 {
		t.Errorf("%d unknown points", unknown)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		random.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		if got, _ := Histories(points, Watched); fmt.Sprintf("%+v", deref(got)) != fmt.Sprintf("%+v", deref(want)) {
			t.Fatal("another order gives another history")
		}
	}
}

// deref is a history without addresses.
func deref(all []Series) (flat []any) {
	for _, s := range all {
		for _, g := range s.Segments {
			flat = append(flat, g.Machine, g.Levels)
			for _, c := range g.Commits {
				if c.Band != nil {
					flat = append(flat, *c.Band)
				}
				c.Band = nil
				flat = append(flat, c)
			}
		}
	}
	return flat
}
