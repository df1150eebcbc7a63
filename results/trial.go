// Package results is the data model of a run: what one trial measured, how it
// is written to and read from a run directory, and which metrics exist.
//
// All sizes are bytes and all times are seconds. A figure that could not be
// had is absent: it is never zero and never invented.
package results

// Version is the version of a line of trials.jsonl. Adding a field keeps it; a
// field whose meaning changes raises it and brings an upgrade and a fixture.
const Version = 1

// Trial is one measured process: one line of trials.jsonl, standing alone.
type Trial struct {
	V         int                `json:"v"`
	Run       string             `json:"run"`
	Plan      string             `json:"plan"`
	Machine   Machine            `json:"machine"`
	Trial     int                `json:"trial"`
	Cell      string             `json:"cell"`
	Workload  string             `json:"workload"`
	Runtime   string             `json:"runtime,omitempty"` // "go" where the Go runtime ran beside the workload
	Params    map[string]any     `json:"params"`
	Variant   string             `json:"variant"`
	Allocator string             `json:"allocator"`
	Knobs     map[string]any     `json:"knobs"`
	Round     int                `json:"round"` // from 1
	Pass      string             `json:"pass"`
	Attempt   int                `json:"attempt,omitempty"` // from 2: a starved trial was repeated, this many times in all
	Started   string             `json:"started"`           // wall clock, RFC 3339: a label, never a duration
	Status    Status             `json:"status"`
	Exit      Exit               `json:"exit"`
	Proof     Proof              `json:"proof"`
	Metrics   map[string]float64 `json:"metrics"`           // names are those of the registry (metric.go)
	Figures   map[string]float64 `json:"figures,omitempty"` // what the workload says of itself, by its own names
	Latency   []Latency          `json:"latency,omitempty"` // pass latency only
	// Syscalls are of passes syscalls and counts, Instructions and Again of counts
	// only. Those passes look at no mark: their Marks are empty.
	// Again holds the metrics of pass counts as a second count of the same work gave them: see Repeats.
	Again        map[string]float64 `json:"again,omitempty"`
	Syscalls     *Syscalls          `json:"syscalls,omitempty"`
	Instructions *Instructions      `json:"instructions,omitempty"`
	Marks        []Mark             `json:"marks"`
	Looks        []Mark             `json:"looks,omitempty"` // in the middle of a phase, as often as the workload asks; named MarkLook
	Sampler      Sampler            `json:"sampler"`
	Polled       *Polled            `json:"polled,omitempty"` // of a program: how its allocator was asked while it ran (statistics/N.csv)
	CPU          CPU                `json:"cpu"`
	IdleFall     *int64             `json:"idle_fall_bytes,omitempty"` // see the function IdleFall; nil where it cannot be told
	Warnings     []string           `json:"warnings"`

	// Salvaged is what Salvage took away of a trial that was starved; it is in no file.
	Salvaged *CPU `json:"-"`
}

// KnobPurgeEvery is the one knob that is the lab's and no allocator's: how
// often, in seconds, the allocator is told to give back while the workload runs.
const KnobPurgeEvery = "purge_every"

// Machine carries the fingerprint's hash for each scope (see Fingerprint).
type Machine struct {
	Memory string `json:"memory"`
	Time   string `json:"time"`
	Counts string `json:"counts"`
}

// Status says how a trial ended. Only StatusOK enters a figure.
type Status string

// The ways in which a trial can end.
const (
	StatusOK               Status = "ok"
	StatusExit             Status = "exit"              // ended by itself with a code that is not 0, or too early
	StatusSignal           Status = "signal"            // killed by a signal that the lab did not send
	StatusTimeout          Status = "timeout"           // the lab killed it at the time limit
	StatusOOM              Status = "oom"               // the cgroup's counter of OOM kills grew
	StatusOOMSuspected     Status = "oom_suspected"     // SIGKILL that the lab did not send, without a counter that proves OOM
	StatusPreloadFailed    Status = "preload_failed"    // the dynamic linker ignored or refused the library
	StatusWrongAllocator   Status = "wrong_allocator"   // another library serves malloc than the variant names
	StatusTunableRejected  Status = "tunable_rejected"  // a knob's effective value differs from the one asked for
	StatusChecksumMismatch Status = "checksum_mismatch" // the workload found its memory changed
	StatusOutOfMemory      Status = "out_of_memory"     // malloc returned NULL
	StatusSamplerLost      Status = "sampler_lost"      // the lab could not read the process
	StatusNeverReady       Status = "never_ready"       // the program was not ready within the time limit
	StatusLoadFailed       Status = "load_failed"       // what drives the program ended with a code that is not 0
	StatusInterrupted      Status = "interrupted"       // the user stopped the run
	StatusSkipped          Status = "skipped"           // never started, with the reason in warnings
)

// Exit is how the process ended.
type Exit struct {
	Code   int    `json:"code"`
	Signal string `json:"signal"` // "" or a name such as SIGSEGV
	Stderr string `json:"stderr"` // its last 4 KiB
	// Stopped is the signal or command by which the lab ended it as the
	// experiment says: then code and signal tell nothing of how it went. "" where it ended by itself.
	Stopped string `json:"stopped,omitempty"`
}

// Proof says who really served malloc, and with which settings.
type Proof struct {
	ServedBy       string            `json:"served_by"`           // path of the object that holds malloc
	Preloaded      string            `json:"preloaded,omitempty"` // of a program: what was preloaded for that; empty where it is so by itself
	Version        string            `json:"version"`             // in the allocator's own words
	Dialect        string            `json:"dialect"`
	KnobsEffective map[string]string `json:"knobs_effective"` // as read back, or "parsed" where no allocator call tells
}

// Mark is one named instant at which all threads were parked and the lab looked.
type Mark struct {
	Name           string          `json:"name"`
	T              float64         `json:"t_s"`      // since baseline's end, parked time left out
	Parked         float64         `json:"parked_s"` // how long the process was parked here
	RSS            int64           `json:"rss_bytes"`
	HWM            int64           `json:"hwm_bytes"` // VmHWM: the peak of RSS so far
	Asked          int64           `json:"asked_bytes"`
	Blocks         int64           `json:"blocks"`
	Usable         int64           `json:"usable_bytes"` // what the allocator says those blocks may hold
	Ledger         *Ledger         `json:"ledger,omitempty"`
	Resident       *Resident       `json:"resident,omitempty"`  // in place of the ledger where blocks are not known
	Processes      []ProcessMemory `json:"processes,omitempty"` // of a program, the measured one first
	Classes        []SizeClass     `json:"classes,omitempty"`   // pass census: the sizes of live blocks with most bytes
	OtherClasses   *SizeClass      `json:"other_classes,omitempty"`
	Kinds          []BlockKind     `json:"kinds,omitempty"` // the same by first bytes too, where asked for
	Racy           bool            `json:"racy,omitempty"`  // the ledger disagreed with RSS twice
	Claims         Claims          `json:"claims,omitempty"`
	AllocatorStats *AllocatorStats `json:"allocator_stats,omitempty"`
	Outside        *Outside        `json:"outside,omitempty"`
	PurgeSeconds   float64         `json:"purge_s,omitempty"` // how long the purge before this mark took
}

// Ledger puts every resident byte in exactly one account. The accounts are
// defined in docs/ledger.md and add up to RSS.
type Ledger struct {
	Lab      int64 `json:"lab"`      // the lab's own memory in the process
	Other    int64 `json:"other"`    // program, libraries, stacks, files: no allocator's heap
	Live     int64 `json:"live"`     // asked for and still held
	Rounding int64 `json:"rounding"` // the rest of each block: internal fragmentation
	Pinned   int64 `json:"pinned"`   // other bytes of pages that a block meets
	Empty    int64 `json:"empty"`    // heap pages that no block meets
	// Unmanaged is what a program mapped itself, for no allocator. Only an agent in it can tell.
	Unmanaged int64 `json:"unmanaged,omitempty"`
	// LiveIsUsable says that what was asked for is not known: live is what the blocks may hold, and
	// rounding, which is part of it, is no account.
	LiveIsUsable bool `json:"live_is_usable,omitempty"`
}

// Total is the sum of all accounts.
func (l Ledger) Total() int64 {
	return l.Lab + l.Other + l.Live + l.Rounding + l.Pinned + l.Empty + l.Unmanaged
}

// Heap is what the allocator holds resident: all accounts but lab, other and unmanaged.
func (l Ledger) Heap() int64 { return l.Live + l.Rounding + l.Pinned + l.Empty }

// Claims say why empty pages are kept, in the allocator's own words, clamped
// to what is resident: an estimate. A claim that the dialect cannot give is
// absent. ClaimOrder is the order in which they are taken.
type Claims map[string]int64

// Names of claims, in the order in which they are clamped to what is left of
// the ledger's empty account. ClaimUnexplained is the rest, and
// ClaimBeyondRSS what the statistics claim beyond what is resident.
const (
	ClaimLazyFree    = "lazy_free"    // MADV_FREE: the kernel takes it under pressure
	ClaimMetadata    = "metadata"     // the allocator's own tables
	ClaimUnit        = "unit"         // empty pages of a span, slab or extent that holds a live block elsewhere
	ClaimThreadCache = "thread_cache" // free blocks cached for threads
	ClaimDecay       = "decay"        // dirty and muzzy pages waiting for their clock
	ClaimPageHeap    = "page_heap"    // whole free spans that the page heap keeps
	ClaimTop         = "top"          // ptmalloc: between the highest chunk in use and the heap's end
	ClaimBins        = "bins"         // ptmalloc: free chunks below a chunk in use
	ClaimUnexplained = "unexplained"
	ClaimBeyondRSS   = "claims_beyond_rss"
)

// ClaimOrder is the order of clamping.
var ClaimOrder = []string{
	ClaimLazyFree, ClaimMetadata, ClaimUnit, ClaimThreadCache,
	ClaimDecay, ClaimPageHeap, ClaimTop, ClaimBins,
}

// AllocatorStats is what the allocator says of itself, in one vocabulary. A
// field that the dialect does not have is nil.
type AllocatorStats struct {
	Arenas    *int64 `json:"arenas,omitempty"`
	Heaps     *int64 `json:"heaps,omitempty"` // ptmalloc: 64 MiB sub-heaps of non-main arenas
	Allocated *int64 `json:"allocated_bytes,omitempty"`
	Active    *int64 `json:"active_bytes,omitempty"`
	Mapped    *int64 `json:"mapped_bytes,omitempty"`
	Resident  *int64 `json:"resident_bytes,omitempty"` // by its own count, which is no page table's
	// WithCaches is allocated as the allocator itself counts it where that has blocks in it which lie free in thread
	// caches (jemalloc); nil where Allocated is its own count.
	WithCaches *int64 `json:"allocated_with_caches_bytes,omitempty"`
	// SmallFree is what slabs of small blocks hold beyond the blocks handed out of them (jemalloc).
	SmallFree *int64             `json:"small_bins_free_bytes,omitempty"`
	Raw       map[string]float64 `json:"raw,omitempty"` // under the allocator's own names
}

// Outside is what the lab read of ptmalloc's heaps through /proc/PID/mem,
// without a word from the allocator.
type Outside struct {
	Arenas int64 `json:"arenas"` // distinct arenas, the main one included
	Heaps  int64 `json:"heaps"`  // heap_info structures found and checked
}

// Sampler says how well the series was taken.
type Sampler struct {
	Ticks    int64   `json:"ticks"`
	Missed   int64   `json:"missed"`
	MaxGap   float64 `json:"max_gap_s"`
	Cost     float64 `json:"cost_s"`          // CPU time of the sampling thread
	Priority string  `json:"priority"`        // what the kernel allowed: "fifo", "nice" or "normal"
	RSSError int64   `json:"rss_error_bytes"` // bound of statm's error on this kernel; 0 is exact
}

// CPU compares the processor time that the workload's threads got with what
// they could have used while they were not waiting of their own accord.
type CPU struct {
	Obtained float64 `json:"obtained_s"`
	Wanted   float64 `json:"wanted_s"`
	Stolen   float64 `json:"stolen_s"` // by the hypervisor, whole machine, over the trial
}

// Latency is how long calls took, of one operation and size class, over the
// whole trial. Each value contains one reading of the clock (Timer).
type Latency struct {
	Operation string  `json:"operation"`     // "malloc" or "free"
	UpTo      int64   `json:"up_to_bytes"`   // largest size of the class; 0: no limit, and above the class before
	All       bool    `json:"all,omitempty"` // every size together
	Calls     int64   `json:"calls"`
	P50       float64 `json:"p50_s"`
	P90       float64 `json:"p90_s"`
	P99       float64 `json:"p99_s"`
	P999      float64 `json:"p999_s"`
	P9999     float64 `json:"p9999_s"`
	Max       float64 `json:"max_s"` // exact; the others to half a bucket, 3 %
	Timer     float64 `json:"timer_s"`
}

// Passes, by name. A figure is taken only from its own pass: speeds from time,
// latencies from latency.
const (
	PassTime     = "time"     // nothing extra
	PassLatency  = "latency"  // each call of malloc and free is timed
	PassCensus   = "census"   // a program's blocks are reported by an agent
	PassSyscalls = "syscalls" // under strace
	PassCounts   = "counts"   // under callgrind, and strace
)

// Mark names, in order.
const (
	MarkBaseline = "baseline"
	MarkHold     = "hold"
	MarkFreed    = "freed"
	MarkIdle     = "idle"
	MarkPurged   = "purged"
	MarkFlushed  = "flushed"
	MarkExited   = "exited"
	// MarkLook is a look in the middle of a phase (Trial.Looks): it is no step of the order.
	MarkLook = "look"
	// MaxLooks bounds the looks of a trial; the kit's KIT_LOOKS_MAX is the same.
	MaxLooks = 64
)

// Mark returns the trial's mark of that name, or nil.
func (t *Trial) Mark(name string) *Mark {
	for i := range t.Marks {
		if t.Marks[i].Name == name {
			return &t.Marks[i]
		}
	}
	return nil
}

// Lab is the lab's own resident memory in the process, bytes: rss_bytes less
// this is what the metrics call RSS. It is the same at every mark, since all
// of it is touched before the first; 0 where no ledger was taken.
func (t *Trial) Lab() int64 {
	for i := range t.Marks {
		if lab, ok := t.Marks[i].Lab(); ok {
			return lab
		}
	}
	return 0
}

// Starved says that the workload got less than 95 % of the processor time it
// could have used. Such a trial is shown and enters no figure. In the census pass nothing
// depends on it: no speed is taken there.
func (t *Trial) Starved() bool {
	return t.Pass != PassCensus && t.CPU.Wanted > 0 && t.CPU.Obtained < 0.95*t.CPU.Wanted
}

// Counts says that the trial's figures may be used: it ended as it should and
// got the processor.
func (t *Trial) Counts() bool { return t.Status == StatusOK && !t.Starved() }
