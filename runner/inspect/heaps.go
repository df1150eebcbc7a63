package inspect

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
)

// heaps reads ptmalloc's own structures: heap_info at each 64 MiB boundary, and
// the malloc_state that each names.
func (l *look) heaps() {
	if l.memory == nil {
		return
	}
	mappings := make([]proc.Mapping, len(l.uses))
	for i, u := range l.uses {
		mappings[i] = u.Mapping
	}
	l.infos = census.HeapInfos(census.HeapCandidates(mappings), l.memory)
	arenas := census.Arenas(l.infos, census.LibcData(mappings, l.out.Process.Exe), l.memory)
	if len(l.infos) == 0 && !slices.ContainsFunc(arenas, func(a census.Arena) bool { return a.System > 0 }) {
		return
	}
	pagemap, err := l.p.OpenPagemap()
	if err != nil {
		l.missing("which pages of the heaps are in memory (pagemap)", err, accessRemedy)
		return
	}
	defer pagemap.Close()
	out := &results.PtmallocHeaps{}
	byAddress := map[uint64]int{}
	arena := func(at uint64) *results.InspectedArena {
		i, ok := byAddress[at]
		if !ok {
			i = len(out.Arenas)
			byAddress[at] = i
			out.Arenas = append(out.Arenas, results.InspectedArena{Number: i, Address: results.Address(at)})
		}
		return &out.Arenas[i]
	}
	for _, a := range arenas {
		o := arena(a.Address)
		threads, system := int64(a.Attached), int64(a.System)
		o.Threads, o.System = &threads, &system
		if a.Top != 0 {
			top := int64(a.End - a.Top)
			o.Top = &top
		}
		if a.Main {
			l.mainHeap(o, pagemap)
		}
	}
	if len(arenas) == 0 || !arenas[0].Main {
		l.missing("ptmalloc's main arena", errors.New("it was not found in libc's data: another libc, or one changed by its distribution"), "the arenas of threads are shown; malloc_info by gdb shows all")
		for i := range out.Arenas {
			out.Arenas[i].Number++
		}
	}
	for _, info := range l.infos {
		o := arena(info.Arena)
		o.Heaps = append(o.Heaps, results.InspectedHeap{
			Start: results.Address(info.Start), Size: int64(info.Size), Writable: int64(info.Protected), RSS: l.resident(pagemap, info.Start, info.Start+census.HeapMax),
		})
	}
	for _, a := range out.Arenas {
		out.RSS += a.Resident()
	}
	l.out.Ptmalloc = out
}

// mainHeap adds [heap] to the main arena. Several mappings may be of it.
func (l *look) mainHeap(o *results.InspectedArena, pagemap *proc.Pagemap) {
	for _, u := range l.uses {
		if !u.Heap() {
			continue
		}
		if n := len(o.Heaps); n > 0 && o.Heaps[n-1].Start+results.Address(o.Heaps[n-1].Size) == results.Address(u.Start) {
			o.Heaps[n-1].Size += int64(u.Size())
			o.Heaps[n-1].Writable += int64(u.Size())
			o.Heaps[n-1].RSS += l.resident(pagemap, u.Start, u.End)
			continue
		}
		o.Heaps = append(o.Heaps, results.InspectedHeap{Start: results.Address(u.Start), Size: int64(u.Size()), Writable: int64(u.Size()), RSS: l.resident(pagemap, u.Start, u.End)})
	}
}

// resident is what private anonymous memory between two addresses has in
// memory, bytes: the kernel's own count of a mapping that lies within, pages of
// the page table of one that reaches beyond.
func (l *look) resident(pagemap *proc.Pagemap, start, end uint64) (bytes int64) {
	size := int64(os.Getpagesize())
	entries := make([]uint64, 1<<14)
	at, _ := slices.BinarySearchFunc(l.uses, start, func(u proc.MappingUse, at uint64) int { return cmp.Compare(u.End, at+1) })
	for ; at < len(l.uses) && l.uses[at].Start < end; at++ {
		u := l.uses[at]
		if !u.PrivateAnonymous() {
			continue
		}
		if start <= u.Start && u.End <= end {
			bytes += u.Rss
			continue
		}
		// Pages that a fork shares with its parent look like the zero page;
		// where there are any, every page that is present counts.
		shared := u.Shared > 0
		err := pagemap.Walk(max(u.Start, start), min(u.End, end), entries, func(_ uint64, part []uint64) error {
			for _, e := range part {
				if proc.Resident(e, true) || shared && e&(proc.PagePresent|proc.PageFile) == proc.PagePresent {
					bytes += size
				}
			}
			return nil
		})
		if err != nil {
			return bytes // it has gone meanwhile: the look says that mappings changed
		}
	}
	return bytes
}

// inArenas is how much of a mapping lies in heaps of arenas: in memory, and of
// addresses.
func (l *look) inArenas(u proc.MappingUse) (rss, size int64) {
	if l.out.Ptmalloc == nil {
		return 0, 0
	}
	pagemap, err := l.p.OpenPagemap()
	if err != nil {
		return 0, 0
	}
	defer pagemap.Close()
	for _, info := range l.infos {
		start, end := max(info.Start, u.Start), min(info.Start+census.HeapMax, u.End)
		if start < end {
			size += int64(end - start)
			rss += l.resident(pagemap, start, end)
		}
	}
	return min(rss, u.Rss), size
}
