package runner

import (
	"context"
	"testing"

	"alloclab/configs"
	"alloclab/results"
	"alloclab/runner/proc"
)

// addUp checks what holds of every trial: at each mark the heaps of the map add
// up to the ledger, account by account and to the byte, and the pages of their
// runs to the accounts.
func addUp(t testing.TB, maps results.HeapMaps, r results.Trial) {
	t.Helper()
	if len(maps.Marks) != len(r.Marks) {
		t.Errorf("%d heap maps of %d marks", len(maps.Marks), len(r.Marks))
		return
	}
	for i, m := range r.Marks {
		heaps := &maps.Marks[i]
		if m.Ledger == nil || heaps.Mark != m.Name {
			t.Errorf("the map of %s is called %s, ledger %v", m.Name, heaps.Mark, m.Ledger)
			continue
		}
		want := *m.Ledger
		want.Lab, want.Other = 0, 0
		if got := heaps.Ledger(); got != want {
			t.Errorf("%s: heaps add up to %+v, the ledger is %+v", m.Name, got, want)
		}
		var pages [results.PageStates]int64
		all := heaps.Heaps
		if heaps.Others != nil {
			all = append(all[:len(all):len(all)], *heaps.Others)
		}
		for _, h := range all {
			for state, n := range h.Runs.Count() {
				pages[state] += n * page
			}
		}
		if held := want.Live + want.Rounding + want.Pinned; pages[results.PageLive]+pages[results.PagePinned] != held || pages[results.PageEmpty] != want.Empty {
			t.Errorf("%s: %d bytes of pages with a block and %d without; the ledger is %+v", m.Name, pages[results.PageLive]+pages[results.PagePinned], pages[results.PageEmpty], want)
		}
	}
}

// TestHeapsOfThreads4k: two threads' arenas, each with its heap of 64 MiB, the
// blocks in it, and top above them.
func TestHeapsOfThreads4k(t *testing.T) {
	s := tiny("ptmalloc")
	var maps results.HeapMaps
	s.heaps = func(m results.HeapMaps) { maps = m }
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	main, arenas := 0, 0
	for _, h := range maps.Mark(results.MarkHold).Heaps {
		above, known := h.AboveBlocks()
		switch h.Kind {
		case results.HeapMain:
			main++
			if h.Size != int64(h.End-h.Start) || h.Top+8 < h.BlocksEnd || h.Top == 0 {
				t.Errorf("%+v", h)
			}
		case results.HeapArena:
			arenas++
			if h.Arena != arenas || h.End-h.Start != 64<<20 || h.Live != 100*page || h.Size < 400<<10 || h.Size > 420<<10 || h.Start%(64<<20) != 0 {
				t.Errorf("%+v", h)
			}
			// The last block ends where top begins: its usable bytes reach 8 into top's header.
			if h.Top+8 != h.BlocksEnd || !known || above != int64(h.Start)+h.Size-int64(h.BlocksEnd) {
				t.Errorf("top at %s, blocks up to %s, %d above", h.Top, h.BlocksEnd, above)
			}
			if n := h.Runs.Count(); n[results.PageReserved] != (64<<20-h.Size)/page {
				t.Errorf("%d pages are reserved, the heap has %d of 64 MiB", n[results.PageReserved], h.Size)
			}
		default:
			if known || h.Top != 0 {
				t.Errorf("%+v", h)
			}
		}
	}
	if main != 1 || arenas != 2 {
		t.Errorf("%d main heaps and %d of arenas", main, arenas)
	}
}

// TestHeapsOfJemalloc: what is said of ptmalloc's heaps is said of no other's.
func TestHeapsOfJemalloc(t *testing.T) {
	s := tiny("jemalloc")
	var maps results.HeapMaps
	s.heaps = func(m results.HeapMaps) { maps = m }
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	for _, h := range maps.Mark(results.MarkHold).Heaps {
		if h.Kind == results.HeapArena || h.Top != 0 || h.Size != 0 {
			t.Errorf("jemalloc has a heap of ptmalloc's: %+v", h)
		}
	}
}

// TestManyArenas compares with what glibc says of itself: heaps, arenas, their bytes and
// the main arena's top are the same, read from outside.
func TestManyArenas(t *testing.T) {
	s := setup{Variant: configs.Variant{Allocator: "ptmalloc", Knobs: map[string]any{"arena_max": int64(16)}}, workload: "threads4k",
		params: map[string]any{"threads": int64(8), "blocks": int64(40000), "operations": int64(40000), "idle": 0.05}}
	var maps results.HeapMaps
	s.heaps = func(m results.HeapMaps) { maps = m }
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	for _, name := range []string{results.MarkHold, results.MarkIdle, results.MarkPurged} {
		system, heaps, mainTop, tops, arenas := int64(0), int64(0), int64(0), 0, map[int]bool{}
		for _, h := range maps.Mark(name).Heaps {
			system += h.Size
			arenas[h.Arena] = true
			switch h.Kind {
			case results.HeapArena:
				heaps++
			case results.HeapMain:
				mainTop = int64(h.End - h.Top)
			}
			if h.Top != 0 {
				tops++
			}
		}
		stats := r.Mark(name).AllocatorStats
		if int64(len(arenas)) != *stats.Arenas || heaps != *stats.Heaps || tops != len(arenas) {
			t.Errorf("%s: %d arenas, %d heaps, %d tops; malloc_info says %d and %d", name, len(arenas), heaps, tops, *stats.Arenas, *stats.Heaps)
		}
		if said := stats.Raw["mallinfo2.arena"]; int64(said) != system {
			t.Errorf("%s: heaps have %d bytes, mallinfo2 says %.0f", name, system, said)
		}
		if said := stats.Raw["mallinfo2.keepcost"]; int64(said) != mainTop {
			t.Errorf("%s: the main arena's top has %d bytes, mallinfo2 says %.0f", name, mainTop, said)
		}
	}
}

// TestHeapsAgainstSmaps: what each heap has in memory is what the kernel counts
// of its mappings, by another route than page tables read by the lab.
func TestHeapsAgainstSmaps(t *testing.T) {
	for _, allocator := range linked {
		t.Run(allocator, func(t *testing.T) {
			s := setup{Variant: configs.Variant{Allocator: allocator}, workload: "iobuf", params: map[string]any{"threads": int64(3), "backlog": int64(24 << 20), "bursts": int64(1), "idle": 0.05}}
			var maps results.HeapMaps
			s.heaps = func(m results.HeapMaps) { maps = m }
			seen := map[string][]proc.MappingUse{}
			s.stopped = func(pid int, mark string) {
				p, err := proc.NewFS("/").Open(pid)
				if err != nil {
					t.Error(err)
					return
				}
				defer p.Close()
				if seen[mark], err = p.Smaps(); err != nil {
					t.Error(err)
				}
			}
			r := measure(context.Background(), t, s)
			wantOK(t, r)
			compared := int64(0)
			for _, m := range maps.Marks {
				for _, h := range m.Heaps {
					kernel, whole := int64(0), true
					for _, u := range seen[m.Mark] {
						if u.End <= uint64(h.Start) || u.Start >= uint64(h.End) {
							continue
						}
						kernel += u.Rss
						whole = whole && u.Start >= uint64(h.Start) && u.End <= uint64(h.End)
					}
					if !whole {
						continue // a mapping that a heap shares with what is none
					}
					if kernel != h.Resident() {
						t.Errorf("%s, heap %s-%s: %d in memory, smaps says %d", m.Mark, h.Start, h.End, h.Resident(), kernel)
					}
					compared += kernel
				}
			}
			if compared < 50<<20 {
				t.Errorf("only %d bytes could be compared", compared)
			}
		})
	}
}
