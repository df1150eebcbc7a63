package allocators

const tbbmallocManual = "https://oneapi-src.github.io/oneTBB/main/tbb_userguide/automatically-replacing-malloc.html"

// tbbmalloc is oneTBB's scalable allocator, through the proxy library that
// replaces malloc. It has no statistics: the ledger stands without claims.
var tbbmalloc = Allocator{
	Name:    "tbbmalloc",
	Dialect: DialectUnknown,
	Sonames: []string{"libtbbmalloc_proxy.so.2"},
	Package: "libtbbmalloc2",
	Knobs: []Knob{
		{Name: "use_huge_pages", Kind: KindBool, native: "TBB_MALLOC_USE_HUGE_PAGES", Source: "oneTBB 2021.8, src/tbbmalloc/backend.h",
			Doc: "huge pages where the kernel has them"},
		{Name: "huge_size_threshold", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "TBB_MALLOC_SET_HUGE_SIZE_THRESHOLD",
			Source: "https://www.intel.com/content/www/us/en/docs/onetbb/developer-guide-api-reference/2021-9/configuring-the-memory-allocator.html, " +
				"where its name is wrong; the library's own strings have this one",
			Doc: "free blocks of this size and more are not released by regular cleanup"},
	},
	environment: eachItsVariable("1", "0"),
	clock: func(map[string]any) Clock {
		return Clock{
			Kind: ClockUnknown, OnActivity: true, Source: tbbmallocManual,
			Sentence: "Small blocks' memory is kept; large free blocks age by the number of later operations and not by time.",
		}
	},
}
