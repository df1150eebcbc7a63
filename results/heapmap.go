package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// HeapMaps are the heaps of one trial, mark by mark: heapmaps/N.json.
type HeapMaps struct {
	V        int       `json:"v"`
	Trial    int       `json:"trial"`
	PageSize int64     `json:"page_bytes"`
	Marks    []HeapMap `json:"marks"`
}

// HeapMap is every heap at one mark. The accounts of its heaps and of Others
// add up to those of the mark's ledger to the byte.
type HeapMap struct {
	Mark string `json:"mark"`
	// Unit is in pages: within cells of so many, aligned to their size, pages
	// stand in the order of their state instead of their address. 1 is exact.
	// Counts are exact whatever it is.
	Unit  int64  `json:"unit_pages"`
	Heaps []Heap `json:"heaps"` // in the order of addresses
	// Others are the heaps beyond MaxHeaps, the smallest ones, together.
	Others *Heap `json:"others,omitempty"`
	Count  int64 `json:"others_count,omitempty"` // how many those are
}

// Bounds of a mark's map. Beyond MaxRuns it is made coarser; see HeapMap.Unit.
const (
	MaxRuns  = 4096
	MaxHeaps = 256
)

// HeapKind says what a heap is.
type HeapKind string

// The kinds of heaps.
const (
	HeapMain   HeapKind = "main"   // [heap], which brk(2) moves
	HeapArena  HeapKind = "arena"  // one of ptmalloc's 64 MiB heaps of arenas other than the main one
	HeapMapped HeapKind = "mapped" // other private anonymous memory, adjacent mappings together
)

// Heap is one contiguous part of the address space that an allocator has.
type Heap struct {
	Kind  HeapKind `json:"kind"`
	Start Address  `json:"start"`
	End   Address  `json:"end"`

	// Arena numbers ptmalloc's arenas other than the main one from 1, in the
	// order of their addresses. Several heaps may belong to one.
	Arena int `json:"arena,omitempty"`
	// Size is what ptmalloc has of it so far, from Start on: up to the break,
	// or heap_info's size. Its end is the end of the arena's top chunk.
	Size int64 `json:"size_bytes,omitempty"`
	// Top is where ptmalloc's top chunk begins, in the one heap of an arena that
	// has it. Absent where it could not be read and checked.
	Top Address `json:"top,omitempty"`
	// BlocksEnd is the end of the highest block in use; absent where no block is.
	BlocksEnd Address `json:"blocks_end,omitempty"`

	Live     int64    `json:"live"` // accounts of the ledger
	Rounding int64    `json:"rounding"`
	Pinned   int64    `json:"pinned"`
	Empty    int64    `json:"empty"`
	Runs     PageRuns `json:"runs"`
}

// AboveBlocks is how much of ptmalloc's heap lies above the highest block in
// use: what it could give back from the heap's end. False where the heap is not
// ptmalloc's.
func (h *Heap) AboveBlocks() (int64, bool) {
	if h.Size == 0 {
		return 0, false
	}
	return int64(h.Start) + h.Size - int64(max(h.Start, h.BlocksEnd)), true
}

// Resident is how much of the heap is in memory, bytes.
func (h *Heap) Resident() int64 { return h.Live + h.Rounding + h.Pinned + h.Empty }

// Address is an address in the measured process; it is "0x…" in files.
type Address uint64

// String is the address in hexadecimal.
func (a Address) String() string { return "0x" + strconv.FormatUint(uint64(a), 16) }

// MarshalText writes it as String does.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Address) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 0, 64)
	*a = Address(n)
	return err
}

// HeapMapsPath is the path of a trial's heap maps in a run directory.
func HeapMapsPath(dir string, trial int) string {
	return filepath.Join(dir, HeapMapsDir, strconv.Itoa(trial)+".json")
}

// WriteHeapMaps writes the maps of one trial, whole or not at all, and makes
// their directory.
func WriteHeapMaps(dir string, maps *HeapMaps) error {
	if err := os.MkdirAll(filepath.Join(dir, HeapMapsDir), 0o755); err != nil {
		return err
	}
	return WriteWhole(HeapMapsPath(dir, maps.Trial), func(w io.Writer) error {
		text, err := json.Marshal(maps)
		if err == nil {
			_, err = w.Write(append(text, '\n'))
		}
		return err
	})
}

// maxHeapMaps bounds what ReadHeapMaps takes in: seven marks of ours stay below 2 MB.
const maxHeapMaps = 16 << 20

// ReadHeapMaps reads a trial's maps. A trial without is nil: it ended before
// its first mark, or was measured before there were maps.
func ReadHeapMaps(dir string, trial int) (*HeapMaps, error) {
	path := HeapMapsPath(dir, trial)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHeapMaps+1))
	if err != nil {
		return nil, err
	}
	maps, err := parseHeapMaps(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return maps, nil
}

// HeapMapsIn gives the heap maps of a run directory's trials, nil for one whose
// file is missing or cannot be read. Each is read when it is asked for.
func HeapMapsIn(dir string) func(trial int) *HeapMaps {
	return func(trial int) *HeapMaps {
		maps, err := ReadHeapMaps(dir, trial)
		if err != nil {
			return nil
		}
		return maps
	}
}

func parseHeapMaps(text []byte) (*HeapMaps, error) {
	if len(text) > maxHeapMaps {
		return nil, fmt.Errorf("longer than %d bytes", maxHeapMaps)
	}
	var maps HeapMaps
	if err := json.Unmarshal(text, &maps); err != nil {
		return nil, err
	}
	if maps.V > Version {
		return nil, fmt.Errorf("version %d: %w", maps.V, ErrNewer)
	}
	if maps.PageSize < 512 || maps.PageSize > 1<<30 || maps.PageSize&(maps.PageSize-1) != 0 {
		return nil, fmt.Errorf("page_bytes is %d", maps.PageSize)
	}
	for i := range maps.Marks {
		if err := maps.Marks[i].validate(maps.PageSize); err != nil {
			return nil, fmt.Errorf("mark %s: %w", Plain(maps.Marks[i].Mark), err)
		}
	}
	return &maps, nil
}

// Mark returns the map of that mark, or nil.
func (m *HeapMaps) Mark(name string) *HeapMap {
	if m == nil {
		return nil
	}
	for i := range m.Marks {
		if m.Marks[i].Mark == name {
			return &m.Marks[i]
		}
	}
	return nil
}

// Ledger is the sum of all heaps' accounts; lab and other are no heap's.
func (m *HeapMap) Ledger() Ledger {
	var l Ledger
	add := func(h *Heap) {
		l.Live += h.Live
		l.Rounding += h.Rounding
		l.Pinned += h.Pinned
		l.Empty += h.Empty
	}
	for i := range m.Heaps {
		add(&m.Heaps[i])
	}
	if m.Others != nil {
		add(m.Others)
	}
	return l
}

// validate holds that runs, addresses and accounts say the same.
func (m *HeapMap) validate(pageSize int64) error {
	if m.Unit < 1 || m.Unit > 1<<40 || m.Unit&(m.Unit-1) != 0 {
		return fmt.Errorf("unit_pages is %d", m.Unit)
	}
	end := Address(0)
	for i := range m.Heaps {
		h := &m.Heaps[i]
		if h.Start < end || h.End <= h.Start || h.End > 1<<63 || uint64(h.Start)%uint64(pageSize) != 0 || uint64(h.End)%uint64(pageSize) != 0 {
			return fmt.Errorf("heap %s-%s is in no order", h.Start, h.End)
		}
		end = h.End
		pages := h.Runs.Count()
		total := int64(0)
		for _, n := range pages {
			total += n
		}
		if total != int64(h.End-h.Start)/pageSize {
			return fmt.Errorf("heap %s has %d pages in its runs, %d by its addresses", h.Start, total, int64(h.End-h.Start)/pageSize)
		}
		held := h.Live + h.Rounding + h.Pinned
		if h.Live < 0 || h.Rounding < 0 || h.Pinned < 0 || held != (pages[PageLive]+pages[PagePinned])*pageSize || h.Empty != pages[PageEmpty]*pageSize {
			return fmt.Errorf("heap %s: its accounts are not the bytes of its pages", h.Start)
		}
		for _, a := range []Address{h.Top, h.BlocksEnd} {
			if a != 0 && (a < h.Start || a > h.End) {
				return fmt.Errorf("heap %s: %s lies outside", h.Start, a)
			}
		}
		if h.Size < 0 || h.Size > int64(h.End-h.Start) {
			return fmt.Errorf("heap %s: size_bytes is %d", h.Start, h.Size)
		}
	}
	return nil
}
