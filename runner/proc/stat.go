package proc

import (
	"strconv"
	"strings"
)

// Stat is the part of /proc/PID/stat that says what a process did. Times are
// seconds, to 10 ms. A zombie still has all of it. RSS is left out: here, in
// contrast to statm, it is approximate even on Linux 6.18 (the captured process
// in testdata has 2209 pages where statm and smaps_rollup have 2232).
type Stat struct {
	Pid        int
	Comm       string // the command's name, at most 15 bytes; it may hold blanks and parentheses
	State      string // one letter, see Status.State
	PPid       int
	Minflt     int64   // minor faults: the page needed no I/O
	Majflt     int64   // major faults
	Utime      float64 // processor time in user mode, all threads
	Stime      float64 // processor time in the kernel, all threads
	NumThreads int
	Starttime  float64 // since boot; with Pid it tells processes apart
	Processor  int     // the CPU that the first thread last ran on

	// DelayacctBlkio is the time that it waited for block I/O, always 0
	// where the kernel does not account for it (boot option delayacct).
	DelayacctBlkio float64
}

// Stat reads the process's counters: about 3 us.
func (p *Process) Stat() (Stat, error) {
	b, err := p.read(&p.stat, "stat", make([]byte, 1024))
	if err != nil {
		return Stat{}, err
	}
	return parseStat(string(b))
}

// parseStat reads a line: "pid (comm) state ppid …". The name may hold
// anything, so it ends at the last parenthesis.
func parseStat(text string) (Stat, error) {
	left, right := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if left < 0 || right < left {
		return Stat{}, parseError("stat", text)
	}
	// Field n of proc(5) is f[n-3]: state is field 3. Linux 3.5 and later
	// write 52 of them; 42 is the last one read here.
	f := strings.Fields(text[right+1:])
	if len(f) < 42-2 {
		return Stat{}, parseError("stat: too few fields", text)
	}
	s := Stat{Comm: text[left+1 : right], State: f[0]}
	ok := len(f[0]) == 1
	integer := func(field int) int64 {
		n, err := strconv.ParseInt(f[field-3], 10, 64)
		ok = ok && err == nil
		return n
	}
	clock := func(field int) float64 {
		n, err := strconv.ParseUint(f[field-3], 10, 64)
		ok = ok && err == nil
		return ticks(n)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:left]))
	ok = ok && err == nil
	s.Pid = pid
	s.PPid = int(integer(4))
	s.Minflt = integer(10)
	s.Majflt = integer(12)
	s.Utime = clock(14)
	s.Stime = clock(15)
	s.NumThreads = int(integer(20))
	s.Starttime = clock(22)
	s.Processor = int(integer(39))
	s.DelayacctBlkio = clock(42)
	if !ok {
		return Stat{}, parseError("stat", text)
	}
	return s, nil
}
