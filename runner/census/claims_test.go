package census

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/allocators"
	"alloclab/results"
)

func TestClaims(t *testing.T) {
	gross := func(n int64) *int64 { return &n }
	for name, c := range map[string]struct {
		ledger    results.Ledger
		lazyFree  int64
		untouched int64
		said      allocators.Claimed
		want      results.Claims
	}{
		"nothing said": {
			ledger: results.Ledger{Empty: 100},
			want:   results.Claims{"lazy_free": 0, "unexplained": 100, "claims_beyond_rss": 0},
		},
		"all in their order": {
			ledger: results.Ledger{Empty: 100, Pinned: 5}, lazyFree: 10,
			said: allocators.Claimed{UnitGross: gross(9), Bytes: map[string]int64{
				"metadata": 11, "thread_cache": 12, "decay": 13, "page_heap": 14, "top": 15, "bins": 16}},
			want: results.Claims{"lazy_free": 10, "metadata": 11, "unit": 4, "thread_cache": 12, "decay": 13, "page_heap": 14, "top": 15, "bins": 16,
				"unexplained": 5, "claims_beyond_rss": 0},
		},
		"clamped in their order": {
			ledger: results.Ledger{Empty: 20}, lazyFree: 5,
			said: allocators.Claimed{Bytes: map[string]int64{"bins": 100, "top": 10, "metadata": 7}},
			want: results.Claims{"lazy_free": 5, "metadata": 7, "top": 8, "bins": 0, "unexplained": 0, "claims_beyond_rss": 102},
		},
		"lazily freed pages are the kernel's word: never beyond RSS": {
			ledger: results.Ledger{Empty: 20}, lazyFree: 50,
			said: allocators.Claimed{Bytes: map[string]int64{"decay": 3}},
			want: results.Claims{"lazy_free": 20, "decay": 0, "unexplained": 0, "claims_beyond_rss": 3},
		},
		"free bytes of units lie on pinned pages": {
			ledger: results.Ledger{Empty: 20, Pinned: 50}, said: allocators.Claimed{UnitGross: gross(40)},
			want: results.Claims{"lazy_free": 0, "unit": 0, "unexplained": 20, "claims_beyond_rss": 0},
		},
		"tables that were never touched": {
			ledger: results.Ledger{Empty: 50}, untouched: 30, said: allocators.Claimed{Bytes: map[string]int64{"metadata": 40, "decay": 15}},
			want: results.Claims{"lazy_free": 0, "metadata": 10, "decay": 15, "unexplained": 25, "claims_beyond_rss": 30},
		},
		"more untouched than is claimed now": {
			ledger: results.Ledger{Empty: 50}, untouched: 30, said: allocators.Claimed{Bytes: map[string]int64{"metadata": 20}},
			want: results.Claims{"lazy_free": 0, "metadata": 0, "unexplained": 50, "claims_beyond_rss": 20},
		},
		"untouched without metadata": {
			ledger: results.Ledger{Empty: 50}, untouched: 30, want: results.Claims{"lazy_free": 0, "unexplained": 50, "claims_beyond_rss": 0},
		},
		"negative claims": {
			ledger: results.Ledger{Empty: 50}, lazyFree: -1, untouched: -5,
			said: allocators.Claimed{Bytes: map[string]int64{"decay": -7, "metadata": 1}},
			want: results.Claims{"lazy_free": 0, "metadata": 1, "decay": 0, "unexplained": 49, "claims_beyond_rss": 0},
		},
		"nothing empty": {
			said: allocators.Claimed{Bytes: map[string]int64{"top": 7}},
			want: results.Claims{"lazy_free": 0, "top": 0, "unexplained": 0, "claims_beyond_rss": 7},
		},
	} {
		got := Claims(c.ledger, c.lazyFree, c.untouched, c.said)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		sum := int64(0)
		for claim, n := range got {
			if claim != results.ClaimBeyondRSS {
				sum += n
			}
		}
		if sum != c.ledger.Empty {
			t.Errorf("%s: claims add up to %d of %d empty", name, sum, c.ledger.Empty)
		}
	}
}

func TestUntouched(t *testing.T) {
	said := func(n int64) allocators.Claimed { return allocators.Claimed{Bytes: map[string]int64{"metadata": n}} }
	for _, c := range []struct{ metadata, empty, want int64 }{{100, 40, 60}, {40, 100, 0}, {0, 0, 0}} {
		if got := Untouched(results.Ledger{Empty: c.empty}, said(c.metadata)); got != c.want {
			t.Errorf("%d claimed, %d resident: %d untouched", c.metadata, c.empty, got)
		}
	}
	if got := Untouched(results.Ledger{}, allocators.Claimed{}); got != 0 {
		t.Error(got)
	}
}
