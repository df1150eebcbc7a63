package allocators

import (
	"fmt"

	"alloclab/results"
)

const (
	tcmallocManual = "https://gperftools.github.io/gperftools/tcmalloc.html"
	tcmallocSource = "gperftools 2.10, src/page_heap.cc, PageHeap::IncrementalScavenge"
)

// tcmalloc is gperftools' tcmalloc, not Google's newer one. It reads numbers
// by strtol: what is not a number is 0 there, in silence.
var tcmalloc = Allocator{
	Name:    "tcmalloc",
	Dialect: DialectTcmalloc,
	Linked:  true,
	Sonames: []string{"libtcmalloc.so.4", "libtcmalloc_minimal.so.4"},
	Package: "libgoogle-perftools4",

	Purge:  `MallocExtension_ReleaseFreeMemory();`,
	Header: "gperftools/malloc_extension_c.h",
	Knobs: []Knob{
		{Name: "release_rate", Kind: KindFraction, Min: 0, Max: 1000, native: "TCMALLOC_RELEASE_RATE", told: "opt.release_rate", Source: tcmallocManual,
			Doc: "pages returned for every 1000 freed; 0 returns none; 1 if not set; 10 is already a lot"},
		{Name: "aggressive_decommit", Kind: KindBool, native: "TCMALLOC_AGGRESSIVE_DECOMMIT", told: "opt.aggressive_decommit", Source: tcmallocManual,
			Doc: "return every span when it becomes free"},
		{Name: "max_total_thread_cache_bytes", Kind: KindBytes, Min: 512 << 10, Max: 1 << 30, native: "TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES",
			told: "opt.max_total_thread_cache_bytes", Source: "gperftools 2.10, src/thread_cache.cc, set_overall_thread_cache_size",
			Doc: "bound of all thread caches together; 32 MiB if not set. Clipped to 512 KiB and 1 GiB in silence"},
		{Name: "heap_limit_mb", Kind: KindCount, Min: 0, Max: 1 << 24, native: "TCMALLOC_HEAP_LIMIT_MB", told: "opt.heap_limit_mb", Source: tcmallocManual,
			Doc: "most MiB of heap: near it, free spans are returned; beyond it, malloc fails; 0 for no limit"},
		{Name: "transfer_num_obj", Kind: KindCount, Min: 1, Max: 65536, native: "TCMALLOC_TRANSFER_NUM_OBJ", Source: tcmallocManual,
			Doc: "most blocks moved at once between a thread's cache and the central lists; 32 if not set"},
		{Name: "sample_parameter", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "TCMALLOC_SAMPLE_PARAMETER",
			told: "opt.sample_parameter", Source: tcmallocManual,
			Doc: "bytes between sampled allocations; 0 for none; libtcmalloc_minimal does not sample"},
		{Name: "large_alloc_report_threshold", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD",
			told: "opt.large_alloc_report_threshold", Source: tcmallocManual,
			Doc: "a larger block is reported on stderr; 1 GiB if not set, 0 for no reports"},
		{Name: "skip_sbrk", Kind: KindBool, native: "TCMALLOC_SKIP_SBRK", told: "opt.skip_sbrk", Source: tcmallocManual,
			Doc: "get memory by mmap only; if not set, by sbrk first"},
		{Name: "disable_memory_release", Kind: KindBool, native: "TCMALLOC_DISABLE_MEMORY_RELEASE", told: "opt.disable_memory_release",
			Source: "gperftools 2.10, src/system-alloc.cc", Doc: "never return memory"},
	},
	environment: eachItsVariable("1", "0"),
	code:        tcmallocCode,
	clock:       tcmallocClock,
	remedies: []Remedy{
		{Name: "aggressive_decommit", Knobs: map[string]any{"aggressive_decommit": true}, Source: "gperftools 2.10, NEWS of 2.2; src/page_heap.cc",
			Doc: "every free span goes back at once, at the price of system calls and page faults"},
		{Name: "release_rate=10", Knobs: map[string]any{"release_rate": float64(10)}, Source: tcmallocManual,
			Doc: "ten pages returned for every 1000 freed rather than one"},
		{Name: "ReleaseFreeMemory", PurgeEvery: 10, Source: "gperftools 2.10, src/gperftools/malloc_extension.h",
			Doc: "the program has every free span returned again and again, while all who need a span wait"},
		{Name: "small thread caches", Knobs: map[string]any{"max_total_thread_cache_bytes": int64(1 << 20)}, Source: tcmallocManual,
			Doc: "1 MiB kept for all threads rather than 32, so that more spans become free, at the price of a lock"},
	},
}

// tcmallocCode is calls of the C interface, and of the C++ one for the release
// rate, which has none in C.
func tcmallocCode(set []setting) []string {
	properties := map[string]string{
		"aggressive_decommit": "aggressive_memory_decommit", "max_total_thread_cache_bytes": "max_total_thread_cache_bytes", "heap_limit_mb": "heap_limit_mb",
	}
	var lines []string
	for _, s := range set {
		property, ok := properties[s.knob.Name]
		value := s.text
		switch s.value {
		case true:
			value = "1"
		case false:
			value = "0"
		}
		switch {
		case ok:
			lines = append(lines, `MallocExtension_SetNumericProperty("tcmalloc.`+property+`", `+value+`);`)
		case s.knob.Name == "release_rate":
			lines = append(lines, "MallocExtension::instance()->SetMemoryReleaseRate("+value+"); // C++, gperftools/malloc_extension.h")
		default:
			return nil
		}
	}
	return lines
}

func tcmallocClock(knobs map[string]any) Clock {
	rate := knobOr(knobs, "release_rate", 1.0)
	if whole, ok := knobs["release_rate"].(int64); ok {
		rate = float64(whole)
	}
	c := Clock{Source: tcmallocSource + "; " + tcmallocManual}
	switch {
	case knobOr(knobs, "disable_memory_release", false):
		c.Kind, c.Sentence = ClockNever, "Returning memory is disabled altogether."
	case knobOr(knobs, "aggressive_decommit", false):
		c.Kind, c.Sentence = ClockAtOnce, "A span is returned when its last block has left thread and central lists."
	case rate <= 1e-6:
		c.Kind, c.Sentence = ClockNever, "A release rate of 0: free spans are returned on a purge only."
	default:
		c.Kind, c.OnActivity = ClockPages, true
		c.Sentence = fmt.Sprintf("One page is returned for every %.4g pages freed, whatever the time: a silent process returns nothing.", 1000/rate)
	}
	return c
}

// tcmallocTold fills in what gperftools' tcmalloc says of itself.
func tcmallocTold(f figures, to *results.AllocatorStats) error {
	v, err := f.need("generic.current_allocated_bytes", "generic.heap_size", "generic.total_physical_bytes",
		"tcmalloc.pageheap_free_bytes", "tcmalloc.pageheap_unmapped_bytes")
	if err != nil {
		return err
	}
	active := v[1] - v[3] - v[4]
	if active < 0 {
		return inconsistent("spans in use", active)
	}
	to.Allocated, to.Active, to.Resident, to.Mapped = &v[0], &active, &v[2], &v[2]
	return nil
}

// tcmallocClaims reads gperftools' properties, which fulfil
//
//	heap_size = allocated + thread + central + transfer + page heap free + unmapped
//	physical  = heap_size + metadata - unmapped
func tcmallocClaims(raw string) (Claimed, error) {
	f, err := parseFigures(raw)
	if err != nil {
		return Claimed{}, err
	}
	told := results.AllocatorStats{Raw: f.raw(everything)}
	if err := tcmallocTold(f, &told); err != nil {
		return Claimed{}, err
	}
	v, err := f.need("generic.heap_size", "generic.total_physical_bytes", "tcmalloc.thread_cache_free_bytes",
		"tcmalloc.central_cache_free_bytes", "tcmalloc.transfer_cache_free_bytes", "tcmalloc.pageheap_free_bytes", "tcmalloc.pageheap_unmapped_bytes")
	if err != nil {
		return Claimed{}, err
	}
	heap, physical, thread, central, transfer, free, unmapped := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	metadata := physical - heap + unmapped
	if metadata < 0 {
		return Claimed{}, inconsistent("metadata", metadata)
	}
	unit := central + transfer
	return Claimed{
		Stats: told,
		Bytes: map[string]int64{
			results.ClaimMetadata: metadata, results.ClaimThreadCache: thread, results.ClaimPageHeap: free,
		},
		UnitGross: &unit,
	}, nil
}
