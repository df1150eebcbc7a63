package proc

import (
	"strconv"
	"strings"
)

// Unlimited is a limit that does not bind.
const Unlimited int64 = -1

// Limit is a resource limit (setrlimit(2)); Unlimited is -1.
type Limit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// Limits are those of this process, which its children inherit: bytes, and
// descriptors of NOFILE. null is unknown.
type Limits struct {
	AS      *Limit `json:"as"`
	DATA    *Limit `json:"data"`
	STACK   *Limit `json:"stack"`
	MEMLOCK *Limit `json:"memlock"`
	NOFILE  *Limit `json:"nofile"`
}

// parseLimits reads /proc/PID/limits: a table in columns of fixed width, whose
// first has blanks in it.
func parseLimits(text string) (l Limits, err error) {
	rows := map[string]**Limit{
		"Max address space": &l.AS, "Max data size": &l.DATA, "Max stack size": &l.STACK,
		"Max locked memory": &l.MEMLOCK, "Max open files": &l.NOFILE,
	}
	for line := range strings.Lines(text) {
		const width = 26 // "%-25s " in proc_pid_limits, fs/proc/base.c
		if len(line) < width {
			return Limits{}, parseError("limits", line)
		}
		at := rows[strings.TrimSpace(line[:width])]
		if at == nil {
			continue
		}
		f := strings.Fields(line[width:])
		if len(f) < 2 {
			return Limits{}, parseError("limits", line)
		}
		soft, ok1 := parseLimit(f[0])
		hard, ok2 := parseLimit(f[1])
		if !ok1 || !ok2 {
			return Limits{}, parseError("limits", line)
		}
		*at = &Limit{Soft: soft, Hard: hard}
	}
	return l, nil
}

// parseLimit reads a number, or "unlimited".
func parseLimit(s string) (int64, bool) {
	if s == "unlimited" {
		return Unlimited, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0
}
