// Package proc reads what Linux tells of a process and of its host: /proc and
// /sys, rooted at an FS so that tests point it at captured trees.
//
// The kernel's own names are kept (VmHWM, RssAnon), so that they can be looked
// up in proc(5). Sizes are bytes and times are seconds, whatever unit the file
// has. The package needs Linux 4.14 (smaps_rollup); it neither writes nor
// signals anything.
package proc

import (
	"path/filepath"
	"strconv"
)

// FS is a tree that holds /proc and /sys: "/" in production, a captured tree
// in tests.
type FS struct{ root string }

// NewFS returns the tree below root.
func NewFS(root string) FS { return FS{root: root} }

// path joins elements below the root.
func (fs FS) path(elem ...string) string {
	return filepath.Join(append([]string{fs.root}, elem...)...)
}

// proc returns the path of a file of a process.
func (fs FS) proc(pid int, elem ...string) string {
	return fs.path(append([]string{"proc", strconv.Itoa(pid)}, elem...)...)
}
