package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"alloclab/configs"
	"alloclab/runner/process"
)

// LibexecVariable names a folder with the measured programs, for where they
// are not beside alloclab.
const LibexecVariable = "ALLOCLAB_LIBEXEC"

// Binaries are the measured programs of one folder.
type Binaries struct{ Dir string }

// FindBinaries looks in $ALLOCLAB_LIBEXEC, beside alloclab, and in
// ../libexec/alloclab of it, which is where make install puts them.
func FindBinaries() (Binaries, error) {
	if named := os.Getenv(LibexecVariable); named != "" {
		dir, err := filepath.Abs(named) // measured processes run elsewhere
		if err != nil {
			return Binaries{}, err
		}
		b := Binaries{dir}
		if _, err := os.Stat(b.Workload("ptmalloc")); err != nil {
			return b, fmt.Errorf("$%s names %s, where there are no measured programs: %w", LibexecVariable, dir, err)
		}
		return b, nil
	}
	self, err := os.Executable()
	if err != nil {
		return Binaries{}, err
	}
	if resolved, err := filepath.EvalSymlinks(self); err == nil {
		self = resolved
	}
	for _, dir := range []string{filepath.Dir(self), filepath.Join(filepath.Dir(self), "..", "libexec", "alloclab")} {
		b := Binaries{dir}
		if _, err := os.Stat(b.Workload("ptmalloc")); err == nil {
			return b, nil
		}
	}
	return Binaries{}, fmt.Errorf("the measured programs (workload-ptmalloc and its kin) are not beside %s: run make build, or set $%s", self, LibexecVariable)
}

// Workload is the path of the program linked against an allocator.
func (b Binaries) Workload(allocator string) string {
	return filepath.Join(b.Dir, "workload-"+allocator)
}

// Agent is the path of what is preloaded into users' programs, or "" where it
// was not built.
func (b Binaries) Agent() string { return b.library("libagent.so") }

// CensusAgent is the path of what reports a program's blocks, or "" where it
// was not built.
func (b Binaries) CensusAgent() string { return b.library("libcensus.so") }

func (b Binaries) library(name string) string {
	path := filepath.Join(b.Dir, name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Has says whether the program linked against an allocator was built.
func (b Binaries) Has(allocator string) bool {
	_, err := os.Stat(b.Workload(allocator))
	return !errors.Is(err, fs.ErrNotExist)
}

// Workload is one workload as its program declares it.
type Workload struct {
	Name     string           `json:"name"`
	Doc      string           `json:"doc"`
	Internal bool             `json:"internal"` // for the lab's own tests
	Options  []configs.Option `json:"options"`
}

// helperLimit bounds helpers that answer at once.
const helperLimit = 10 * time.Second

// Manifest asks the programs for the one true list of workloads and their
// parameters.
func (b Binaries) Manifest() ([]Workload, error) {
	environment, _ := process.Environment()
	out, err := process.Run(environment, helperLimit, b.Workload("ptmalloc"), "--manifest")
	if err != nil {
		return nil, fmt.Errorf("the list of workloads: %w", err)
	}
	var list []Workload
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("the list of workloads from %s: %w", b.Workload("ptmalloc"), err)
	}
	for _, w := range list {
		for i := range w.Options {
			w.Options[i].Default = typed(w.Options[i])
		}
	}
	return list, nil
}

// typed gives a default the type that configs gives to values of its kind.
func typed(o configs.Option) any {
	if f, ok := o.Default.(float64); ok && (o.Kind == configs.KindCount || o.Kind == configs.KindBytes) {
		return int64(f)
	}
	return o.Default
}
