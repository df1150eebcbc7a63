package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Host is the machine as /proc and /sys tell it: the material of a run's
// fingerprint. A figure that cannot be had is "" or null, except for CPU's
// frequency settings, which say Unknown. What was there but not understood is
// in Problems.
type Host struct {
	KernelRelease string `json:"kernel_release"` // 6.18.44
	KernelVersion string `json:"kernel_version"` // the whole of /proc/version
	Cmdline       string `json:"kernel_cmdline"`
	BootID        string `json:"boot_id"`
	CPU           CPU    `json:"cpu"`
	PageSize      int64  `json:"page_size_bytes"` // of the running kernel
	THP           THP    `json:"thp"`

	OvercommitMemory *int64           `json:"overcommit_memory"` // 0 heuristic, 1 always, 2 never
	OvercommitRatio  *int64           `json:"overcommit_ratio"`  // percent
	Swappiness       *int64           `json:"swappiness"`
	Swaps            []Swap           `json:"swaps"`      // empty: none; null: unknown
	Zram             map[string]int64 `json:"zram_bytes"` // device to size; empty: none; null: unknown

	RandomizeVASpace *int64 `json:"randomize_va_space"` // ASLR: 0 off, 1 without brk, 2 full
	NUMANodes        string `json:"numa_nodes"`         // list such as "0-1"
	NUMABalancing    *int64 `json:"numa_balancing"`
	Clocksource      string `json:"clocksource"`

	MemTotal     *int64      `json:"mem_total_bytes"`
	MemAvailable *int64      `json:"mem_available_bytes"`
	Loadavg      *[3]float64 `json:"loadavg"` // over 1, 5 and 15 minutes
	CPUPressure  *Pressure   `json:"cpu_pressure"`
	MemPressure  *Pressure   `json:"memory_pressure"`
	IOPressure   *Pressure   `json:"io_pressure"`

	Cgroup Cgroup `json:"cgroup"`
	Limits Limits `json:"limits"`

	Problems []string `json:"problems,omitempty"`
}

// Host reads the machine: some hundred small files, a few milliseconds. It
// fails only where there is no /proc at all.
func (fs FS) Host() (Host, error) {
	if _, err := os.Stat(fs.path("proc", "self")); err != nil {
		return Host{}, fmt.Errorf("%w: %w", ErrMount, err)
	}
	h := Host{
		KernelRelease: fs.readTrimmed("proc/sys/kernel/osrelease"),
		KernelVersion: fs.readTrimmed("proc/version"),
		Cmdline:       fs.readTrimmed("proc/cmdline"),
		BootID:        fs.readTrimmed("proc/sys/kernel/random/boot_id"),
		CPU:           fs.cpu(),
		PageSize:      pageSize,
		THP:           fs.thp(),
		Zram:          fs.zram(),
		NUMANodes:     fs.readTrimmed("sys/devices/system/node/online"),
		Clocksource:   fs.readTrimmed("sys/devices/system/clocksource/clocksource0/current_clocksource"),
	}
	for file, at := range map[string]**int64{
		"proc/sys/vm/overcommit_memory":      &h.OvercommitMemory,
		"proc/sys/vm/overcommit_ratio":       &h.OvercommitRatio,
		"proc/sys/vm/swappiness":             &h.Swappiness,
		"proc/sys/kernel/randomize_va_space": &h.RandomizeVASpace,
		"proc/sys/kernel/numa_balancing":     &h.NUMABalancing,
	} {
		n, err := strconv.ParseInt(fs.readTrimmed(file), 10, 64)
		if err == nil {
			*at = &n
		}
	}
	h.note(fs.readMemory(&h))
	h.note(fs.readLoad(&h))
	var err error
	h.Cgroup, err = fs.cgroup()
	h.note(err)
	if text, err := fs.readText(limitSmall, "proc", "self", "limits"); err == nil {
		h.Limits, err = parseLimits(text)
		h.note(err)
	}
	return h, nil
}

// note keeps what was not understood.
func (h *Host) note(err error) {
	if err != nil {
		h.Problems = append(h.Problems, err.Error())
	}
}

// readMemory reads meminfo and swaps. A file that is not there is unknown, and
// no problem: a kernel without swap has no swaps.
func (fs FS) readMemory(h *Host) error {
	m, err := fs.meminfo()
	if err == nil {
		if n, ok := m["MemTotal"]; ok {
			h.MemTotal = &n
		}
		if n, ok := m["MemAvailable"]; ok {
			h.MemAvailable = &n
		}
	}
	text, err2 := fs.readText(limitSmall, "proc", "swaps")
	if err2 == nil {
		h.Swaps, err2 = parseSwaps(text)
	}
	return errors.Join(present(err), present(err2))
}

// present drops the error of a file that is not there.
func present(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// readLoad reads loadavg and pressure.
func (fs FS) readLoad(h *Host) error {
	var errs []error
	if text, err := fs.readText(limitSmall, "proc", "loadavg"); err == nil {
		load, err := parseLoadavg(text)
		if errs = append(errs, err); err == nil {
			h.Loadavg = &load
		}
	}
	for resource, at := range map[string]**Pressure{
		"cpu": &h.CPUPressure, "memory": &h.MemPressure, "io": &h.IOPressure,
	} {
		p, err := fs.pressure(resource)
		errs = append(errs, err)
		*at = p
	}
	return errors.Join(errs...)
}

// parseLoadavg reads "0.65 0.26 0.10 4/88 4642".
func parseLoadavg(text string) (load [3]float64, err error) {
	f := strings.Fields(text)
	if len(f) != 5 {
		return load, parseError("loadavg", text)
	}
	for i := range load {
		if load[i], err = strconv.ParseFloat(f[i], 64); err != nil || !(load[i] >= 0 && load[i] < 1e9) {
			return [3]float64{}, parseError("loadavg", text)
		}
	}
	return load, nil
}
