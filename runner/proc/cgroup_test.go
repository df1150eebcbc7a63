package proc

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestCgroup(t *testing.T) {
	for archive, want := range map[string]Cgroup{
		"host-hybrid-6.18.txtar": { // v2 is mounted, but has hugetlb alone; the limit is the parent's
			Kind: "hybrid",
			Controllers: map[string]string{
				"blkio": "v1", "cpu": "v1", "cpuacct": "v1", "cpuset": "v1", "devices": "v1", "freezer": "v1",
				"memory": "v1", "pids": "v1", "hugetlb": "v2",
			},
			MemoryDir: "/sys/fs/cgroup/memory/lab/trial", CPUDir: "/sys/fs/cgroup/cpu", Writable: true,
			MemoryMax: ptr(int64(2147483648)), CPUQuota: ptr(-1.0),
		},
		"host-v2.txtar": {
			Kind:        "v2",
			Controllers: map[string]string{"cpuset": "v2", "cpu": "v2", "io": "v2", "memory": "v2", "pids": "v2"},
			MemoryDir:   "/sys/fs/cgroup/user.slice/lab.scope", CPUDir: "/sys/fs/cgroup/user.slice/lab.scope",
			Writable: true, MemoryMax: ptr(int64(8589934592)), MemoryHigh: ptr(int64(4294967296)), CPUQuota: ptr(1.5),
		},
		"host-v1-read-only.txtar": {
			Kind:        "v1",
			Controllers: map[string]string{"memory": "v1", "cpu": "v1", "cpuacct": "v1"},
			MemoryDir:   "/sys/fs/cgroup v1/memory", CPUDir: "/sys/fs/cgroup v1/cpu",
			MemoryMax: ptr(int64(33554432)), CPUQuota: ptr(0.5),
		},
		"host-outside.txtar": {Kind: "v2", Controllers: map[string]string{"memory": "v2", "cpu": "v2"}},
		"host-none.txtar":    {Kind: "none", Controllers: map[string]string{}},
	} {
		got, err := fixture(t, archive).cgroup()
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", archive, err, d)
		}
	}
}

// TestCgroupLive only checks what is certain: a directory that is named is there.
func TestCgroupLive(t *testing.T) {
	c, err := NewFS("/").cgroup()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{c.MemoryDir, c.CPUDir} {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if c.Controllers["memory"] == "v1" && c.MemoryMax == nil {
		t.Error("the memory controller is there, its limit is not")
	}
}

func TestTightest(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   int64
	}{
		{nil, Unlimited},
		{[]string{"max", "", "max"}, Unlimited},
		{[]string{"9223372036854771712", "9223372036854710272"}, Unlimited}, // 4 KiB and 64 KiB pages
		{[]string{"max", "7", "9"}, 7},
		{[]string{"9", "x", "-5", "0"}, 0},
	} {
		if got := tightest(c.values); *got != c.want {
			t.Errorf("%q: %d, want %d", c.values, *got, c.want)
		}
	}
}

func TestParseQuota(t *testing.T) {
	for text, want := range map[string]float64{"150000 100000": 1.5, "1000 1000000": 0.001} {
		if got, ok := parseQuota(text); !ok || got != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "max 100000", "-1 100000", "1 0", "1", "1 2 3", "x 1"} {
		if got, ok := parseQuota(text); ok {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseHierarchies(t *testing.T) {
	got, err := parseHierarchies("4:memory:/a:b\n0::/\n")
	if err != nil || len(got) != 2 || got[0].path != "/a:b" || controllerOf(got, "memory") == nil || unified(got).path != "/" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"\n", "0:/\n", "0::x\n"} {
		if got, err := parseHierarchies(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}

func FuzzCgroup(f *testing.F) {
	seed(f, "self/cgroup")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseHierarchies(text)
		if err == nil && controllerOf(list, "memory") == unified(list) && unified(list) != nil {
			t.Errorf("%q: one hierarchy is both", text)
		}
		if cpus, ok := parseQuota(text); ok && cpus < 0 {
			t.Errorf("%q: %v CPUs", text, cpus)
		}
	})
}
