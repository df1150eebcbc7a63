package proc

import (
	"bytes"
	"fmt"
	"os"
)

// CPUTime is what all processors together have done since boot: the first line
// of /proc/stat (proc(5)), in seconds, to 10 ms.
type CPUTime struct {
	Busy  float64 // user, nice, system, irq, softirq and steal
	Steal float64 // the hypervisor ran something else meanwhile; part of Busy, 0 where it does not tell
}

// CPUTime reads the processors' time.
func (fs FS) CPUTime() (CPUTime, error) {
	b, err := os.ReadFile(fs.path("proc", "stat"))
	if err != nil {
		return CPUTime{}, fmt.Errorf("proc: %w", err)
	}
	return parseCPUTime(b)
}

// parseCPUTime reads "cpu  user nice system idle iowait irq softirq steal guest guest_nice".
// Guest time is part of user.
func parseCPUTime(b []byte) (CPUTime, error) {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	rest, ok := bytes.CutPrefix(line, []byte("cpu "))
	if !ok {
		return CPUTime{}, parseError("stat", string(line))
	}
	var field [8]int64
	for i := range field {
		rest = bytes.TrimLeft(rest, " ")
		if field[i], rest, ok = nextUint(rest); !ok {
			return CPUTime{}, parseError("stat", string(line))
		}
	}
	var t CPUTime
	for i, n := range field {
		if i != 3 && i != 4 { // idle and iowait
			t.Busy += ticks(uint64(n))
		}
	}
	t.Steal = ticks(uint64(field[7]))
	return t, nil
}
