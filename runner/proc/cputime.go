package proc

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// CPUTime is what processors have done since boot: the lines cpuN of
// /proc/stat (proc(5)), in seconds, to 10 ms.
type CPUTime struct {
	Busy  float64 // user, nice, system, irq, softirq and steal
	Steal float64 // the hypervisor ran something else meanwhile; part of Busy, 0 where it does not tell
}

// CPUTime reads the time of these processors together.
func (fs FS) CPUTime(cpus []int) (CPUTime, error) {
	b, err := os.ReadFile(fs.path("proc", "stat"))
	if err != nil {
		return CPUTime{}, fmt.Errorf("proc: %w", err)
	}
	return parseCPUTime(b, cpus)
}

// parseCPUTime reads "cpuN user nice system idle iowait irq softirq steal guest guest_nice".
// Guest time is part of user. A processor that is not there is an error.
func parseCPUTime(b []byte, cpus []int) (t CPUTime, err error) {
	found := 0
	for line := range bytes.Lines(b) {
		name, rest, _ := bytes.Cut(line, []byte(" "))
		digits, ok := bytes.CutPrefix(name, []byte("cpu"))
		if !ok || len(digits) == 0 {
			continue
		}
		cpu, err := strconv.Atoi(string(digits))
		if err != nil || !slices.Contains(cpus, cpu) {
			continue
		}
		found++
		var field [8]int64
		for i := range field {
			rest = bytes.TrimLeft(rest, " ")
			if field[i], rest, ok = nextUint(rest); !ok {
				return CPUTime{}, parseError("stat", string(line))
			}
			if i != 3 && i != 4 { // idle and iowait
				t.Busy += ticks(uint64(field[i]))
			}
		}
		t.Steal += ticks(uint64(field[7]))
	}
	if found != len(cpus) {
		return CPUTime{}, parseError("stat: not every processor is there", fmt.Sprint(cpus))
	}
	return t, nil
}
