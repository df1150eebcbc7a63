package runner

import (
	"testing"

	"alloclab/analysis/cause"
	"alloclab/configs"
	"alloclab/results"
)

// shareGone is the part of what was resident at idle, beyond what is in use,
// that a purge returned.
func shareGone(r results.Trial, p cause.Parts) float64 {
	return (r.Metrics[results.MetricRSSIdle] - r.Metrics[results.MetricRSSPurged]) / float64(p.Held())
}

// TestRetentionAndFragmentation tells the two apart where it matters most: after a
// storage server's burst the heap is empty pages, and one malloc_trim returns
// them; with small blocks of which three in ten stay it is pinned pages, and the same call is no help.
func TestRetentionAndFragmentation(t *testing.T) {
	burst := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "iobuf",
		params: map[string]any{"threads": int64(4), "backlog": int64(64 << 20), "bursts": int64(1), "idle": 0.05},
	})
	wantOK(t, burst)
	c, ok := cause.Of(&burst, cause.Context{Silent: true})
	if !ok || c.Word != cause.Retention || float64(c.Parts.Retained) < 0.9*float64(c.Parts.Held()) {
		t.Errorf("after the burst: %s, %+v", c.Word, c.Parts)
	}
	if gone := shareGone(burst, c.Parts); gone < 0.85 {
		t.Errorf("after the burst malloc_trim returned %.2f of %d", gone, c.Parts.Held())
	}
	small := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "scatter", params: map[string]any{"bytes": int64(64 << 20), "idle": 0.05},
	})
	wantOK(t, small)
	c, ok = cause.Of(&small, cause.Context{Silent: true})
	if !ok || c.Word != cause.Fragmentation || float64(c.Parts.Pinned) < 0.85*float64(c.Parts.Held()) {
		t.Errorf("of small blocks: %s, %+v", c.Word, c.Parts)
	}
	if gone := shareGone(small, c.Parts); gone > 0.15 {
		t.Errorf("of small blocks malloc_trim returned %.2f of %d", gone, c.Parts.Held())
	}
}

// TestGrowthIsTold: live data that grows and stays is growth, no leak and no fault of the
// allocator's; the slope is what was allocated over the time it took.
func TestGrowthIsTold(t *testing.T) {
	r := measure(t.Context(), t, setup{
		Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "scatter",
		params: map[string]any{"bytes": int64(64 << 20), "keep": 1.0, "looks": int64(9), "idle": 0.02},
	})
	wantOK(t, r)
	if len(r.Looks) != 9 {
		t.Fatalf("%d looks of 9", len(r.Looks))
	}
	c, ok := cause.Of(&r, cause.Context{Silent: true})
	if !ok || c.Word != cause.Growth || c.Trend.Live == nil || c.Trend.Fragmented == nil || c.Trend.Empty == nil {
		t.Fatalf("%s, %+v", c.Word, c.Trend)
	}
	first, last := r.Looks[0], r.Looks[8]
	mean := float64(last.Asked-first.Asked) / (last.T - first.T)
	if got := c.Trend.Live.PerX; got < mean/3 || got > mean*3 || c.Trend.Live.Low <= 0 { // other work on this machine bends the line
		t.Errorf("live grows by %.0f B/s (from %.0f), and from first to last look by %.0f", got, c.Trend.Live.Low, mean)
	}
	if rss := c.Trend.RSS; rss == nil || rss.PerX < c.Trend.Live.PerX {
		t.Errorf("RSS %+v, live %+v", rss, c.Trend.Live)
	}
}
