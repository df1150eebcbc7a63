package proc

import (
	"strconv"
	"strings"
)

// parseRelease reads the first two numbers of a kernel release, such as
// "6.1.0-13-amd64" or "6.16-rc1".
func parseRelease(release string) (major, minor int, ok bool) {
	first, rest, ok := strings.Cut(release, ".")
	if !ok {
		return 0, 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	major, err1 := strconv.Atoi(first)
	minor, err2 := strconv.Atoi(rest[:end])
	if err1 != nil || err2 != nil || major < 0 {
		return 0, 0, false
	}
	return major, minor, true
}

// RSSErrorBound is how far statm and VmRSS may be from the truth, in bytes,
// on a kernel of that release: 0 is exact. smaps_rollup is exact everywhere.
//
//   - From 6.16 the readers in /proc add the per-CPU parts up ("mm: fix the
//     inaccurate memory statistics issue for users", 2025-07): exact.
//   - From 6.2 to 6.15 each of three counters (file, anonymous, shared) is a
//     percpu_counter (f1a7941243c1), of which every CPU may hold back a batch
//     of max(32, 2*CPUs) pages.
//   - Until 6.1 each thread may hold back 64 pages of each counter
//     (SPLIT_RSS_COUNTING, TASK_RSS_EVENTS_THRESH in mm/memory.c).
//
// Most stable branches took the fix too, so that the bound may be too wide but
// is never too narrow. A release that cannot be read gets the wider bound.
// cores and threads below 1 count as 1.
func RSSErrorBound(release string, cores, threads int) int64 {
	const counters = 3
	c, t := int64(max(cores, 1)), int64(max(threads, 1))
	perCPU := c * max(32, 2*c) * counters * pageSize
	perThread := 64 * t * counters * pageSize
	major, minor, ok := parseRelease(release)
	switch {
	case !ok:
		return max(perCPU, perThread)
	case major > 6 || major == 6 && minor >= 16:
		return 0
	case major == 6 && minor >= 2:
		return perCPU
	default:
		return perThread
	}
}
