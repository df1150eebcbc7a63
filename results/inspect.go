package results

// Inspection is what one look at a process that runs, from outside, can say of
// its memory. Since it runs meanwhile, figures are of moments that lie a
// little apart: see Look.
type Inspection struct {
	V         int             `json:"v"`
	Process   InspectedTask   `json:"process"`
	Look      Look            `json:"look"`
	Memory    InspectedMemory `json:"memory"`
	Kinds     []MemoryKind    `json:"kinds"`                // what RSS is made of; they add up to Look.KindsSum
	Serves    *Server         `json:"malloc,omitempty"`     // nil: nothing here serves malloc, or it could not be told
	Found     []Server        `json:"allocators,omitempty"` // every allocator in the process, the one that serves too
	Go        *GoRuntime      `json:"go,omitempty"`
	Settings  []string        `json:"settings,omitempty"` // of its environment: variables that reach allocators, and no other
	Ptmalloc  *PtmallocHeaps  `json:"ptmalloc,omitempty"`
	Missing   []Missing       `json:"missing,omitempty"` // what could not be read here
	Questions []Question      `json:"questions"`         // what no look from outside can answer
}

// InspectedTask is the process itself. Its arguments are left out: they may
// hold what is nobody's business.
type InspectedTask struct {
	PID     int     `json:"pid"`
	Name    string  `json:"name"`
	Exe     string  `json:"exe,omitempty"`
	UID     int     `json:"uid"`
	User    string  `json:"user,omitempty"`
	Threads int     `json:"threads"`
	Started string  `json:"started"` // RFC 3339
	Up      float64 `json:"up_s"`
}

// Look says how far the figures can be off because the process ran on.
type Look struct {
	Taken       string  `json:"taken"`  // RFC 3339
	Took        float64 `json:"took_s"` // from the first to the last read
	RSSBefore   int64   `json:"rss_before_bytes"`
	RSSAfter    int64   `json:"rss_after_bytes"`
	KindsSum    int64   `json:"kinds_sum_bytes"` // of smaps, mapping by mapping
	MapsChanged bool    `json:"maps_changed"`    // mappings came or went meanwhile
	KindsTook   float64 `json:"kinds_took_s"`
}

// InspectedMemory are the process's sums. RSS is of smaps_rollup, right after
// the kinds were read.
type InspectedMemory struct {
	RSS           int64  `json:"rss_bytes"`
	HWM           int64  `json:"hwm_bytes"`
	PSS           int64  `json:"pss_bytes"`
	Anonymous     int64  `json:"anonymous_bytes"`
	Swap          int64  `json:"swap_bytes"`
	LazyFree      int64  `json:"lazy_free_bytes"`
	HugePages     int64  `json:"anon_huge_pages_bytes"`
	Hugetlb       int64  `json:"hugetlb_bytes"` // no part of RSS
	Locked        int64  `json:"locked_bytes"`
	THP           string `json:"thp"`                      // of the machine: always, madvise, never; "" unknown
	THPDisallowed bool   `json:"thp_disallowed,omitempty"` // for this process, by prctl
}

// MemoryKind is a kind of mappings.
type MemoryKind struct {
	Name     string `json:"name"`
	RSS      int64  `json:"rss_bytes"`
	Size     int64  `json:"size_bytes"` // of addresses
	Mappings int    `json:"mappings"`
}

// Server is an allocator in the process.
type Server struct {
	Allocator string `json:"allocator"` // a name that the lab knows, or "unknown"
	Object    string `json:"object"`    // file that holds it
	Evidence  string `json:"evidence"`
	Proved    bool   `json:"proved,omitempty"` // of the one that serves: bound calls were seen, not deduced
}

// GoRuntime is a program written in Go. Its own heap is not malloc's.
type GoRuntime struct {
	Version string `json:"version"`
	Cgo     bool   `json:"cgo"`
	Heap    int64  `json:"heap_rss_bytes"` // resident in the mappings of Go's heap
}

// PtmallocHeaps are glibc's heaps as its own structures say, read from outside.
type PtmallocHeaps struct {
	Arenas []InspectedArena `json:"arenas"` // the main one first, where it was found
	// RSS is of all heaps. Chunks with a mapping of their own are in none: how
	// many there are is not known from outside, and they are among the anonymous.
	RSS int64 `json:"rss_bytes"`
}

// InspectedArena is one arena with its heaps.
type InspectedArena struct {
	Number  int             `json:"number"` // 0 is the main one
	Address Address         `json:"address,omitempty"`
	Threads *int64          `json:"threads,omitempty"` // attached; nil where it could not be read
	System  *int64          `json:"system_bytes,omitempty"`
	Top     *int64          `json:"top_bytes,omitempty"` // free at the end of its newest heap
	Heaps   []InspectedHeap `json:"heaps"`
}

// InspectedHeap is [heap], or one of the 64 MiB heaps of another arena.
type InspectedHeap struct {
	Start    Address `json:"start"`
	Size     int64   `json:"size_bytes"`     // what the arena has of it
	Writable int64   `json:"writable_bytes"` // heap_info's mprotect_size: the most it ever had
	RSS      int64   `json:"rss_bytes"`
}

// MissingEnvironment is the What of a process whose environment may not be read.
const MissingEnvironment = "its environment"

// Missing is what could not be read, why, and what would help.
type Missing struct {
	What   string `json:"what"`
	Why    string `json:"why"`
	Remedy string `json:"remedy"`
}

// Question is what cannot be told from outside without a restart or a call into
// the process, and which command would tell.
type Question struct {
	Question string   `json:"question"`
	Command  string   `json:"command"`
	Warnings []string `json:"warnings,omitempty"`
}

// Resident is what the arena's heaps have in memory, bytes.
func (a InspectedArena) Resident() (bytes int64) {
	for _, h := range a.Heaps {
		bytes += h.RSS
	}
	return bytes
}

// Names of kinds, in the order in which they are shown.
const (
	KindBrk       = "[heap]"
	KindArenas    = "ptmalloc arenas"
	KindAnonymous = "other anonymous"
	KindGoHeap    = "Go heap"
	KindGoRuntime = "Go runtime"
	KindStacks    = "stacks"
	KindData      = "program and library data"
	KindCode      = "program and library code"
	KindFiles     = "mapped files"
	KindShared    = "shared memory"
	KindKernel    = "vdso"
)

// KindOrder is the order.
var KindOrder = []string{KindBrk, KindArenas, KindAnonymous, KindGoHeap, KindGoRuntime, KindStacks, KindData, KindCode, KindFiles, KindShared, KindKernel}
