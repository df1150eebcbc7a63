package proc

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"testing"
)

// startTree is a shell with a shell below it with a sleep below that.
func startTree(t *testing.T) *child {
	t.Helper()
	c := startReady(t, exec.Command("/bin/sh", "-c",
		"/bin/sh -c 'sleep 30 >/dev/null 2>&1 & echo ready; wait' & wait"))
	list, err := NewFS("/").Descendants(c.pid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range list {
			killTest(pid)
		}
	})
	return c
}

func TestDescendants(t *testing.T) {
	c := startTree(t)
	fs := NewFS("/")
	children, err := fs.Children(c.pid())
	if err != nil || len(children) != 1 {
		t.Fatalf("children %v, %v", children, err)
	}
	all, err := fs.Descendants(c.pid())
	if err != nil || len(all) != 2 || !slices.Contains(all, children[0]) || slices.Contains(all, c.pid()) {
		t.Errorf("descendants %v of %d, children %v, %v", all, c.pid(), children, err)
	}
	// The other route finds the same.
	byParent, err := fs.childrenByParent(c.pid())
	if err != nil || !slices.Equal(byParent, children) {
		t.Errorf("by parent %v, by task/*/children %v, %v", byParent, children, err)
	}
	if _, err := fs.Descendants(1 << 30); err == nil {
		t.Error("nobody has no error")
	}
}

// TestDescendantsWithoutChildrenFile is a kernel without CONFIG_PROC_CHILDREN,
// and two processes that claim to be each other's parent.
func TestDescendantsWithoutChildrenFile(t *testing.T) {
	root := t.TempDir()
	for pid, ppid := range map[int]int{10: 1, 11: 10, 12: 11, 13: 1, 14: 12, 20: 21, 21: 20} {
		writeFixture(t, root, fmt.Sprintf("proc/%d/task/%d/comm", pid, pid), "x\n")
		writeFixture(t, root, fmt.Sprintf("proc/%d/stat", pid),
			fmt.Sprintf("%d (a ) b) S %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", pid, ppid))
	}
	fs := NewFS(root)
	for pid, want := range map[int][]int{10: {11, 12, 14}, 13: nil, 20: {21}} {
		if got, err := fs.Descendants(pid); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: %v, %v, want %v", pid, got, err, want)
		}
	}
}

func TestParseChildren(t *testing.T) {
	if got, err := parseChildren("12 7 \n"); err != nil || !slices.Equal(got, []int{12, 7}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"x", "-1", "0", "99999999999999999999"} {
		if got, err := parseChildren(bad); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func FuzzChildren(f *testing.F) {
	f.Add("12 7 ")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := parseChildren(text)
		if err == nil && slices.ContainsFunc(ids, func(id int) bool { return id <= 0 }) {
			t.Errorf("%q: %v", text, ids)
		}
	})
}
