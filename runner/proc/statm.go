package proc

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// pageSize is that of the running kernel, which no file of /proc gives.
var pageSize = int64(os.Getpagesize())

// Statm is /proc/PID/statm, in bytes. lib and dt are left out: they have been
// 0 since Linux 2.6.
type Statm struct {
	Size     int64 // all mappings: VmSize
	Resident int64 // RSS: RssAnon + RssFile + RssShmem
	Shared   int64 // RssFile + RssShmem
	Text     int64 // the program's code, mapped
	Data     int64 // data and stack, mapped
}

// Statm reads the sizes of the process: one system call, no allocation, less
// than 1 us. See RSSErrorBound for how exact it is.
//
// A zombie writes zeros, and so does a kernel thread and a process whose first
// thread has called pthread_exit: that is ErrExited, not a size of 0.
func (p *Process) Statm() (Statm, error) {
	var buf [128]byte
	if p.statm.err != nil {
		return Statm{}, p.statm.err
	}
	n, err := unix.Pread(p.statm.fd, buf[:], 0)
	if err != nil || n <= 0 || buf[n-1] != '\n' {
		return p.statmSlow()
	}
	s, ok := parseStatm(buf[:n], pageSize)
	if !ok {
		return Statm{}, parseError("statm", string(buf[:n]))
	}
	if s.Size == 0 {
		return Statm{}, noMemory(p.pid, "statm")
	}
	return s, nil
}

// statmSlow reads again what was interrupted or short, or finds the error.
func (p *Process) statmSlow() (Statm, error) {
	b, err := p.readRest(p.statm.fd, "statm")
	if err != nil {
		return Statm{}, err
	}
	s, ok := parseStatm(b, pageSize)
	if !ok {
		return Statm{}, parseError("statm", string(b))
	}
	if s.Size == 0 {
		return Statm{}, noMemory(p.pid, "statm")
	}
	return s, nil
}

// noMemory is the error of a process without an address space.
func noMemory(pid int, file string) error {
	return fmt.Errorf("%w: pid %d: %s: no address space", ErrExited, pid, file)
}

// parseStatm reads the seven numbers of a line, in pages.
func parseStatm(b []byte, page int64) (Statm, bool) {
	var v [7]int64
	for i := range v {
		n, rest, ok := nextUint(b)
		if !ok || n > math.MaxInt64/page {
			return Statm{}, false
		}
		v[i], b = n*page, rest
	}
	if len(b) != 0 {
		return Statm{}, false
	}
	return Statm{Size: v[0], Resident: v[1], Shared: v[2], Text: v[3], Data: v[5]}, true
}
