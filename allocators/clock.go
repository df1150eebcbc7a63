package allocators

import (
	"fmt"
	"time"
)

// Clock is when a variant gives memory back by itself. A watch that ends
// before the clock has run says nothing about what the allocator returns.
type Clock struct {
	Kind     ClockKind
	Duration time.Duration // of a decay; else 0
	// Watch is the shortest time after the last free in which the clock has
	// surely run, given that it runs at all; 0 where time alone does nothing.
	Watch time.Duration
	// OnActivity is true where the clock is looked at only when the program
	// allocates or frees: a process that is silent returns nothing, ever.
	OnActivity bool
	Sentence   string
	Source     string
}

// ClockKind is what an allocator waits for.
type ClockKind string

// The kinds of clock.
const (
	ClockAtOnce  ClockKind = "at once"           // returned when it is freed
	ClockDecay   ClockKind = "decay time"        // after a time
	ClockPages   ClockKind = "pages per release" // some pages for so many pages freed
	ClockTrim    ClockKind = "trim threshold"    // when the top of a heap is larger than that
	ClockPurge   ClockKind = "periodic purge"    // told to by the program
	ClockNever   ClockKind = "never"
	ClockUnknown ClockKind = "unknown"
)

// PurgedEvery is the clock of a program that has its allocator give back every
// so often, whatever else the allocator does.
func (c Clock) PurgedEvery(period time.Duration) Clock {
	if period <= 0 {
		return c
	}
	return Clock{
		Kind: ClockPurge, Duration: period, Watch: period,
		Sentence: fmt.Sprintf("The program tells the allocator every %v to give back. %s", period, c.Sentence),
		Source:   c.Source,
	}
}

// Clock says when an allocator under these knobs returns memory by itself.
func (a Allocator) Clock(knobs map[string]any) Clock { return a.clock(knobs) }

// knobOr returns the value of a knob, or the allocator's default where it is
// not set or has another type.
func knobOr[T any](knobs map[string]any, name string, otherwise T) T {
	if value, ok := knobs[name].(T); ok {
		return value
	}
	return otherwise
}

// milliseconds is n milliseconds, at most the longest duration.
func milliseconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(n, most)) * time.Millisecond
}
