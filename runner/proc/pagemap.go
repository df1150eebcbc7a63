package proc

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bits of an entry of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst).
// They need no privilege; only the frame number, bits 0 to 54, does.
const (
	PageSoftDirty uint64 = 1 << 55 // written since clear_refs, where the kernel tracks it
	PageExclusive uint64 = 1 << 56 // mapped by this process alone (4.2)
	PageFile      uint64 = 1 << 61 // of a file, or shared anonymous memory (3.5)
	PageSwapped   uint64 = 1 << 62 // in swap, or being moved
	PagePresent   uint64 = 1 << 63
)

// userEnd is beyond every user address on 64-bit machines. The kernel reads
// nothing both there and where the address space is gone.
const userEnd = 1 << 63

// Pagemap is the process's pagemap, open: one 64-bit entry for each page. It
// is tied to the address space that the process had at OpenPagemap.
type Pagemap struct {
	fd    int
	pid   int
	found *[scanAtOnce]stretch
}

// OpenPagemap opens the pagemap for many reads. It needs the right to
// ptrace(2). The caller closes it.
func (p *Process) OpenPagemap() (*Pagemap, error) {
	fd, err := openAt(p.dir, "pagemap", unix.O_RDONLY)
	if err != nil {
		return nil, p.openError("pagemap", err)
	}
	return &Pagemap{fd: fd, pid: p.pid}, nil
}

// Close releases the descriptor.
func (pm *Pagemap) Close() error {
	fd := pm.fd
	pm.fd = -1
	return unix.Close(fd)
}

// Read fills entries with those of the pages from start to end, as many as
// there is room for, and returns how many: call again with start moved on. It
// gives 0 and io.EOF at the end of the user's address space, which is before
// [vsyscall], and ErrExited when the address space is gone.
func (pm *Pagemap) Read(start, end uint64, entries []uint64) (int, error) {
	page := uint64(pageSize)
	if start%page != 0 || end%page != 0 || start > end {
		return 0, fmt.Errorf("proc: pagemap: range %#x-%#x is not of pages", start, end)
	}
	entries = entries[:min(uint64(len(entries)), (end-start)/page)]
	if len(entries) == 0 {
		return 0, nil
	}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), len(entries)*8)
	n, err := pread(pm.fd, raw, int64(start/page*8))
	switch {
	case err != nil:
		return 0, readError("pagemap", pm.pid, err)
	case n%8 != 0:
		return 0, fmt.Errorf("%w: pagemap: %d bytes at %#x", ErrParse, n, start)
	case n == 0 && start < userEnd:
		return 0, noMemory(pm.pid, "pagemap")
	case n == 0:
		return 0, io.EOF
	}
	return n / 8, nil
}

// sparse is how long a range must be for Walk to look for its populated parts
// first. Shorter ones are usually dense, and are read faster than looked at:
// 4 GiB have 8 MiB of entries.
const sparse = 4 << 30

// Walk calls visit for the pages from start to end, a buffer at a time: entries[i]
// is of the page at addr + i*page size. It reads into buf, which must not be empty.
// In a long range it leaves out stretches without a present or swapped page, where the
// kernel can tell them.
func (pm *Pagemap) Walk(start, end uint64, buf []uint64, visit func(addr uint64, entries []uint64) error) error {
	if len(buf) == 0 {
		return errors.New("proc: pagemap: no buffer")
	}
	if end-start < sparse {
		return pm.walkAll(start, end, buf, visit)
	}
	err := pm.eachPopulated(start, end, func(start, end uint64) error { return pm.walkAll(start, end, buf, visit) })
	if err == errNoScan {
		return pm.walkAll(start, end, buf, visit)
	}
	return err
}

// walkAll is Walk without leaving anything out.
func (pm *Pagemap) walkAll(start, end uint64, buf []uint64, visit func(addr uint64, entries []uint64) error) error {
	for start < end {
		n, err := pm.Read(start, end, buf)
		if err != nil {
			return err
		}
		if err := visit(start, buf[:n]); err != nil {
			return err
		}
		start += uint64(n) * uint64(pageSize)
	}
	return nil
}

// Pagemap opens the pagemap, fills entries with one for each page from start
// to end, and closes it. Every page must fit; see OpenPagemap for many ranges.
func (p *Process) Pagemap(start, end uint64, entries []uint64) error {
	if need := (end - start) / uint64(pageSize); end < start || uint64(len(entries)) < need {
		return fmt.Errorf("proc: pagemap: %d entries for %#x-%#x", len(entries), start, end)
	}
	pm, err := p.OpenPagemap()
	if err != nil {
		return err
	}
	defer func() { _ = pm.Close() }()
	for start < end {
		n, err := pm.Read(start, end, entries)
		if err != nil {
			return err
		}
		entries = entries[n:]
		start += uint64(n) * uint64(pageSize)
	}
	return nil
}

// Resident reports whether the page counts in RSS, so that the pages of all
// mappings but [vsyscall] add up to Rss of smaps_rollup exactly (found on
// Linux 6.18 on a stopped process; a test repeats it).
//
// Not every present page is resident. A read of untouched private anonymous
// memory maps the zero page, or with transparent huge pages its huge sister:
// present, but no memory of the process. Neither carries PageExclusive, which
// the process's own memory does; the huge one even carries PageFile. So on
// private anonymous mappings (see Mapping.PrivateAnonymous: the stack is one,
// and private /dev/zero) a present page counts only with PageExclusive and
// without PageFile. Everywhere else each present page counts.
//
// No mapping needs to be left out by name: [vdso] holds two pages that carry
// PageFile and that RSS counts too, pagemap skips [vvar] and [vvar_vclock] as
// it does every VM_PFNMAP mapping, and [vsyscall] lies outside it. Pages freed
// with MADV_FREE are resident in both counts until the kernel takes them.
//
// Two things break the sum. After fork(2), the private anonymous pages that
// parent and child still share look like the zero page, so that Rss exceeds
// the sum by them. Pages of hugetlbfs are present here, but smaps counts them
// apart from Rss (Private_Hugetlb, Shared_Hugetlb).
func Resident(entry uint64, privateAnonymous bool) bool {
	if entry&PagePresent == 0 {
		return false
	}
	return !privateAnonymous || entry&(PageExclusive|PageFile) == PageExclusive
}
