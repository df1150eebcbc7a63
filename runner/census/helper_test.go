package census

import (
	"unsafe"

	"alloclab/runner/proc"
)

func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }

// What a page table says of one page.
const (
	present = proc.PagePresent | proc.PageExclusive // the process's own
	zero    = proc.PagePresent                      // the zero page: mapped, but no memory of the process
	file    = proc.PagePresent | proc.PageFile
)

// table is a page table made by hand: entries by page number, all others are absent.
type table struct {
	size    uint64 // of a page
	entries map[uint64]uint64
}

func newTable(size int) *table { return &table{uint64(size), map[uint64]uint64{}} }

// set gives the pages from start to end one entry.
func (t *table) set(start, end, entry uint64) {
	for at := start; at < end; at += t.size {
		t.entries[at/t.size] = entry
	}
}

// Walk hands on at most seven pages at a time, to cross every boundary.
func (t *table) Walk(start, end uint64, buffer []uint64, visit func(uint64, []uint64) error) error {
	for start < end {
		n := min((end-start)/t.size, 7, uint64(len(buffer)))
		for i := range n {
			buffer[i] = t.entries[start/t.size+i]
		}
		if err := visit(start, buffer[:n]); err != nil {
			return err
		}
		start += n * t.size
	}
	return nil
}
