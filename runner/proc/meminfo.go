package proc

import (
	"fmt"
	"strings"
)

// MemAvailable is how much memory could be taken without swapping, in bytes,
// as the kernel estimates it. A cgroup may allow less: see Cgroup.
func (fs FS) MemAvailable() (int64, error) {
	m, err := fs.meminfo()
	if err != nil {
		return 0, err
	}
	n, ok := m["MemAvailable"]
	if !ok {
		return 0, fmt.Errorf("%w: meminfo: no MemAvailable", ErrParse)
	}
	return n, nil
}

func (fs FS) meminfo() (map[string]int64, error) {
	text, err := fs.readText(limitSmall, "proc", "meminfo")
	if err != nil {
		return nil, err
	}
	return parseMeminfo(text)
}

// parseMeminfo reads the lines in kB, as bytes. Those without a unit, such as
// HugePages_Total, are counts and are skipped.
func parseMeminfo(text string) (map[string]int64, error) {
	m := make(map[string]int64, 64)
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, parseError("meminfo", line)
		}
		if !strings.HasSuffix(strings.TrimSpace(value), " kB") {
			continue
		}
		if m[key], ok = parseKB(value); !ok {
			return nil, parseError("meminfo", line)
		}
	}
	return m, nil
}
