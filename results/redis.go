package results

// RedisRatios are the ratios of Redis' INFO memory at one mark, by Redis' own
// definitions (src/object.c getMemoryOverheadData, src/zmalloc.c, src/server.c), of any
// program whose allocator gives the figures. Redis itself gives them of jemalloc only: for other
// allocators it sets resident to RSS, active to resident and allocated to its own count, which
// makes ratios that mean nothing. Here such a ratio is not known.
type RedisRatios struct {
	// Fragmentation is mem_fragmentation_ratio: RSS over bytes in use. Redis counts these itself
	// (used_memory); here they are what the allocator says is handed out.
	Fragmentation Ratio
	// Frag is allocator_frag_ratio up to Redis 7.2: active over allocated.
	Frag Ratio
	// SmallFrag is allocator_frag_ratio from Redis 7.4 on: 1 and what slabs of small blocks hold
	// free over allocated. Pages of large blocks, and what a slab is larger than its blocks, are in it no more.
	SmallFrag Ratio
	// Retained is allocator_rss_ratio: resident over active, pages that the allocator could purge.
	Retained Ratio
	// Overhead is rss_overhead_ratio: RSS over resident, what is not the allocator's.
	Overhead Ratio
}

// RedisNames are the ratios by Redis' names, in the order of All.
var RedisNames = []string{"mem_fragmentation_ratio", "allocator_frag_ratio ≤ 7.2", "allocator_frag_ratio ≥ 7.4", "allocator_rss_ratio", "rss_overhead_ratio"}

// All are the ratios in the order of their definition.
func (r RedisRatios) All() []Ratio {
	return []Ratio{r.Fragmentation, r.Frag, r.SmallFrag, r.Retained, r.Overhead}
}

// RedisRatios computes them. RSS is without the lab's own memory. Where there were several
// processes, RSS is of all and the allocator's figures are of the first: then no ratio of the two is known.
func (m *Mark) RedisRatios() RedisRatios {
	var r RedisRatios
	s := m.AllocatorStats
	if s == nil {
		return r
	}
	over := func(above, below *int64) Ratio {
		if above == nil || below == nil || *below <= 0 {
			return Ratio{}
		}
		return Ratio{float64(*above) / float64(*below), true}
	}
	allocated := s.WithCaches // as Redis reads it: with what thread caches hold
	if allocated == nil {
		allocated = s.Allocated
	}
	r.Frag, r.Retained = over(s.Active, allocated), over(s.Resident, s.Active)
	if r.SmallFrag = over(s.SmallFree, allocated); r.SmallFrag.Known {
		r.SmallFrag.Value++
	}
	if rss, ok := m.Memory(); ok && len(m.Processes) < 2 {
		r.Fragmentation, r.Overhead = over(&rss, s.Allocated), over(&rss, s.Resident)
	}
	return r
}
