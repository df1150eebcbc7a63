package proc

import (
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Cgroup is which control groups the host has and what the one of this process
// allows. Where /sys/fs/cgroup is, and what is mounted there, is found from
// mountinfo: a host may have version 1, version 2, both, each controller on
// one of them, or none.
type Cgroup struct {
	Kind string `json:"kind"` // "v1", "v2", "hybrid" (both are mounted) or "none"

	// Controllers maps each controller that is mounted to "v1" or "v2".
	Controllers map[string]string `json:"controllers"`

	// MemoryDir is the directory of this process's cgroup in the hierarchy
	// that has the memory controller; "" where there is none or it is not
	// visible. CPUDir likewise.
	MemoryDir string `json:"memory_dir"`
	CPUDir    string `json:"cpu_dir"`

	// Writable is whether this process may make a group below MemoryDir.
	Writable bool `json:"writable"`

	// MemoryMax is the tightest limit of that group and those above it that
	// are visible: memory.max, or memory.limit_in_bytes. Unlimited is -1,
	// null is unknown.
	MemoryMax *int64 `json:"memory_max_bytes"`

	// MemoryHigh is the tightest memory.high, which slows a group down
	// instead of killing it; null on version 1.
	MemoryHigh *int64 `json:"memory_high_bytes"`

	// CPUQuota is how many CPUs' time the group may use: quota / period of
	// cpu.max or cpu.cfs_quota_us. Unlimited is -1, null is unknown.
	CPUQuota *float64 `json:"cpu_quota"`
}

// hierarchy is one line of /proc/self/cgroup, "id:controllers:path".
type hierarchy struct {
	id          string // "0" is version 2
	controllers string
	path        string
}

// cgroup reads what there is of it.
func (fs FS) cgroup() (Cgroup, error) {
	c := Cgroup{Kind: "none", Controllers: map[string]string{}}
	text, err := fs.readText(limitMaps, "proc", "self", "mountinfo")
	if err != nil {
		return c, nil
	}
	mounts, err := parseMountinfo(text)
	if err != nil {
		return c, err
	}
	own, err := fs.hierarchies()
	if err != nil {
		return c, err
	}
	var v1, v2 bool
	for _, m := range mounts {
		switch m.fstype {
		case "cgroup":
			v1 = true
			for o := range strings.SplitSeq(m.super, ",") {
				if controllerOf(own, o) != nil {
					c.Controllers[o] = "v1"
				}
			}
		case "cgroup2":
			v2 = true
			for o := range strings.FieldsSeq(fs.readTrimmed(m.point, "cgroup.controllers")) {
				if c.Controllers[o] == "" {
					c.Controllers[o] = "v2"
				}
			}
		}
	}
	switch {
	case v1 && v2:
		c.Kind = "hybrid"
	case v1:
		c.Kind = "v1"
	case v2:
		c.Kind = "v2"
	}
	fs.memoryLimits(&c, mounts, own)
	fs.cpuLimit(&c, mounts, own)
	return c, nil
}

func (fs FS) memoryLimits(c *Cgroup, mounts []mount, own []hierarchy) {
	m, rel, ok := fs.ownGroup(c.Controllers["memory"], "memory", mounts, own)
	if !ok {
		return
	}
	c.MemoryDir = path.Join(m.point, rel)
	c.Writable = !m.readOnly() && unix.Access(fs.path(c.MemoryDir), unix.W_OK) == nil
	file := "memory.max"
	if m.fstype == "cgroup" {
		file = "memory.limit_in_bytes"
	}
	values := fs.upward(m, rel, file)
	if m.fstype == "cgroup2" || strings.Join(values, "") != "" { // version 1 has the file in every group
		c.MemoryMax = tightest(values)
	}
	if m.fstype == "cgroup2" {
		c.MemoryHigh = tightest(fs.upward(m, rel, "memory.high"))
	}
}

func (fs FS) cpuLimit(c *Cgroup, mounts []mount, own []hierarchy) {
	m, rel, ok := fs.ownGroup(c.Controllers["cpu"], "cpu", mounts, own)
	if !ok {
		return
	}
	c.CPUDir = path.Join(m.point, rel)
	least := math.Inf(1)
	for dir := rel; ; dir = path.Dir(dir) {
		text := fs.readTrimmed(m.point, dir, "cpu.max")
		if m.fstype == "cgroup" {
			quota := fs.readTrimmed(m.point, dir, "cpu.cfs_quota_us")
			text = quota + " " + fs.readTrimmed(m.point, dir, "cpu.cfs_period_us")
		}
		if cpus, ok := parseQuota(text); ok {
			least = min(least, cpus)
		}
		if dir == "/" {
			break
		}
	}
	if math.IsInf(least, 1) { // the root group has no file: it has no limit
		least = float64(Unlimited)
	}
	c.CPUQuota = &least
}

// upward reads a limit of a group and of all above it, to the mount's root.
func (fs FS) upward(m mount, rel, file string) []string {
	var values []string
	for dir := rel; ; dir = path.Dir(dir) {
		values = append(values, fs.readTrimmed(m.point, dir, file))
		if dir == "/" {
			return values
		}
	}
}

// ownGroup finds the mount that has a controller and this process's group in
// it, as a path that begins with a slash. A group outside of what is mounted
// ("/../x" in a container) is not found.
func (fs FS) ownGroup(version, controller string, mounts []mount, own []hierarchy) (mount, string, bool) {
	for _, m := range mounts {
		var h *hierarchy
		switch {
		case version == "v1" && m.fstype == "cgroup" && hasOption(m.super, controller):
			h = controllerOf(own, controller)
		case version == "v2" && m.fstype == "cgroup2":
			h = unified(own)
		}
		if h == nil {
			continue
		}
		rel, ok := h.path, true
		if m.root != "/" {
			rel, ok = strings.CutPrefix(h.path, m.root)
			ok = ok && (rel == "" || rel[0] == '/')
		}
		if !ok || strings.HasPrefix(rel, "/..") {
			continue
		}
		rel = path.Join("/", rel)
		if info, err := os.Stat(fs.path(m.point, rel)); err == nil && info.IsDir() {
			return m, rel, true
		}
	}
	return mount{}, "", false
}

func (fs FS) hierarchies() ([]hierarchy, error) {
	text, err := fs.readText(limitSmall, "proc", "self", "cgroup")
	if err != nil {
		return nil, nil // a kernel without control groups
	}
	return parseHierarchies(text)
}

// parseHierarchies reads /proc/PID/cgroup; the path may hold colons.
func parseHierarchies(text string) ([]hierarchy, error) {
	var list []hierarchy
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) != 3 || !strings.HasPrefix(f[2], "/") {
			return nil, parseError("cgroup", line)
		}
		list = append(list, hierarchy{id: f[0], controllers: f[1], path: f[2]})
	}
	return list, nil
}

// controllerOf finds the version 1 hierarchy of a controller.
func controllerOf(own []hierarchy, controller string) *hierarchy {
	for i := range own {
		if own[i].id != "0" && hasOption(own[i].controllers, controller) && !strings.HasPrefix(controller, "name=") {
			return &own[i]
		}
	}
	return nil
}

// unified finds the version 2 hierarchy.
func unified(own []hierarchy) *hierarchy {
	for i := range own {
		if own[i].id == "0" && own[i].controllers == "" {
			return &own[i]
		}
	}
	return nil
}

// tightest is the least of several limits: "max" and what version 1 writes for
// no limit (2^63 rounded down to a page) do not bind, and "" is a group
// without the file, as the root group is on version 2.
func tightest(values []string) *int64 {
	least := Unlimited
	for _, v := range values {
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil && n >= 0 && n < 1<<62 && (least == Unlimited || n < least) {
			least = n
		}
	}
	return &least
}

// parseQuota reads "quota period" in us as CPUs; ok is false without a limit.
func parseQuota(text string) (cpus float64, ok bool) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return 0, false
	}
	quota, err1 := strconv.ParseInt(f[0], 10, 64)
	period, err2 := strconv.ParseInt(f[1], 10, 64)
	if err1 != nil || err2 != nil || quota < 0 || period <= 0 {
		return 0, false
	}
	return float64(quota) / float64(period), true
}
