package allocators

import "alloclab/results"

const truthSource = "workloads/reference/truth.c"

// truth is the lab's own allocator that withholds known amounts of memory in
// known ways: what the lab says of others is tested on it.
var truth = Allocator{
	Name:     "truth",
	Dialect:  DialectTruth,
	Bundled:  true,
	Internal: true,
	Sonames:  []string{"libtruth.so"},
	Package:  "alloclab itself",
	Knobs: []Knob{
		{Name: "unit", Kind: KindBytes, Min: 4096, Max: 1 << 20, native: "TRUTH_UNIT", Source: truthSource, Doc: "memory goes back in units of this size only"},
		{Name: "keep", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "TRUTH_KEEP", Source: truthSource, Doc: "whole free units that stay"},
		{Name: "cache", Kind: KindBytes, Min: 0, Max: 1 << 40, native: "TRUTH_CACHE", Source: truthSource, Doc: "freed blocks that each thread keeps"},
		{Name: "metadata", Kind: KindBytes, Min: 0, Max: 1 << 20, native: "TRUTH_METADATA", Source: truthSource, Doc: "tables written for each unit"},
	},
	environment: eachItsVariable("1", "0"),
	clock: func(map[string]any) Clock {
		return Clock{Kind: ClockAtOnce, Sentence: "What is not withheld goes back when it is freed.", Source: truthSource}
	},
}

// truthClaims reads what it says of itself.
func truthClaims(raw string) (Claimed, error) {
	f, err := parseFigures(raw)
	if err != nil {
		return Claimed{}, err
	}
	v, err := f.need("unit", "kept", "cached", "metadata")
	if err != nil {
		return Claimed{}, err
	}
	return Claimed{
		Stats:     results.AllocatorStats{Raw: f.raw(everything)},
		Bytes:     map[string]int64{results.ClaimPageHeap: v[1], results.ClaimThreadCache: v[2], results.ClaimMetadata: v[3]},
		UnitGross: &v[0],
	}, nil
}
