package runner

import (
	"maps"
	"math"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

// iobufTrial runs a small burst with some parameters changed.
func iobufTrial(t *testing.T, changed map[string]any) results.Trial {
	t.Helper()
	params := map[string]any{"backlog": int64(8 << 20), "idle": 0.02}
	maps.Copy(params, changed)
	r := measure(t.Context(), t, setup{Variant: configs.Variant{Allocator: "ptmalloc"}, workload: "iobuf", params: params})
	wantOK(t, r)
	for _, w := range r.Warnings {
		t.Logf("warning: %s", w)
	}
	return r
}

// TestIOBufParameters: every parameter changes a stored figure, and this says
// which and to what.
func TestIOBufParameters(t *testing.T) {
	const backlog = 8 << 20
	about := func(name string, want, tolerance float64) func(*testing.T, results.Trial) {
		return func(t *testing.T, r results.Trial) {
			if got, ok := r.Figures[name]; !ok || math.Abs(got-want) > tolerance {
				t.Errorf("%s is %v, want %v ± %v", name, got, want, tolerance)
			}
		}
	}
	for _, c := range []struct {
		name    string
		changed map[string]any
		check   func(*testing.T, results.Trial)
	}{
		{"threads 8", nil, about("readers", 3, 0)},
		{"threads 16", map[string]any{"threads": int64(16)}, about("readers", 6, 0)},
		{"backlog 8 MiB", nil, about("backlog_peak_bytes", backlog, 3*65536)},
		{"backlog 4 MiB", map[string]any{"backlog": int64(4 << 20)}, about("backlog_peak_bytes", backlog/2, 3*65536)},
		{"request_min and request_max 64 KiB", map[string]any{"request_min": int64(65536)}, about("requests", backlog/65536, 3)},
		{"request_max 4 KiB", map[string]any{"request_max": int64(4096)}, about("requests", backlog/4096, 3)},
		{"bursts 3 of requests of 64 KiB", map[string]any{"request_min": int64(65536), "bursts": int64(3)}, about("requests", 3*backlog/65536, 9)},
		{"small 0", map[string]any{"small": int64(0)}, about("small_appends", 0, 0)},
		{"wal false", map[string]any{"wal": false}, about("wal_bytes", 0, 0)},
		{"wal of 4 KiB requests: 8 KiB each", map[string]any{"request_max": int64(4096)}, about("wal_bytes", 2*backlog, 6*8192)},
		{"pool 0", map[string]any{"pool": int64(0)}, about("pool_bytes", 0, 0)},
		{"pool of 256-byte objects: chunks of 64 KiB", map[string]any{"request_max": int64(4096)}, about("pool_bytes", backlog/4096*256, 16*65536)},
		{"keep 0", map[string]any{"keep": int64(0)}, about("kept_entries", 0, 0)},
		{"keep every 16th", map[string]any{"request_max": int64(4096)}, about("kept_entries", backlog/4096/16, 3)},
		{"trickle 0", nil, about("trickled", 0, 0)},
		{"trickle 1000 a second", map[string]any{"trickle": 1000.0, "idle": 0.5}, about("trickled", 500, 60)},
		{"idle 300 ms", map[string]any{"idle": 0.3}, func(t *testing.T, r results.Trial) {
			if got := r.Mark(results.MarkIdle).T - r.Mark(results.MarkFreed).T; got < 0.3 {
				t.Errorf("%.3f s passed between freed and idle", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, iobufTrial(t, c.changed)) })
	}
}

// TestIOBufPattern holds what makes the workload the one that it is called
// after.
func TestIOBufPattern(t *testing.T) {
	r := iobufTrial(t, map[string]any{"backlog": int64(32 << 20), "request_min": int64(65536), "small": int64(0)})
	f := r.Figures
	if f["far_free_share"] < 0.9 {
		t.Errorf("%.3f of blocks are freed by another thread; at least 0.9 are to be", f["far_free_share"])
	}
	// 64 KiB are 8.03 payloads of 8160 bytes: 9 blocks, or 10 where it does not begin at a block's start.
	if per := f["references"] / f["requests"]; per < 9 || per > 10 {
		t.Errorf("a request of 64 KiB refers to %.2f blocks", per)
	}
	if f["references_per_block"] <= 1 {
		t.Errorf("%.2f references a block: requests share none", f["references_per_block"])
	}
	if f["cached_blocks"] <= 3*8 {
		t.Errorf("%v blocks in three caches: the limit of 8 is soft and a chain goes beyond it", f["cached_blocks"])
	}
	hold, freed := r.Mark(results.MarkHold), r.Mark(results.MarkFreed)
	// Each request has its entry of 128 bytes and, with more than two references, an array of 512.
	least := int64(32<<20) + int64(f["requests"])*(128+512)
	if hold.Asked < least {
		t.Errorf("%d bytes are held with a backlog of 32 MiB, want at least %d", hold.Asked, least)
	}
	want := int64(f["cached_blocks"])*8192 + int64(f["kept_entries"])*128 + int64(f["pool_bytes"])
	if freed.Asked != want {
		t.Errorf("after the drain %d bytes are held; caches, kept entries and the pool make %d", freed.Asked, want)
	}
}
