package allocators

import (
	"fmt"
	"strconv"
	"strings"

	"alloclab/results"
)

// Claims reads the probe's statistics text: what the allocator says of itself
// in the lab's words, and how many bytes it claims to keep free, by reason.
func Claims(d Dialect, raw string) (Claimed, error) {
	var claimed Claimed
	var err error
	switch d {
	case DialectPtmalloc:
		claimed, err = ptmallocClaims(raw)
	case DialectJemalloc:
		claimed, err = jemallocClaims(raw)
	case DialectTcmalloc:
		claimed, err = tcmallocClaims(raw)
	case DialectMimalloc:
		claimed, err = mimallocClaims(raw)
	case DialectTruth:
		claimed, err = truthClaims(raw)
	case DialectUnknown:
		claimed.Bytes = map[string]int64{}
	default:
		err = fmt.Errorf("there is no such dialect")
	}
	if err != nil {
		return Claimed{}, fmt.Errorf("statistics of dialect %s: %w", d, err)
	}
	return claimed, nil
}

// Polled reads the few statistics that the probe gives while the program runs.
func Polled(d Dialect, raw string) (said results.AllocatorStats, err error) {
	f, err := parseFigures(raw)
	if err != nil {
		return said, fmt.Errorf("statistics of dialect %s: %w", d, err)
	}
	switch d {
	case DialectJemalloc:
		err = jemallocTold(f, &said)
	case DialectTcmalloc:
		err = tcmallocTold(f, &said)
	default:
		err = fmt.Errorf("it tells nothing while threads run")
	}
	if err != nil {
		return results.AllocatorStats{}, fmt.Errorf("statistics of dialect %s: %w", d, err)
	}
	return said, nil
}

// figures are "name value" lines.
type figures map[string]int64

// most is the largest figure believed, 8 PiB: a float64 holds it exactly, and
// a thousand of them add up within int64.
const most = 1 << 53

func parseFigures(text string) (figures, error) {
	f := figures{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		name, value, ok := strings.Cut(line, " ")
		n, err := strconv.ParseInt(value, 10, 64)
		if !ok || name == "" || err != nil || n < -most || n > most {
			return nil, fmt.Errorf("line %d: %.80q is not a name and a figure", number, line)
		}
		if _, twice := f[name]; twice {
			return nil, fmt.Errorf("line %d: %s for the second time", number, name)
		}
		f[name] = n
	}
	return f, nil
}

// need returns figures, none negative, without which the claims would be guesses.
func (f figures) need(names ...string) ([]int64, error) {
	values := make([]int64, len(names))
	for i, name := range names {
		n, ok := f[name]
		if !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
		if n < 0 {
			return nil, inconsistent(name, n)
		}
		values[i] = n
	}
	return values, nil
}

// raw returns the figures whose name keep accepts, as the results store them.
func (f figures) raw(keep func(name string) bool) map[string]float64 {
	raw := make(map[string]float64, len(f))
	for name, n := range f {
		if keep(name) {
			raw[name] = float64(n)
		}
	}
	return raw
}

func everything(string) bool { return true }

// inconsistent says that figures of one reading contradict each other.
func inconsistent(what string, n int64) error {
	return fmt.Errorf("%s comes out as %d", what, n)
}

// product multiplies figures that are not negative.
func product(a, b int64) (int64, error) {
	if b != 0 && a > most/b {
		return 0, fmt.Errorf("%d times %d is beyond belief", a, b)
	}
	return a * b, nil
}
