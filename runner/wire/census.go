package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unsafe"
)

// SizeClass is live blocks of one class of sizes, in pass census.
type SizeClass struct {
	From   int64 // smallest usable size of the class, bytes
	Blocks int64
	Bytes  int64 // usable
}

// Sizes are the live blocks by size, classes without any left out. The process
// must be stopped. Nothing is mapped: the file is read.
func (m *Memory) Sizes() ([]SizeClass, error) {
	const one = int(unsafe.Sizeof(size{}))
	b := make([]byte, CensusStripes*CensusClasses*one)
	if err := m.read(b, CensusSizes); err != nil {
		return nil, fmt.Errorf("live blocks by size: %w", err)
	}
	var all []SizeClass
	for class := range CensusClasses {
		c := SizeClass{From: int64(8+class%8) << (class / 8)}
		for stripe := range CensusStripes {
			at := b[(stripe*CensusClasses+class)*one:]
			c.Blocks += int64(binary.NativeEndian.Uint64(at))
			c.Bytes += int64(binary.NativeEndian.Uint64(at[8:]))
		}
		if c.Blocks != 0 || c.Bytes != 0 {
			all = append(all, c)
		}
	}
	return all, nil
}

// LiveBytes fills counts with the usable bytes of live blocks on each page
// from the first on. Pages beyond user space hold none.
func (m *Memory) LiveBytes(first uint64, counts []uint16) error {
	clear(counts)
	pages := uint64(1) << (CensusAddressBits - 12)
	if first >= pages {
		return nil
	}
	counts = counts[:min(uint64(len(counts)), pages-first)]
	if len(counts) == 0 {
		return nil
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(&counts[0])), len(counts)*2)
	if err := m.read(b, CensusPages+int64(first)*2); err != nil {
		return fmt.Errorf("live bytes of pages from %#x on: %w", first<<12, err)
	}
	return nil
}

func (m *Memory) read(b []byte, offset int64) error {
	_, err := m.file.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		return errors.New("the agent keeps no counts: libagent.so and alloclab are of different builds")
	}
	return err
}
