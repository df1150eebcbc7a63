// Package allocators knows the malloc implementations: how each is found,
// which knobs it has, by which environment they are set and how they are read
// back, when it returns memory by itself, what its statistics mean and which
// remedies it offers. There is one file an allocator; none uses cgo.
package allocators

import "alloclab/results"

// Allocator is one malloc implementation.
type Allocator struct {
	Name     string
	Dialect  Dialect  // the statistics interface it speaks
	Linked   bool     // has a workload binary of its own; all others are preloaded
	Bundled  bool     // built with the lab, and found beside the measured programs
	Internal bool     // for the lab's own tests: not listed
	Sonames  []string // names by which the dynamic linker finds it, best first
	Package  string   // the Debian package that brings it
	Knobs    []Knob
	// Purge is the C call that tells it to give back what it can, as a program would
	// write it; "" where it has none that any thread may call for all.
	Purge  string
	Header string // what declares its own calls to C

	// What differs between allocators beyond data; each file sets all of it.
	environment func(set []setting) []string
	pasted      func(set []setting) []string   // as environment, outside the lab; nil where that is the same
	code        func(set []setting) []string   // the same from inside; nil for no such way, and so is its answer
	complaints  func(stderr string) []Mismatch // nil where it never complains
	clock       func(knobs map[string]any) Clock
	remedies    []Remedy
}

// Dialect names the statistics interface that an allocator speaks; it is what
// the probe in the measured process reports.
type Dialect string

// The dialects that the probe speaks.
const (
	DialectPtmalloc Dialect = "ptmalloc"
	DialectJemalloc Dialect = "jemalloc"
	DialectTcmalloc Dialect = "tcmalloc"
	DialectMimalloc Dialect = "mimalloc"
	DialectTruth    Dialect = "truth"   // the lab's own
	DialectUnknown  Dialect = "unknown" // ledger without claims
)

// All returns every allocator that the lab knows, ptmalloc first.
func All() []Allocator {
	return []Allocator{ptmalloc, jemalloc, tcmalloc, mimalloc, tbbmalloc, pages, truth, other}
}

// ByName returns the allocator of that name.
func ByName(name string) (Allocator, bool) {
	for _, a := range All() {
		if a.Name == name {
			return a, true
		}
	}
	return Allocator{}, false
}

// Claimed is what one reading of an allocator's statistics says: the figures
// in the lab's vocabulary, and how many bytes it claims to keep free, by
// reason. Claims are raw: not yet clamped to what is resident.
type Claimed struct {
	Stats results.AllocatorStats
	Bytes map[string]int64 // by results.Claim… name; an absent name is one the dialect cannot tell
	// UnitGross is free bytes inside units that still hold a live block,
	// before the ledger's pinned bytes are taken off; nil where the dialect
	// cannot tell.
	UnitGross *int64
}
