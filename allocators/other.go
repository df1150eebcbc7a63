package allocators

// other is any library that exports malloc, named by a variant's library. The
// lab knows no knobs or clock of it; where the library speaks a dialect that
// the probe knows, its claims are read all the same.
var other = Allocator{
	Name:        "other",
	Dialect:     DialectUnknown,
	environment: eachItsVariable("1", "0"),
	clock: func(map[string]any) Clock {
		return Clock{Kind: ClockUnknown, Sentence: "When it returns memory is not known to the lab."}
	},
}
