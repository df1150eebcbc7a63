package runner

import (
	"math"
	"testing"

	"alloclab/analysis/cause"
	"alloclab/configs"
	"alloclab/results"
)

// TestGroundTruth: an allocator withholds a known amount in a known way, and
// the cause and its bytes come out right to 1 %. The amounts are arithmetic on
// the workload's parameters and the allocator's settings, no word of the allocator's.
func TestGroundTruth(t *testing.T) {
	const (
		mib  = int64(1 << 20)
		page = int64(4096)
	)
	type amounts map[string]int64
	for name, c := range map[string]struct {
		knobs, params map[string]any
		word          cause.Word
		parts         amounts
		returned      map[string]int64 // by the mark before which it went
	}{
		"2048 pages empty": {
			knobs:  map[string]any{"keep": 8 * mib},
			params: map[string]any{"blocks": int64(2048), "size": 2 * page, "keep": int64(0)}, // 16 MiB, all freed
			word:   cause.Retention, parts: amounts{"retained": 8 * mib},
			returned: map[string]int64{results.MarkPurged: 8 * mib},
		},
		"each of 2048 pages pinned by one block": {
			params: map[string]any{"blocks": 64 * int64(2048), "size": int64(64), "keep": int64(64)},
			word:   cause.Fragmentation, parts: amounts{"pinned": 2048 * (page - 64), "in use": 2048 * 64},
			returned: map[string]int64{results.MarkPurged: 0},
		},
		"half of each unit used": {
			knobs:  map[string]any{"unit": 2 * page},
			params: map[string]any{"blocks": int64(4096), "size": page, "keep": int64(2)},
			word:   cause.Fragmentation, parts: amounts{"unit": 2048 * page, "in use": 2048 * page},
			returned: map[string]int64{results.MarkPurged: 0},
		},
		"2048 blocks cached by a thread": {
			knobs:  map[string]any{"cache": 8 * mib},
			params: map[string]any{"blocks": int64(4096), "size": page, "keep": int64(0)},
			word:   cause.ThreadCache, parts: amounts{"thread cache": 8 * mib},
			returned: map[string]int64{results.MarkPurged: 0, results.MarkFlushed: 8 * mib},
		},
		"a page of tables for each of 2048 units": {
			knobs:  map[string]any{"metadata": page},
			params: map[string]any{"blocks": int64(2048), "size": page, "keep": int64(0)},
			word:   cause.Metadata, parts: amounts{"metadata": 8 * mib},
			returned: map[string]int64{results.MarkPurged: 0},
		},
		"2048 blocks dropped": {
			params: map[string]any{"blocks": int64(4096), "size": page, "keep": int64(0), "drop": int64(2)},
			word:   cause.Leak, parts: amounts{"dropped": 8 * mib},
			returned: map[string]int64{results.MarkPurged: 0},
		},
		"2048 blocks never freed and in use": { // a cache that warms up is no leak
			params: map[string]any{"blocks": int64(2048), "size": page, "keep": int64(1)},
			word:   cause.Steady, parts: amounts{"in use": 8 * mib},
			returned: map[string]int64{results.MarkPurged: 0},
		},
		"a third each": {
			knobs:  map[string]any{"unit": 2 * page, "keep": 4 * mib, "metadata": page / 2},
			params: map[string]any{"blocks": int64(4096), "size": page, "keep": int64(4)}, // of 2048 units half are free, half half used; each has an entry of 24 bytes too
			word:   cause.Mixed, parts: amounts{"retained": 4 * mib, "unit": 4 * mib, "metadata": 4*mib + 2048*24, "in use": 4 * mib},
			returned: map[string]int64{results.MarkPurged: 4 * mib},
		},
	} {
		params := map[string]any{"threads": int64(1), "idle": 0.05}
		for k, v := range c.params {
			params[k] = v
		}
		r := measure(t.Context(), t, setup{Variant: configs.Variant{Allocator: "truth", Knobs: c.knobs}, workload: "handover", params: params})
		wantOK(t, r)
		got, ok := cause.Of(&r, cause.Context{Silent: true})
		if !ok || got.Word != c.word {
			t.Errorf("%s: cause %q, want %q; %+v", name, got.Word, c.word, got.Parts)
		}
		found := amounts{
			"retained": got.Parts.Retained, "pinned": got.Parts.Pinned, "unit": got.Parts.Unit, "thread cache": got.Parts.ThreadCache,
			"metadata": got.Parts.Metadata, "dropped": got.Parts.Dropped, "in use": got.Parts.InUse,
		}
		for part, want := range c.parts {
			if math.Abs(float64(found[part]-want)) > 0.01*float64(want) {
				t.Errorf("%s: %s is %d, want %d; %+v", name, part, found[part], want, got.Parts)
			}
		}
		before := results.MetricRSSIdle
		for _, step := range [][2]string{{results.MarkPurged, results.MetricRSSPurged}, {results.MarkFlushed, results.MetricRSSFlushed}} {
			gave := int64(r.Metrics[before] - r.Metrics[step[1]])
			before = step[1]
			if want, ok := c.returned[step[0]]; ok && math.Abs(float64(gave-want)) > max(64<<10, 0.01*float64(want)) {
				t.Errorf("%s: %s returned %d, want %d", name, step[0], gave, want)
			}
		}
	}
}
