package proc

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Unknown is what CPU frequency figures say where the host does not tell, as
// in most virtual machines. It is never to be read as "fine".
const Unknown = "unknown"

// maxCPU bounds CPU numbers: the kernel's NR_CPUS is at most 8192.
const maxCPU = 1 << 16

// CPU is what the host says of its processors.
type CPU struct {
	Model        string `json:"model"`         // "" is unknown
	Microcode    string `json:"microcode"`     // "" is unknown
	Flags        string `json:"flags"`         // features, in the kernel's order; "" is unknown
	Online       string `json:"online"`        // list such as "0-3,8"; "" is unknown
	Cores        int    `json:"cores"`         // how many are online; 0 is unknown
	Affinity     string `json:"affinity"`      // the list on which this process may run; "" is unknown
	AffinityCPUs int    `json:"affinity_cpus"` // how many those are; 0 is unknown
	SMT          string `json:"smt"`           // "on", "off", "notsupported", …: smt/control
	Governor     string `json:"governor"`      // of all CPUs, several joined by commas
	Turbo        string `json:"turbo"`         // "on" or "off"
	Hypervisor   *bool  `json:"hypervisor"`    // whether the CPU says that it is virtual; null is unknown
}

// cpu reads what there is. Absent figures are "", 0, nil or Unknown.
func (fs FS) cpu() CPU {
	c := CPU{SMT: Unknown, Turbo: Unknown, Governor: Unknown}
	if text, err := fs.readText(limitArgs, "proc", "cpuinfo"); err == nil {
		info := parseCPUInfo(text)
		c.Model = cmpFirst(info["model name"], info["Model"], info["cpu"])
		c.Microcode = info["microcode"]
		if flags, ok := info["flags"]; ok { // x86 alone has the hypervisor flag
			c.Flags = flags
			virtual := slices.Contains(strings.Fields(flags), "hypervisor")
			c.Hypervisor = &virtual
		} else {
			c.Flags = info["Features"] // arm64
		}
	}
	const dir = "sys/devices/system/cpu"
	c.Online = fs.readTrimmed(dir, "online")
	c.Cores, _ = parseCPUList(c.Online)
	if text, err := fs.readText(limitSmall, "proc", "self", "status"); err == nil {
		if s, _, err := parseStatus(text); err == nil {
			c.Affinity = s.CpusAllowedList
			c.AffinityCPUs, _ = parseCPUList(c.Affinity)
		}
	}
	if s := fs.readTrimmed(dir, "smt", "control"); s != "" {
		c.SMT = s
	}
	c.Governor = cmpFirst(fs.governors(dir), Unknown)
	switch { // intel_pstate has a switch that is the other way round
	case fs.readTrimmed(dir, "intel_pstate", "no_turbo") != "":
		c.Turbo = onOff(fs.readTrimmed(dir, "intel_pstate", "no_turbo"), "0", "1")
	case fs.readTrimmed(dir, "cpufreq", "boost") != "":
		c.Turbo = onOff(fs.readTrimmed(dir, "cpufreq", "boost"), "1", "0")
	}
	return c
}

// governors collects the frequency governors of all CPUs.
func (fs FS) governors(dir string) string {
	entries, err := os.ReadDir(fs.path(dir))
	if err != nil {
		return ""
	}
	var all []string
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), "cpu"); ok && n != "" && n[0] >= '0' && n[0] <= '9' {
			if g := fs.readTrimmed(dir, e.Name(), "cpufreq", "scaling_governor"); g != "" {
				all = append(all, g)
			}
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ",")
}

// onOff names a switch's value.
func onOff(value, on, off string) string {
	switch value {
	case on:
		return "on"
	case off:
		return "off"
	}
	return Unknown
}

// cmpFirst is the first that is not "".
func cmpFirst(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

// parseCPUInfo reads "key : value" lines; of a key that comes again, as each
// CPU's do, the first is kept.
func parseCPUInfo(text string) map[string]string {
	info := make(map[string]string, 32)
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); !ok || key == "" {
			continue
		}
		if _, seen := info[key]; !seen {
			info[key] = strings.TrimSpace(value)
		}
	}
	return info
}

// parseCPUList counts the members of a list such as "0-3,8".
func parseCPUList(list string) (int, error) {
	if list == "" {
		return 0, nil
	}
	total, last := 0, math.MinInt
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 32)
		b, err2 := strconv.ParseUint(to, 10, 32)
		if err1 != nil || err2 != nil || b < a || b >= maxCPU || int(a) <= last {
			return 0, parseError("CPU list", list)
		}
		total += int(b-a) + 1
		last = int(b)
	}
	return total, nil
}
