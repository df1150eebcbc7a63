package census

import (
	"cmp"
	"slices"
	"strings"

	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// Ranges divides the process's mappings among the accounts. What is not
// private anonymous memory is no heap. Private anonymous memory is heap
// unless the process itself says that it is a stack, a program's or library's
// data, TLS or the lab's: neighbours merge into one mapping, so that regions
// are cut out of it. Memory that the program mapped itself cannot be told from a heap
// and counts as one, unless an agent in it tells.
func Ranges(mappings []proc.Mapping, regions []wire.Region) []Range {
	regions = disjoint(regions)
	var ranges []Range
	for _, m := range mappings {
		switch {
		case m.Vsyscall(): // outside of user space and of RSS
		case !m.PrivateAnonymous():
			ranges = append(ranges, Range{Start: m.Start, End: m.End, Account: fileAccount(m, regions)})
		case m.Stack() || strings.HasPrefix(m.Path, "[anon: Go"):
			ranges = append(ranges, Range{Start: m.Start, End: m.End, Account: Other, PrivateAnonymous: true})
		default:
			ranges = cut(ranges, m, regions)
		}
	}
	return ranges
}

// fileAccount tells the lab's memfd from all other files and shared memory.
func fileAccount(m proc.Mapping, regions []wire.Region) Account {
	for _, r := range regions {
		if r.Kind == wire.RegionLab && r.Start <= m.Start && m.End <= r.End {
			return Lab
		}
	}
	return Other
}

// cut appends one private anonymous mapping, with the regions taken out of the
// heap.
func cut(ranges []Range, m proc.Mapping, regions []wire.Region) []Range {
	heap := func(start, end uint64) Range {
		return Range{Start: start, End: end, Account: Heap, PrivateAnonymous: true, Brk: m.Heap(), Reserved: m.NoAccess()}
	}
	at := m.Start
	for _, r := range regions {
		start, end := max(r.Start, at), min(r.End, m.End)
		if start >= end {
			continue
		}
		if at < start {
			ranges = append(ranges, heap(at, start))
		}
		account := Other
		switch r.Kind {
		case wire.RegionLab:
			account = Lab
		case wire.RegionUnmanaged:
			account = Unmanaged
		}
		ranges = append(ranges, Range{Start: start, End: end, Account: account, PrivateAnonymous: true})
		at = end
	}
	if at < m.End {
		ranges = append(ranges, heap(at, m.End))
	}
	return ranges
}

// disjoint sorts the regions by address and cuts what an earlier one covers.
func disjoint(regions []wire.Region) []wire.Region {
	regions = slices.Clone(regions)
	slices.SortFunc(regions, func(a, b wire.Region) int { return cmp.Compare(a.Start, b.Start) })
	kept := regions[:0]
	end := uint64(0)
	for _, r := range regions {
		r.Start = max(r.Start, end)
		if r.Start < r.End {
			kept = append(kept, r)
			end = r.End
		}
	}
	return kept
}

// HeapCandidates are the ranges in which ptmalloc's heaps can lie.
func HeapCandidates(mappings []proc.Mapping) []Range {
	var ranges []Range
	for _, m := range mappings {
		if m.PrivateAnonymous() && m.Writable() && !m.Stack() {
			ranges = append(ranges, Range{Start: m.Start, End: m.End, Account: Heap, PrivateAnonymous: true})
		}
	}
	return ranges
}
