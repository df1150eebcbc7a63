package allocators

import (
	"fmt"
	"strings"

	"alloclab/results"
)

const (
	mimallocManual = "https://microsoft.github.io/mimalloc/environment.html"
	mimallocSource = "mimalloc 2.0.9, src/options.c"
)

// mimalloc is Microsoft's mimalloc 2. Its options' names change between
// versions and an unknown one is ignored in silence; these are 2.0.9's, where
// reset_delay, segment_cache and eager_region_commit are old or without effect.
var mimalloc = Allocator{
	Name:    "mimalloc",
	Dialect: DialectMimalloc,
	Linked:  true,
	Sonames: []string{"libmimalloc.so.2", "libmimalloc.so.2.0"},
	Package: "libmimalloc2.0",
	Header:  "mimalloc.h",
	Knobs: mimallocKnobs(
		Knob{Name: "allow_decommit", Kind: KindBool, Source: mimallocSource, Doc: "return free memory at all; true if not set"},
		Knob{Name: "decommit_delay", Kind: KindCount, Min: 0, Max: 1 << 30, Source: mimallocSource,
			Doc: "milliseconds until the free part of a segment in use is returned; 25 if not set"},
		Knob{Name: "segment_decommit_delay", Kind: KindCount, Min: 0, Max: 1 << 30, Source: mimallocSource,
			Doc: "milliseconds until a whole free segment is returned; 500 if not set"},
		Knob{Name: "decommit_extend_delay", Kind: KindCount, Min: 0, Max: 1 << 30, Source: mimallocSource,
			Doc: "milliseconds by which each further free puts that off; 1 if not set"},
		Knob{Name: "abandoned_page_decommit", Kind: KindBool, Source: mimallocSource,
			Doc: "return the free pages of a thread that ends without delay"},
		Knob{Name: "page_reset", Kind: KindBool, Source: mimallocSource, Doc: "give up a page's memory when its last block is freed"},
		Knob{Name: "eager_commit", Kind: KindBool, Source: mimallocManual, Doc: "commit whole segments; true if not set"},
		Knob{Name: "eager_commit_delay", Kind: KindCount, Min: 0, Max: 1 << 30, Source: mimallocManual,
			Doc: "segments of a thread that are not committed eagerly; 1 if not set"},
		Knob{Name: "large_os_pages", Kind: KindBool, Source: mimallocManual, Doc: "2 MiB pages where possible"},
		Knob{Name: "reserve_huge_os_pages", Kind: KindCount, Min: 0, Max: 1 << 16, Source: mimallocManual, Doc: "1 GiB pages to reserve at the start"},
		Knob{Name: "max_segment_reclaim", Kind: KindCount, Min: 0, Max: 1 << 30, Source: mimallocSource,
			Doc: "abandoned segments looked at when a thread needs one; 8 if not set"},
		Knob{Name: "use_numa_nodes", Kind: KindCount, Min: 0, Max: 1 << 16, Source: mimallocManual, Doc: "most NUMA nodes to use; 0 for all"},
		Knob{Name: "limit_os_alloc", Kind: KindBool, Source: mimallocManual, Doc: "use reserved memory only"},
		Knob{Name: "destroy_on_exit", Kind: KindBool, Source: mimallocSource, Doc: "free all memory at exit"},
	),
	environment: eachItsVariable("1", "0"),
	// An option of the start, such as reserved pages, comes too late from inside.
	code: func(set []setting) []string {
		var lines []string
		for _, s := range set {
			value := map[any]string{true: "1", false: "0"}[s.value]
			if value == "" {
				value = s.text
			}
			if s.knob.Name == "reserve_huge_os_pages" || s.knob.Name == "eager_commit_delay" {
				return nil
			}
			lines = append(lines, "mi_option_set(mi_option_"+s.knob.Name+", "+value+");")
		}
		return lines
	},
	complaints: mimallocComplaints,
	clock:      mimallocClock,
	remedies: []Remedy{
		{Name: "decommit_delay=0", Knobs: map[string]any{"decommit_delay": int64(0), "segment_decommit_delay": int64(0)}, Source: mimallocSource,
			Doc: "free memory is returned when it is freed, at the price of system calls and page faults"},
		{Name: "page_reset", Knobs: map[string]any{"page_reset": true}, Source: mimallocSource,
			Doc: "a free page's memory is given up while its segment stays"},
		{Name: "abandoned_page_decommit", Knobs: map[string]any{"abandoned_page_decommit": true}, Source: mimallocSource,
			Doc: "where threads come and go: what an ended thread leaves is returned without delay"},
	},
}

// mimallocKnobs fills in the names.
func mimallocKnobs(knobs ...Knob) []Knob {
	for i := range knobs {
		knobs[i].native = "MIMALLOC_" + strings.ToUpper(knobs[i].Name)
		knobs[i].told = "opt." + knobs[i].Name
	}
	return knobs
}

// mimallocComplaints finds, under MIMALLOC_SHOW_ERRORS=1, lines such as
//
//	mimalloc: warning: environment option mimalloc_page_reset has an invalid value.
func mimallocComplaints(stderr string) []Mismatch {
	var complaints []Mismatch
	for line := range strings.Lines(stderr) {
		rest, ok := strings.CutPrefix(line, "mimalloc: warning: environment option mimalloc_")
		if !ok {
			continue
		}
		name, what, _ := strings.Cut(strings.TrimSpace(rest), " ")
		complaints = append(complaints, Mismatch{Knob: name, Requested: "a value", Effective: "refused: it " + what})
	}
	return complaints
}

func mimallocClock(knobs map[string]any) Clock {
	c := Clock{Source: mimallocSource + "; src/segment.c, mi_segment_perhaps_decommit; src/segment-cache.c"}
	page := knobOr(knobs, "decommit_delay", int64(25))
	segment := knobOr(knobs, "segment_decommit_delay", int64(500))
	switch {
	case !knobOr(knobs, "allow_decommit", true):
		c.Kind, c.Sentence = ClockNever, "Decommit is not allowed: free memory stays."
	case page == 0 && segment == 0:
		c.Kind = ClockAtOnce
		c.Sentence = "Free memory is returned when its page is found free, which needs the thread that owns it."
	default:
		c.Kind, c.OnActivity = ClockDecay, true
		c.Duration = milliseconds(max(page, segment))
		c.Watch = 2 * c.Duration
		c.Sentence = fmt.Sprintf("The free part of a segment is returned after %d ms, a whole one after %d ms, when a later operation "+
			"of the thread that owns it looks: a silent process returns nothing.", page, segment)
	}
	return c
}

// mimallocClaims reads what the threads' visits of their heaps added up to.
// What is committed beyond the areas is free in segments or never touched. An
// area is a mimalloc page: blocks of one size, of 64 KiB or more.
func mimallocClaims(raw string) (Claimed, error) {
	f, err := parseFigures(raw)
	if err != nil {
		return Claimed{}, err
	}
	claimed := Claimed{Stats: results.AllocatorStats{Raw: f.raw(everything)}, Bytes: map[string]int64{}}
	commit, told := f["process_info.current_commit"]
	told = told && commit >= 0 // below 0 while threads have not merged their statistics
	if told {
		claimed.Stats.Mapped = &commit
	}
	if f["visit.heaps"] == 0 {
		return claimed, nil // no thread could visit: nothing is known of units
	}
	v, err := f.need("visit.committed", "visit.used", "visit.free")
	if err != nil {
		return Claimed{}, err
	}
	committed, used, free := v[0], v[1], v[2]
	unit := committed - used - free
	if unit < 0 {
		return Claimed{}, inconsistent("free bytes in areas", unit)
	}
	active := committed - free
	claimed.Stats.Allocated, claimed.Stats.Active, claimed.UnitGross = &used, &active, &unit
	if told {
		claimed.Bytes[results.ClaimPageHeap] = max(0, commit-active)
	}
	return claimed, nil
}
