package proc

import (
	"math"
	"strconv"
	"strings"
)

// userHZ is the unit of the clock ticks that /proc writes: 1/100 s on every
// architecture Linux runs on but alpha (include/asm-generic/param.h).
const userHZ = 100

// ticks turns clock ticks into seconds.
func ticks(n uint64) float64 { return float64(n) / userHZ }

// nextUint takes a decimal number off the front of b, and one blank behind
// it. It allocates nothing; ok is false without a digit and beyond int64.
func nextUint(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		d := int64(b[i] - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, b, false
		}
		n = n*10 + d
	}
	if i == 0 {
		return 0, b, false
	}
	if i < len(b) {
		if b[i] != ' ' && b[i] != '\n' {
			return 0, b, false
		}
		i++
	}
	return n, b[i:], true
}

// parseKB reads "    1692 kB" as bytes. The kernel's kB is 1024 bytes.
func parseKB(s string) (int64, bool) {
	s, ok := strings.CutSuffix(strings.TrimSpace(s), " kB")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/1024 {
		return 0, false
	}
	return n * 1024, true
}
