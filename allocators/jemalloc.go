package allocators

import (
	"cmp"
	"fmt"
	"strings"

	"alloclab/results"
)

const (
	jemallocManual = "jemalloc(3), TUNING and OPTIONS; https://jemalloc.net/jemalloc.3.html"
	jemallocTuning = "https://github.com/jemalloc/jemalloc/blob/5.3.0/TUNING.md"
	jemallocSource = "jemalloc 5.3.0, src/jemalloc.c, malloc_conf_init_helper"
)

// jemalloc is jemalloc 5, set through MALLOC_CONF and read back through mallctl.
// 5.3.0 tells opt.cache_oblivious but does not know it in MALLOC_CONF.
var jemalloc = Allocator{
	Name:    "jemalloc",
	Dialect: DialectJemalloc,
	Linked:  true,
	Sonames: []string{"libjemalloc.so.2"},
	Package: "libjemalloc2",

	Purge:  `mallctl("arena.4096.purge", NULL, NULL, NULL, 0);`,
	Header: "jemalloc/jemalloc.h",
	Knobs: jemallocKnobs(
		Knob{Name: "dirty_decay_ms", Kind: KindCount, Min: -1, Max: 1 << 40, Source: jemallocManual,
			Doc: "how long free pages stay with the process; 0 returns them at once, -1 never; 10000 if not set"},
		Knob{Name: "muzzy_decay_ms", Kind: KindCount, Min: -1, Max: 1 << 40, Source: jemallocManual,
			Doc: "how long pages stay lazily freed (MADV_FREE) before they are given up; 0 in 5.3.0 if not set, whatever its manual says"},
		Knob{Name: "background_thread", Kind: KindBool, Source: jemallocManual,
			Doc: "threads of its own return pages, so that silent processes do too"},
		Knob{Name: "max_background_threads", Kind: KindCount, Min: 1, Max: 4094, Source: jemallocSource,
			Doc: "most background threads; 4 if not set"},
		Knob{Name: "narenas", Kind: KindCount, Min: 1, Max: 4094, Source: jemallocManual,
			Doc: "most arenas; 4 for each CPU if not set, 1 on one CPU. More than 4094 is clipped"},
		Knob{Name: "percpu_arena", Kind: KindChoice, Choices: []string{"disabled", "percpu", "phycpu"}, Source: jemallocManual,
			Doc: "arenas belong to CPUs and not to threads"},
		Knob{Name: "tcache", Kind: KindBool, Source: jemallocManual, Doc: "thread caches"},
		Knob{Name: "tcache_max", Kind: KindBytes, Min: 0, Max: 8 << 20, Source: jemallocSource,
			Doc: "largest block that a thread caches; 32 KiB if not set. More than 8 MiB is clipped"},
		Knob{Name: "tcache_nslots_small_max", Kind: KindCount, Min: 1, Max: 65534, Source: jemallocSource,
			Doc: "most blocks of one small size that a thread caches; 200 if not set"},
		Knob{Name: "tcache_nslots_large", Kind: KindCount, Min: 1, Max: 65534, Source: jemallocSource,
			Doc: "most blocks of one large size that a thread caches; 20 if not set"},
		Knob{Name: "oversize_threshold", Kind: KindBytes, Min: 0, Max: 1 << 40, Source: jemallocManual,
			Doc: "from this size on blocks come from an arena of their own and go back at once; 8 MiB if not set, 0 turns it off"},
		Knob{Name: "retain", Kind: KindBool, Source: jemallocManual,
			Doc: "keep address space that was given back rather than unmap it; true on 64-bit Linux if not set"},
		Knob{Name: "lg_extent_max_active_fit", Kind: KindCount, Min: 0, Max: 64, Source: jemallocManual,
			Doc: "a free extent may be so many powers of two larger than what is cut from it; 6 if not set"},
		Knob{Name: "thp", Kind: KindChoice, Choices: []string{"default", "always", "never"}, Source: jemallocManual,
			Doc: "what is advised about transparent huge pages"},
		Knob{Name: "metadata_thp", Kind: KindChoice, Choices: []string{"disabled", "auto", "always"}, Source: jemallocManual,
			Doc: "transparent huge pages for its own tables"},
		Knob{Name: "dss", Kind: KindChoice, Choices: []string{"disabled", "primary", "secondary"}, Source: jemallocManual,
			Doc: "sbrk before mmap, after it, or never"},
		Knob{Name: "prof", Kind: KindBool, Source: jemallocManual,
			Doc: "heap profiling, where it was compiled in; costs time and memory"},
		Knob{Name: "prof_active", Kind: KindBool, Source: jemallocManual, Doc: "whether profiling samples from the start; needs prof"},
		Knob{Name: "lg_prof_sample", Kind: KindCount, Min: 0, Max: 63, Source: jemallocManual,
			Doc: "power of two of the bytes between samples; 19 if not set"},
		Knob{Name: "lg_prof_interval", Kind: KindCount, Min: -1, Max: 63, Source: jemallocManual,
			Doc: "power of two of the bytes between profile dumps; -1 for none"},
	),
	// Without abort_conf an unknown or wrong setting is a line on stderr and a
	// run under other settings than the ones asked for.
	environment: func(set []setting) []string {
		return []string{"MALLOC_CONF=" + strings.Join(append([]string{"abort_conf:true"}, jemallocPairs(set)...), ",")}
	},
	// A service is better off with a line on stderr.
	pasted: func(set []setting) []string { return []string{"MALLOC_CONF=" + strings.Join(jemallocPairs(set), ",")} },
	// mallctl reaches only some of the settings, and decay times only of arenas that are made
	// later; the variable reaches all, of a program that is linked with the library.
	code: func(set []setting) []string {
		return []string{`const char *malloc_conf = "` + strings.Join(jemallocPairs(set), ",") + `";`}
	},
	complaints: jemallocComplaints,
	clock:      jemallocClock,
	remedies: []Remedy{
		{Name: "background, decay 1 s", Knobs: map[string]any{"background_thread": true, "dirty_decay_ms": int64(1000)}, Source: jemallocTuning,
			Doc: "free pages go back within about two seconds, whether the program is active or not"},
		{Name: "background", Knobs: map[string]any{"background_thread": true}, Source: jemallocTuning,
			Doc: "the default decay of 10 s, but run by a clock and not by the program's activity"},
		{Name: "dirty_decay_ms=0", Knobs: map[string]any{"dirty_decay_ms": int64(0), "muzzy_decay_ms": int64(0)}, Source: jemallocTuning,
			Doc: "free pages go back at once, at the price of system calls and page faults"},
		{Name: "narenas=1", Knobs: map[string]any{"narenas": int64(1)}, Source: jemallocTuning,
			Doc: "what one thread frees another can use, at the price of a lock"},
		{Name: "tcache=false", Knobs: map[string]any{"tcache": false}, Source: jemallocTuning,
			Doc: "no free block is kept for a thread, at the price of a lock for each operation"},
	},
}

// jemallocKnobs fills in the names, which are the same on every side.
func jemallocKnobs(knobs ...Knob) []Knob {
	for i := range knobs {
		knobs[i].native = knobs[i].Name
		knobs[i].told = "opt." + knobs[i].Name
	}
	return knobs
}

func jemallocPairs(set []setting) []string {
	var pairs []string
	for _, s := range set {
		pairs = append(pairs, s.knob.native+":"+s.text)
	}
	return pairs
}

// jemallocComplaints finds lines such as
//
//	<jemalloc>: Invalid conf pair: foo:1
//	<jemalloc>: Out-of-range conf value: dirty_decay_ms:-5
func jemallocComplaints(stderr string) []Mismatch {
	var complaints []Mismatch
	for line := range strings.Lines(stderr) {
		what, ok := strings.CutPrefix(strings.TrimSpace(line), "<jemalloc>: ")
		if !ok {
			continue
		}
		kind, pair, ok := strings.Cut(what, ": ")
		if !ok || !strings.Contains(kind, " conf ") {
			continue
		}
		name, value, _ := strings.Cut(pair, ":")
		complaints = append(complaints, Mismatch{Knob: name, Requested: value, Effective: "refused: " + kind})
	}
	return complaints
}

func jemallocClock(knobs map[string]any) Clock {
	dirty := knobOr(knobs, "dirty_decay_ms", int64(10000))
	muzzy := knobOr(knobs, "muzzy_decay_ms", int64(0))
	background := knobOr(knobs, "background_thread", false)
	c := Clock{Source: jemallocManual + "; jemalloc 5.3.0, src/arena.c, arena_decay", OnActivity: !background}
	switch {
	case dirty < 0 || muzzy < 0:
		c.Kind, c.OnActivity = ClockNever, false
		c.Sentence = "A decay time of -1: free pages are returned on a purge only."
	case dirty == 0 && muzzy == 0:
		c.Kind, c.OnActivity = ClockAtOnce, false
		c.Sentence = "A decay time of 0: free pages are returned at once, but for what thread caches hold."
	default:
		c.Kind = ClockDecay
		c.Duration = milliseconds(dirty) + milliseconds(muzzy)
		// The age of pages counts from the next tick or wake-up and not from the free.
		c.Watch = 2 * c.Duration
		c.Sentence = fmt.Sprintf("Free pages are returned over %v, by the ticks of allocations in the same arena: "+
			"a silent process returns nothing.", c.Duration)
		if background {
			c.Sentence = fmt.Sprintf("Free pages are returned over %v by a background thread, which may take twice as long "+
				"to notice them.", c.Duration)
		}
	}
	return c
}

const jemallocArenas = "stats.arenas.4096." // all together

// jemallocTold fills in what jemalloc says of itself. Blocks in thread caches
// count as allocated, so they are taken off.
func jemallocTold(f figures, to *results.AllocatorStats) error {
	v, err := f.need("stats.allocated", "stats.active", "stats.resident", "stats.mapped", jemallocArenas+"tcache_bytes")
	if err != nil {
		return err
	}
	handedOut := v[0] - v[4]
	if handedOut < 0 {
		return inconsistent("allocated less what thread caches hold", handedOut)
	}
	to.Allocated, to.WithCaches, to.Active, to.Resident, to.Mapped = &handedOut, &v[0], &v[1], &v[2], &v[3]
	return nil
}

// jemallocClaims reads the statistics of all arenas together. Blocks in thread
// caches count as regions in use too.
func jemallocClaims(raw string) (Claimed, error) {
	const arenas = jemallocArenas
	f, err := parseFigures(raw)
	if err != nil {
		return Claimed{}, err
	}
	var told results.AllocatorStats
	if err := jemallocTold(f, &told); err != nil {
		return Claimed{}, err
	}
	v, err := f.need("stats.metadata", arenas+"tcache_bytes", arenas+"pdirty", arenas+"pmuzzy", "arenas.page", "arenas.nbins")
	if err != nil {
		return Claimed{}, err
	}
	metadata, cached, dirty, muzzy, page, bins := v[0], v[1], v[2], v[3], v[4], v[5]
	unit, small, err := freeInSlabs(f, arenas, bins)
	if err != nil {
		return Claimed{}, err
	}
	decay, err := product(dirty+muzzy, page)
	if err != nil {
		return Claimed{}, err
	}
	perBin := func(name string) bool {
		return strings.HasPrefix(name, "arenas.bin.") || strings.HasPrefix(name, arenas+"bins.")
	}
	told.SmallFree, told.Raw = &small, f.raw(func(name string) bool { return !perBin(name) })
	claimed := Claimed{
		Stats: told,
		Bytes: map[string]int64{
			results.ClaimMetadata: metadata, results.ClaimThreadCache: cached, results.ClaimDecay: decay,
		},
		UnitGross: &unit,
	}
	if n, ok := f["arenas.initialized"]; ok {
		claimed.Stats.Arenas = &n
	}
	return claimed, nil
}

// freeInSlabs adds up, over all bins, what slabs hold beyond regions in use:
// all of it, and what of it are regions, without what a slab is larger than its regions.
func freeInSlabs(f figures, arenas string, bins int64) (free, regions int64, err error) {
	if bins > 1000 { // 36 in 5.3.0; this bounds the sum
		return 0, 0, inconsistent("arenas.nbins", bins)
	}
	for j := range bins {
		bin, stats := fmt.Sprintf("arenas.bin.%d.", j), fmt.Sprintf("%sbins.%d.", arenas, j)
		v, err := f.need(bin+"size", bin+"slab_size", stats+"curregs", stats+"curslabs", bin+"nregs")
		if err != nil {
			return 0, 0, err
		}
		used, err := product(v[0], v[2])
		if err != nil {
			return 0, 0, err
		}
		held, err := product(v[1], v[3])
		if err != nil {
			return 0, 0, err
		}
		if held < used {
			return 0, 0, inconsistent(fmt.Sprintf("free bytes in slabs of bin %d", j), held-used)
		}
		free += held - used
		room, err := product(v[4], v[3])
		if err != nil {
			return 0, 0, err
		}
		left, err := product(room-v[2], v[0])
		if err != nil || left < 0 {
			return 0, 0, cmp.Or(err, inconsistent(fmt.Sprintf("free regions in slabs of bin %d", j), room-v[2]))
		}
		regions += left
	}
	return free, regions, nil
}
