package process

import (
	"os"
	"slices"
	"strings"
)

// inherited is what a measured process gets of the lab's own environment. All
// else stays behind: a MALLOC_CONF or an LD_PRELOAD of the user's shell would
// be measured instead of what the experiment says.
var inherited = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TERM"}

// reaching are prefixes of variables that change an allocator or the dynamic
// linker; that they were left behind is told.
var reaching = []string{"MALLOC", "LD_", "GLIBC_TUNABLES", "TCMALLOC", "HEAPPROFILE", "HEAPCHECK", "PERFTOOLS", "MIMALLOC", "TBB_MALLOC", "JE_"}

// Environment is a clean environment and the names of inherited variables
// that were left out although they would have had an effect.
func Environment(add ...string) (environment, leftOut []string) {
	for _, line := range os.Environ() {
		name, _, _ := strings.Cut(line, "=")
		switch {
		case slices.Contains(inherited, name):
			environment = append(environment, line)
		case slices.ContainsFunc(reaching, func(p string) bool { return strings.HasPrefix(name, p) }):
			leftOut = append(leftOut, name)
		}
	}
	slices.Sort(leftOut)
	// The C locale keeps libraries from loading and allocating translations.
	return append(append(environment, "LC_ALL=C"), add...), leftOut
}
