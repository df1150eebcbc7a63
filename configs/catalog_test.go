package configs

import "math"

// testCatalog has an option of each kind, and threads4k as the workloads
// declare it: its defaults come as JSON gives them.
var testCatalog = Catalog{
	Metrics: []string{"ops_per_cpu_s", "rss_peak", "rss_mean", "rss_idle"},
	Allocators: []Entry{
		{Name: "ptmalloc", Options: []Option{
			{Name: "arena_max", Kind: KindCount, Min: 0, Max: 4096},
			{Name: "trim_threshold", Kind: KindBytes, Min: 0, Max: math.MaxInt64},
		}, Remedies: []Remedy{
			{Name: "malloc_trim", PurgeEvery: 10},
			{Name: "arena_max=1", Knobs: map[string]any{"arena_max": int64(1)}},
		}},
		{Name: "jemalloc", Options: []Option{
			{Name: "dirty_decay_ms", Kind: KindCount, Min: -1, Max: math.MaxInt64},
			{Name: "background_thread", Kind: KindBool},
			{Name: "thp", Kind: KindChoice, Choices: []string{"default", "always", "never"}},
		}, Remedies: []Remedy{
			{Name: "background", Knobs: map[string]any{"background_thread": true}},
		}},
		{Name: "tcmalloc", Options: []Option{
			{Name: "release_rate", Kind: KindFraction, Min: 0, Max: 10},
		}},
	},
	Workloads: []Entry{
		{Name: "threads4k", Options: []Option{
			{Name: "threads", Kind: KindCount, Min: 1, Max: 4096, Default: float64(2)},
			{Name: "blocks", Kind: KindCount, Min: 1, Max: 1e9, Default: float64(100)},
			{Name: "duration", Kind: KindDuration, Min: 0, Max: 86400, Default: "2s"},
			{Name: "operations", Kind: KindCount, Min: 0, Max: 1e15, Default: float64(0)},
			{Name: "idle", Kind: KindDuration, Min: 0, Max: 86400, Default: "1s"},
		}},
		{Name: "iobuf", Options: []Option{
			{Name: "threads", Kind: KindCount, Min: 1, Max: 4096, Default: 8},
			{Name: "backlog", Kind: KindBytes, Min: 4096, Max: 1 << 40, Default: "512MiB"},
			{Name: "keep", Kind: KindFraction, Min: 0, Max: 1, Default: 0.25},
			{Name: "order", Kind: KindChoice, Choices: []string{"lifo", "fifo", "random"}, Default: "fifo"},
			{Name: "touch", Kind: KindBool, Default: true},
			{Name: "idle", Kind: KindDuration, Min: 0.001, Max: 7 * 86400, Default: 30.0},
		}},
		{Name: "broken", Options: []Option{
			{Name: "size", Kind: KindBytes, Default: "8 stones"},
			{Name: "needed", Kind: KindCount},
			{Name: "strange", Kind: "colour", Default: "red"},
		}},
	},
}
