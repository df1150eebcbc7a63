package proc

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Pids lists the ids of all processes that /proc shows, in ascending order.
// With hidepid another user's are not among them.
func (f FS) Pids() ([]int, error) {
	fd, err := openDirectory(f.path("proc"))
	if err != nil {
		return nil, err
	}
	list, err := names(fd, "proc")
	if err != nil {
		return nil, err
	}
	return numbers(list), nil
}

// Children lists the direct children of all threads of a process. They come
// from task/TID/children where the kernel has it (CONFIG_PROC_CHILDREN);
// proc(5) promises that list only while the children are stopped, so one that
// ends meanwhile may hide another. Else they come from every process's PPid.
// A process that is gone is an error.
func (f FS) Children(pid int) ([]int, error) {
	fd, err := openDirectory(f.proc(pid, "task"))
	if err != nil {
		return nil, err
	}
	tids, err := names(fd, "task")
	if err != nil {
		return nil, err
	}
	var children []int
	read := false
	for _, tid := range numbers(tids) {
		text, err := f.readText(limitArgs, "proc", strconv.Itoa(pid), "task", strconv.Itoa(tid), "children")
		if err != nil {
			continue // a thread that ended, or a kernel without the file
		}
		read = true
		ids, err := parseChildren(text)
		if err != nil {
			return nil, err
		}
		children = append(children, ids...)
	}
	if !read {
		return f.childrenByParent(pid)
	}
	slices.Sort(children)
	return slices.Compact(children), nil
}

// Descendants lists children, their children and so on, in ascending order.
// A process whose parent has ended belongs to another parent and is not found:
// see FindByEnvironment.
func (f FS) Descendants(pid int) ([]int, error) {
	seen := map[int]bool{pid: true}
	var found []int
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		children, err := f.Children(queue[0])
		if err != nil && queue[0] == pid {
			return nil, err
		}
		for _, child := range children { // none of one that ended meanwhile
			if !seen[child] {
				seen[child] = true
				found = append(found, child)
				queue = append(queue, child)
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// childrenByParent reads every process's parent.
func (f FS) childrenByParent(pid int) ([]int, error) {
	all, err := f.Pids()
	if err != nil {
		return nil, err
	}
	var children []int
	for _, candidate := range all {
		text, err := f.readText(limitSmall, "proc", strconv.Itoa(candidate), "stat")
		if err != nil {
			if errors.Is(err, fs.ErrPermission) {
				return nil, err
			}
			continue // it ended
		}
		if s, err := parseStat(text); err == nil && s.PPid == pid {
			children = append(children, candidate)
		}
	}
	return children, nil
}

// parseChildren reads ids with a blank behind each.
func parseChildren(text string) ([]int, error) {
	var ids []int
	for field := range strings.FieldsSeq(text) {
		id, err := strconv.Atoi(field)
		if err != nil || id <= 0 {
			return nil, parseError("children", field)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
