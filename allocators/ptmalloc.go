package allocators

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"alloclab/results"
)

const (
	glibcTunables = "https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html"
	mallopt       = "mallopt(3)"
)

// ptmalloc is glibc's malloc, which every other allocator is measured against.
var ptmalloc = Allocator{
	Name:    "ptmalloc",
	Dialect: DialectPtmalloc,
	Linked:  true,
	Sonames: []string{"libc.so.6"},
	Package: "libc6",

	Purge:  `malloc_trim(0);`,
	Header: "malloc.h",
	Knobs: []Knob{
		{Name: "arena_max", Kind: KindCount, Min: 1, Max: 1 << 16, native: "glibc.malloc.arena_max", Source: glibcTunables,
			Doc: "most arenas, the main one included; 8 for each CPU if not set"},
		{Name: "arena_test", Kind: KindCount, Min: 1, Max: 1 << 16, native: "glibc.malloc.arena_test", Source: glibcTunables,
			Doc: "arenas before the limit is computed at all; 8 if not set"},
		{Name: "mmap_threshold", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "glibc.malloc.mmap_threshold", Source: mallopt,
			Doc: "from this size on a block is a mapping of its own; setting it freezes the dynamic thresholds"},
		{Name: "trim_threshold", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "glibc.malloc.trim_threshold", Source: mallopt,
			Doc: "a heap's top is given back when it is larger; setting it freezes the dynamic thresholds"},
		{Name: "mmap_max", Kind: KindCount, Min: 0, Max: 1<<31 - 1, native: "glibc.malloc.mmap_max", Source: mallopt,
			Doc: "most blocks that are mappings of their own; setting it freezes the dynamic thresholds"},
		{Name: "top_pad", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "glibc.malloc.top_pad", Source: mallopt,
			Doc: "asked from the kernel beyond need, and left when trimming; setting it freezes the dynamic thresholds"},
		{Name: "tcache_count", Kind: KindCount, Min: 0, Max: 1<<16 - 1, native: "glibc.malloc.tcache_count", Source: glibcTunables,
			Doc: "chunks of one size that a thread caches; 0 turns thread caches off"},
		{Name: "tcache_max", Kind: KindBytes, Min: 0, Max: 1032, native: "glibc.malloc.tcache_max", Source: glibcTunables,
			Doc: "largest block that a thread caches; glibc before 2.42 ignores more than 1032 in silence"},
		{Name: "mxfast", Kind: KindBytes, Min: 0, Max: 160, native: "glibc.malloc.mxfast", Source: mallopt,
			Doc: "largest block kept in fastbins, which are not coalesced; more than 160 is ignored in silence"},
		{Name: "hugetlb", Kind: KindCount, Min: 0, Max: 2, native: "glibc.malloc.hugetlb", Source: glibcTunables,
			Doc: "1 advises transparent huge pages, 2 uses reserved ones"},
	},
	environment: func(set []setting) []string {
		if len(set) == 0 {
			return nil
		}
		var tunables []string
		for _, s := range set {
			tunables = append(tunables, s.knob.native+"="+s.text)
		}
		return []string{"GLIBC_TUNABLES=" + strings.Join(tunables, ":")}
	},
	code:  ptmallocCode,
	clock: ptmallocClock,
	remedies: []Remedy{
		{Name: "malloc_trim", PurgeEvery: 10, Source: "malloc_trim(3); all arenas and pages inside free chunks since glibc 2.8 (commit 68631c8eb9)",
			Doc: "the program calls malloc_trim(0) again and again: every whole free page of every arena goes back, while all who allocate from that arena wait"},
		{Name: "arena_max=1", Knobs: map[string]any{"arena_max": int64(1)}, Source: glibcTunables,
			Doc: "all threads share the main heap: what one frees another can use, at the price of a lock"},
		{Name: "arena_max=2", Knobs: map[string]any{"arena_max": int64(2)}, Source: "https://devcenter.heroku.com/articles/tuning-glibc-memory-behavior",
			Doc: "a compromise between sharing and waiting for a lock"},
		{Name: "trim_threshold=128KiB", Knobs: map[string]any{"trim_threshold": int64(128 << 10)}, Source: mallopt,
			Doc: "the default value, but frozen: freeing a large block no longer raises it up to 64 MiB"},
		{Name: "mmap_threshold=64KiB", Knobs: map[string]any{"mmap_threshold": int64(64 << 10)}, Source: mallopt,
			Doc: "each block from 64 KiB on goes back when it is freed, at the price of a system call and page faults"},
		{Name: "top_pad=4KiB", Knobs: map[string]any{"top_pad": int64(4 << 10)}, Source: mallopt,
			Doc: "a page rather than 128 KiB is left at a heap's top when it is trimmed; the thresholds are frozen too"},
		{Name: "tcache_count=0", Knobs: map[string]any{"tcache_count": int64(0)}, Source: glibcTunables,
			Doc: "a cached chunk beside the top keeps the heap below it from being given back"},
	},
}

// ptmallocCode is mallopt's calls. It takes an int, and thread caches are no
// option of it.
func ptmallocCode(set []setting) []string {
	options := map[string]string{
		"arena_max": "M_ARENA_MAX", "arena_test": "M_ARENA_TEST", "mmap_threshold": "M_MMAP_THRESHOLD", "trim_threshold": "M_TRIM_THRESHOLD",
		"mmap_max": "M_MMAP_MAX", "top_pad": "M_TOP_PAD", "mxfast": "M_MXFAST",
	}
	var lines []string
	for _, s := range set {
		option, ok := options[s.knob.Name]
		if n, _ := s.value.(int64); !ok || n > math.MaxInt32 {
			return nil
		}
		lines = append(lines, "mallopt("+option+", "+s.text+");")
	}
	return lines
}

func ptmallocClock(knobs map[string]any) Clock {
	c := Clock{
		Kind: ClockTrim, OnActivity: true, Source: "mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD; glibc 2.36, malloc/malloc.c, _int_free",
		Sentence: "The top of a heap is given back when a free leaves it larger than 128 KiB, a threshold that rises up to 64 MiB " +
			"as large blocks are freed; what lies below a block in use is given back by malloc_trim only. No time counts.",
	}
	_, mmapThreshold := knobs["mmap_threshold"]
	_, mmapMax := knobs["mmap_max"]
	_, topPad := knobs["top_pad"]
	if trim, ok := knobs["trim_threshold"].(int64); ok {
		c.Sentence = fmt.Sprintf("The top of a heap is given back when a free leaves it larger than %d bytes; "+
			"what lies below a block in use is given back by malloc_trim only. No time counts.", trim)
	} else if mmapThreshold || mmapMax || topPad {
		c.Sentence = "The top of a heap is given back when a free leaves it larger than 128 KiB, a threshold that another " +
			"setting has frozen; what lies below a block in use is given back by malloc_trim only. No time counts."
	}
	return c
}

// ptmallocClaims reads mallinfo2's figures and malloc_info's text. Thread
// caches are no claim: glibc counts what they hold as in use.
func ptmallocClaims(raw string) (Claimed, error) {
	head, document, ok := strings.Cut(raw, "malloc_info\n")
	if !ok {
		return Claimed{}, errors.New("no malloc_info in it")
	}
	f, err := parseFigures(head)
	if err != nil {
		return Claimed{}, err
	}
	info, err := parseMallocInfo(document)
	if err != nil {
		return Claimed{}, err
	}
	var top, bins, system, heaps int64
	toldHeaps := false
	for _, arena := range info.Heaps {
		t, b, err := arena.free()
		if err != nil {
			return Claimed{}, err
		}
		s, err := arena.system()
		if err != nil {
			return Claimed{}, err
		}
		top, bins, system = top+t, bins+b, system+s
		if n, told := arena.subheaps(); told && arena.Number != 0 {
			heaps, toldHeaps = heaps+n, true
		}
	}
	mapped, err := pick(info.Totals, "mmap")
	if err != nil {
		return Claimed{}, err
	}
	arenas, total := int64(len(info.Heaps)), system+mapped
	allocated := total - top - bins
	if allocated < 0 {
		return Claimed{}, inconsistent("allocated", allocated)
	}
	unit := int64(0) // its unit is the page, and pages are the ledger's
	claimed := Claimed{
		Stats: results.AllocatorStats{
			Arenas: &arenas, Allocated: &allocated, Mapped: &total, Raw: f.raw(everything),
		},
		Bytes:     map[string]int64{results.ClaimTop: top, results.ClaimBins: bins},
		UnitGross: &unit,
	}
	if toldHeaps || arenas == 1 {
		claimed.Stats.Heaps = &heaps
	}
	return claimed, nil
}
