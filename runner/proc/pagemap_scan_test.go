package proc

import (
	"errors"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestWalkSparse maps much and touches little: Walk must find exactly the
// touched pages, and must agree with reading every entry.
func TestWalkSparse(t *testing.T) {
	const size = 5 << 30
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(memory) }()
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE)
	base := uint64(uintptr(unsafe.Pointer(&memory[0])))
	touched := map[uint64]bool{}
	page := os.Getpagesize()
	for _, i := range []int{0, 1, 7, 600, 5000, 5001, 5600, 40000, size/page - 1} {
		memory[i*page] = 1
		touched[base+uint64(i*page)] = true
	}
	for i := 10000; i < 30000; i += 2 { // many stretches close together
		memory[i*page] = 1
		touched[base+uint64(i*page)] = true
	}
	p, err := NewFS("/").Open(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pm, err := p.OpenPagemap()
	if err != nil {
		t.Fatal(err)
	}
	defer pm.Close()
	for name, walk := range map[string]func(uint64, uint64, []uint64, func(uint64, []uint64) error) error{"Walk": pm.Walk, "walkAll": pm.walkAll} {
		entries, last := 0, uint64(0)
		seen := map[uint64]bool{}
		err := walk(base, base+size, make([]uint64, 1<<15), func(address uint64, part []uint64) error {
			for i, e := range part {
				at := address + uint64(i*page)
				if at < last {
					t.Fatalf("%s goes back from %#x to %#x", name, last, at)
				}
				last = at
				entries++
				if Resident(e, true) {
					seen[at] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for at := range touched {
			if !seen[at] {
				t.Errorf("%s misses the page at %#x", name, at)
			}
		}
		if len(seen) != len(touched) {
			t.Errorf("%s sees %d pages, %d were touched", name, len(seen), len(touched))
		}
		t.Logf("%s read %d of %d entries", name, entries, size/page)
		_, _, scanErr := pm.scan(base, base+size)
		if name == "Walk" && !errors.Is(scanErr, errNoScan) && entries > size/page/10 {
			t.Errorf("Walk read %d of %d entries: it leaves nothing out", entries, size/page)
		}
	}
}
