// Package configs reads experiments: TOML files that say which workloads run
// under which variants of which allocators. It also holds the experiments
// that come with alloclab, ready to run.
package configs

import (
	"fmt"
	"time"
)

// Experiment is a decoded and checked experiment file. Every value in it has
// been checked against the catalog; nothing is left to find out at run time
// but what only the allocators themselves can tell.
type Experiment struct {
	Name      string
	File      string // as given; for a preset its name
	Source    []byte // the file's text, kept in the run
	Seed      uint64
	Rounds    int
	TimeLimit time.Duration // of one trial
	// MemoryLimit is the most bytes that a trial may take before the kernel
	// kills it, as in a container of that size; 0 is 80 % of what is available.
	MemoryLimit int64
	Passes      []string
	// Remedies says that each variant that is an allocator as it comes is
	// joined by its remedies; they are among Variants.
	Remedies  bool
	Variants  []Variant
	Workloads []Workload
	Programs  []Program // the user's own; one of the two lists may be empty
	Gate      Gate
}

// Variant is an allocator with its knobs, under a label.
type Variant struct {
	Allocator string
	Label     string // unique; the allocator's name where the file gives none
	Library   string // a path, or "" for the linked allocator
	Knobs     map[string]any
	// PurgeEvery is how often, in seconds, the allocator is told to give back
	// while the workload runs; 0 is never.
	PurgeEvery float64
	// Libexec is a folder with measured programs of another build; "" is the
	// lab's own. No file can set it: alloclab ab does.
	Libexec string
	At      Position
}

// Workload is one [[workload]] table: a workload with one value, or a list of
// values (an axis), for each parameter named in the file.
type Workload struct {
	Name    string
	Runtime string   // "c", or "go" to keep the Go runtime alive on purpose
	Passes  []string // of the experiment's, that it takes; empty means all
	CPUs    []int    // axis of affinity: how many CPUs; empty means all
	Params  []Axis   // every parameter of the workload, defaults filled in, in the catalog's order
	At      Position
}

// Axis is one parameter and the values that the experiment gives it, in the
// file's order. Values are int64 (counts and bytes), float64 (seconds and
// fractions), bool or string (choices).
type Axis struct {
	Name   string
	Values []any
	Given  bool // named in the file, not a default
}

// Position is a place in an experiment file; line and column count from 1, and
// columns count characters, a tab as one.
type Position struct{ Line, Column int }

// Catalog is what an experiment may name: the one true list comes from the
// workload binaries' manifest and the allocators' tables of knobs.
type Catalog struct {
	Allocators []Entry  // options are knobs
	Workloads  []Entry  // options are parameters
	Metrics    []string // that can be judged: they have a better direction
}

// Entry is an allocator or a workload.
type Entry struct {
	Name     string
	Options  []Option
	Remedies []Remedy // of an allocator
}

// Remedy is a setting of an allocator that is worth trying against memory
// that is not returned.
type Remedy struct {
	Name       string
	Knobs      map[string]any
	PurgeEvery float64 // seconds; 0 is never
}

// Option is a knob or a parameter. Where Min and Max are both zero, it has no
// bounds.
type Option struct {
	Name    string   `json:"name"`
	Kind    Kind     `json:"kind"`
	Min     float64  `json:"min"` // in the kind's base unit: bytes, seconds, a count
	Max     float64  `json:"max"`
	Choices []string `json:"choices,omitempty"` // for KindChoice
	Default any      `json:"default"`           // nil for knobs: the allocator's own default stands; a parameter without one must be given
	Doc     string   `json:"doc"`
}

// Kind is how an option's value is written and checked.
type Kind string

// The kinds of option.
const (
	KindCount    Kind = "count"    // a whole number: int64
	KindBytes    Kind = "bytes"    // 4096 or "512MiB": int64
	KindDuration Kind = "duration" // "30s", "1h", "7d": float64, seconds
	KindFraction Kind = "fraction" // a number: float64
	KindBool     Kind = "bool"
	KindChoice   Kind = "choice" // one of Choices: string
)

// Error is a fault in an experiment file, with its place and the nearest
// right name where there is one.
type Error struct {
	File string
	At   Position
	Key  string // dotted, as the user would write it
	Text string
	Hint string // "did you mean threads?", or ""
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.At.Line, e.At.Column, e.Text)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}
