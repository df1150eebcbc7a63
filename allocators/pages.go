package allocators

// pages is the lab's own reference: every block has pages of its own, which go
// back to the kernel when it is freed. No allocator can return more, or sooner.
var pages = Allocator{
	Name:        "pages",
	Dialect:     DialectUnknown,
	Bundled:     true,
	Sonames:     []string{"libpages.so"},
	Package:     "alloclab itself",
	environment: eachItsVariable("1", "0"),
	clock: func(map[string]any) Clock {
		return Clock{Kind: ClockAtOnce, Sentence: "Each block's pages go back when it is freed.", Source: "workloads/reference/pages.c"}
	},
}
