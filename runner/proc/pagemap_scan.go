package proc

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PAGEMAP_SCAN (Linux 6.7, include/uapi/linux/fs.h, PAGEMAP_SCAN(2const))
// lists stretches of pages in a state. It skips what has no page tables, so
// that a reservation of a terabyte costs nothing; pagemap has an entry for
// each of its pages.
const (
	pagemapScan   = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4
	scanAtOnce    = 512 // stretches a call
)

// scanArgument is struct pm_scan_arg.
type scanArgument struct {
	size, flags               uint64
	start, end, walkEnd       uint64
	vec, vecLen, maxPages     uint64
	inverted, mask, anyOf, of uint64
}

// stretch is struct page_region.
type stretch struct{ start, end, _ uint64 }

// errNoScan is a kernel without PAGEMAP_SCAN.
var errNoScan = errors.New("proc: pagemap: no PAGEMAP_SCAN")

// scan lists stretches of present or swapped pages from start on into pm.found, as many as
// it has room for, and says how far it came.
func (pm *Pagemap) scan(start, end uint64) (n int, walked uint64, err error) {
	if pm.found == nil {
		pm.found = new([scanAtOnce]stretch) // on the heap, where nothing moves: the kernel gets its address as a number
	}
	argument := scanArgument{
		size: uint64(unsafe.Sizeof(scanArgument{})), start: start, end: end,
		vec: uint64(uintptr(unsafe.Pointer(pm.found))), vecLen: scanAtOnce, anyOf: pageIsPresent | pageIsSwapped, of: pageIsPresent | pageIsSwapped,
	}
	for {
		r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(pm.fd), pagemapScan, uintptr(unsafe.Pointer(&argument)))
		switch errno {
		case 0:
			return int(r), argument.walkEnd, nil
		case unix.EINTR:
			continue
		case unix.ENOTTY, unix.EINVAL:
			return 0, 0, errNoScan
		default:
			return 0, 0, readError("pagemap", pm.pid, errno)
		}
	}
}

// eachPopulated calls visit with stretches that together hold all present and swapped
// pages from start to end. Stretches that lie close to each other are taken as
// one: reading the entries between them is cheaper than another call.
func (pm *Pagemap) eachPopulated(start, end uint64, visit func(start, end uint64) error) error {
	const near = 512         // pages
	from, to := start, start // not yet visited
	for at := start; at < end; {
		n, walked, err := pm.scan(at, end)
		if err != nil {
			return err
		}
		for _, s := range pm.found[:n] {
			if to > from && s.start-to > near*uint64(pageSize) {
				if err := visit(from, to); err != nil {
					return err
				}
				from = s.start
			} else if to == from {
				from = s.start
			}
			to = s.end
		}
		if walked <= at {
			break
		}
		at = walked
	}
	if to > from {
		return visit(from, to)
	}
	return nil
}
