package census

import (
	"alloclab/allocators"
	"alloclab/results"
)

// Claims divides the empty account by what the allocator says of itself, in
// the fixed order, each claim clamped to what is left. Statistics count bytes
// that were never touched or were already returned, so what they say beyond
// what is resident is shown, not hidden. lazyFree is the kernel's own count
// (LazyFree of smaps_rollup). untouched is metadata that was claimed at
// baseline and not resident there: tables are reserved whole and touched as
// they fill, so that much of the claim stands for no memory at any later mark.
func Claims(l results.Ledger, lazyFree, untouched int64, said allocators.Claimed) results.Claims {
	bytes := map[string]int64{results.ClaimLazyFree: lazyFree}
	for name, n := range said.Bytes {
		bytes[name] = n
	}
	if said.UnitGross != nil {
		// Free bytes in partly used units lie on pages with a live block or on
		// pages without; the first are pinned already.
		bytes[results.ClaimUnit] = max(0, *said.UnitGross-l.Pinned)
	}
	claims := results.Claims{}
	left, beyond := l.Empty, int64(0)
	if n, ok := bytes[results.ClaimMetadata]; ok {
		taken := min(max(untouched, 0), n)
		bytes[results.ClaimMetadata] = n - taken
		beyond += taken
	}
	for _, name := range results.ClaimOrder {
		n, ok := bytes[name]
		if !ok {
			continue
		}
		take := min(max(n, 0), left)
		claims[name] = take
		left -= take
		if name != results.ClaimLazyFree {
			beyond += max(n, 0) - take
		}
	}
	claims[results.ClaimUnexplained] = left
	claims[results.ClaimBeyondRSS] = beyond
	return claims
}

// Untouched is what baseline's claims say of metadata that is not resident.
func Untouched(baseline results.Ledger, said allocators.Claimed) int64 {
	return max(0, said.Bytes[results.ClaimMetadata]-baseline.Empty)
}
