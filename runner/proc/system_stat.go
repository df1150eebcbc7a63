package proc

import (
	"strconv"
	"strings"
)

// Steal is the time, in seconds summed over all CPUs since boot, in which the
// hypervisor ran something else while this machine wanted to run. It grows in
// steps of 10 ms, and is 0 where the hypervisor does not tell.
func (fs FS) Steal() (float64, error) {
	s, err := fs.systemStat()
	return s.steal, err
}

// ContextSwitches counts those of all CPUs since boot.
func (fs FS) ContextSwitches() (int64, error) {
	s, err := fs.systemStat()
	return s.ctxt, err
}

// systemStat is what is used of /proc/stat.
type systemStat struct {
	steal float64 // seconds
	ctxt  int64
}

func (fs FS) systemStat() (systemStat, error) {
	text, err := fs.readText(limitArgs, "proc", "stat") // a line for each CPU, one number for each interrupt
	if err != nil {
		return systemStat{}, err
	}
	return parseSystemStat(text)
}

// parseSystemStat reads the line "cpu user nice system idle iowait irq softirq
// steal …", which sums all CPUs, and the line "ctxt n".
func parseSystemStat(text string) (s systemStat, err error) {
	var cpu, ctxt bool
	for line := range strings.SplitSeq(text, "\n") {
		key, rest, _ := strings.Cut(line, " ")
		switch key {
		case "cpu":
			f := strings.Fields(rest)
			if len(f) < 8 {
				return systemStat{}, parseError("stat", line)
			}
			n, err := strconv.ParseUint(f[7], 10, 64)
			if err != nil {
				return systemStat{}, parseError("stat", line)
			}
			s.steal, cpu = ticks(n), true
		case "ctxt":
			if s.ctxt, err = strconv.ParseInt(rest, 10, 64); err != nil || s.ctxt < 0 {
				return systemStat{}, parseError("stat", line)
			}
			ctxt = true
		}
	}
	if !cpu || !ctxt {
		return systemStat{}, parseError("stat: no line cpu or ctxt", text)
	}
	return s, nil
}
