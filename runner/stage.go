package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// newStage makes a directory for what a run needs only while it lasts, such as
// libraries under safe names. Those of runs that were killed are removed: the
// name tells whose they were.
func newStage() (dir string, err error) {
	removeStaleStages()
	return os.MkdirTemp("", fmt.Sprintf("alloclab-%d-", os.Getpid()))
}

func removeStaleStages() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "alloclab-*-*"))
	for _, dir := range old {
		pid, err := strconv.Atoi(strings.Split(filepath.Base(dir), "-")[1])
		var st unix.Stat_t
		if err != nil || unix.Lstat(dir, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() {
			continue
		}
		if unix.Kill(pid, 0) == unix.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}
