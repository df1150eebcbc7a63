package synthetic

import (
	"alloclab/results"
)

const pageSize = 4096

// heapMaps spreads each mark's accounts over heaps: ptmalloc's of 64 MiB, one
// mapping for all others. Every 16th page that a block meets is followed by empty ones.
func heapMaps(t *results.Trial) *results.HeapMaps {
	maps := &results.HeapMaps{V: results.Version, Trial: t.Trial, PageSize: pageSize}
	for _, m := range t.Marks {
		maps.Marks = append(maps.Marks, heapMap(t.Allocator == "ptmalloc", m))
	}
	return maps
}

func heapMap(ptmalloc bool, m results.Mark) results.HeapMap {
	l := *m.Ledger
	held, empty := (l.Live+l.Rounding+l.Pinned)/pageSize, l.Empty/pageSize
	out := results.HeapMap{Mark: m.Name, Unit: 1}
	length := int64(1 << 30)
	if ptmalloc {
		length = 64 << 20
	}
	take := func(from *int64, n int64) int64 {
		n = min(n, *from)
		*from -= n
		return n
	}
	for i := 0; i == 0 || held+empty > 0; i++ {
		h := results.Heap{Kind: results.HeapMapped, Start: results.Address(0x7f0000000000 + int64(i)*length)}
		h.End = h.Start + results.Address(length)
		if ptmalloc {
			h.Kind, h.Arena = results.HeapArena, i%8+1
		}
		at, last := int64(0), int64(0) // in pages
		for room := length / pageSize * 31 / 32; room-at > 20 && held+empty > 0; {
			each := max(1, min(16, empty/max(1, held))) // empty pages behind a page that is held
			n := min(held, max(1, 4*held/max(1, empty+held)))
			state := results.PageLive
			if l.Pinned > l.Live {
				state = results.PagePinned
			}
			if n > 0 {
				h.Runs = h.Runs.Add(n, state)
				held, at = held-n, at+n
				last = at
			}
			if n := min(empty, each); n > 0 {
				h.Runs = h.Runs.Add(n, results.PageEmpty)
				empty, at = empty-n, at+n
				h.Empty += n * pageSize
			}
		}
		// The bytes of its pages, whatever they are of: live ones first.
		count := h.Runs.Count()
		bytes := (count[results.PageLive] + count[results.PagePinned]) * pageSize
		h.Live = take(&l.Live, bytes)
		h.Rounding = take(&l.Rounding, bytes-h.Live)
		h.Pinned = take(&l.Pinned, bytes-h.Live-h.Rounding)
		if last > 0 {
			h.BlocksEnd = h.Start + results.Address(last*pageSize)
		}
		rest := length/pageSize - at
		if ptmalloc {
			h.Size = at*pageSize + min(rest, 33)*pageSize
			h.Top = h.Start + results.Address(at*pageSize)
			h.Runs = h.Runs.Add(min(rest, 33), results.PageReturned)
			if rest -= min(rest, 33); rest > 0 {
				h.Runs = h.Runs.Add(rest, results.PageReserved)
			}
		} else if rest > 0 {
			h.Runs = h.Runs.Add(rest, results.PageReturned)
		}
		out.Heaps = append(out.Heaps, h)
	}
	out.Bound(results.MaxRuns, pageSize)
	return out
}
