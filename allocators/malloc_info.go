package allocators

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// mallocInfo is what glibc's malloc_info(0) writes (malloc_info(3); glibc
// 2.36, malloc/malloc.c, __malloc_info).
type mallocInfo struct {
	Heaps  []arenaInfo  `xml:"heap"` // arenas: the element's name is a misnomer
	Totals []countTotal `xml:"total"`
}

// arenaInfo is one arena.
type arenaInfo struct {
	Number   int64        `xml:"nr,attr"`
	Sizes    []chunkSizes `xml:"sizes>size"`
	Unsorted []chunkSizes `xml:"sizes>unsorted"`
	Totals   []countTotal `xml:"total"`
	System   []typedSize  `xml:"system"`
	Space    []typedSize  `xml:"aspace"`
}

// chunkSizes is one bin.
type chunkSizes struct {
	From  int64 `xml:"from,attr"`
	To    int64 `xml:"to,attr"`
	Total int64 `xml:"total,attr"`
	Count int64 `xml:"count,attr"`
}

type countTotal struct {
	Type  string `xml:"type,attr"`
	Count int64  `xml:"count,attr"`
	Size  int64  `xml:"size,attr"`
}

type typedSize struct {
	Type string `xml:"type,attr"`
	Size int64  `xml:"size,attr"`
}

func parseMallocInfo(text string) (mallocInfo, error) {
	var info mallocInfo
	if err := xml.NewDecoder(strings.NewReader(text)).Decode(&info); err != nil {
		return mallocInfo{}, fmt.Errorf("malloc_info: %w", err)
	}
	if len(info.Heaps) == 0 {
		return mallocInfo{}, fmt.Errorf("malloc_info: no arena in it")
	}
	for _, a := range info.Heaps {
		for _, bin := range a.bins() {
			if bin.From < 0 || bin.To < bin.From || bin.Count < 0 || bin.Count > most || bin.Total < bin.Count || bin.Total > most {
				return mallocInfo{}, fmt.Errorf("malloc_info: arena %d has a bin %+v", a.Number, bin)
			}
		}
	}
	return info, nil
}

func (a arenaInfo) bins() []chunkSizes { return append(a.Unsorted, a.Sizes...) }

// fast is true for a fastbin, whose sizes are computed and not read from
// chunks: 17 to 32, 33 to 48 and so on.
func (c chunkSizes) fast() bool { return c.To%8 == 0 }

// bytes is the total size of the bin's chunks. glibc adds up their size fields
// as they are, flag bits included: a chunk of 20016 bytes is listed as 20017,
// for a free chunk's predecessor is always in use and that is bit 0. A fastbin's
// total is right as it is.
func (c chunkSizes) bytes() int64 {
	if c.fast() {
		return c.Total
	}
	return c.Total - c.Count*min(c.From%8, c.To%8)
}

// free returns the arena's free bytes: its top chunk, and all others.
//
// The total of type "rest" is the top chunk's size plus all bins' totals but
// the fastbins', with the flag bits that those contain.
func (a arenaInfo) free() (top, bins int64, err error) {
	top, err = pick(a.Totals, "rest")
	if err != nil {
		return 0, 0, fmt.Errorf("arena %d: %w", a.Number, err)
	}
	for _, bin := range a.bins() {
		bins += bin.bytes()
		if !bin.fast() {
			top -= bin.Total
		}
	}
	if top < 0 || bins < 0 {
		return 0, 0, fmt.Errorf("arena %d: the bins hold more than its total", a.Number)
	}
	return top, bins, nil
}

// system is what the arena has got from the kernel.
func (a arenaInfo) system() (int64, error) {
	for _, s := range a.System {
		if s.Type == "current" && s.Size >= 0 && s.Size <= most {
			return s.Size, nil
		}
	}
	return 0, fmt.Errorf("arena %d: no current system size", a.Number)
}

// subheaps is the number of the arena's heaps of up to 64 MiB; the main arena
// has none, and glibc before 2.27 does not tell.
func (a arenaInfo) subheaps() (int64, bool) {
	for _, s := range a.Space {
		if s.Type == "subheaps" && s.Size >= 0 && s.Size <= most {
			return s.Size, true
		}
	}
	return 0, false
}

// pick returns the size of the total of that type.
func pick(totals []countTotal, kind string) (int64, error) {
	for _, t := range totals {
		if t.Type == kind && t.Size >= 0 && t.Size <= most {
			return t.Size, nil
		}
	}
	return 0, fmt.Errorf("no total of type %q", kind)
}
