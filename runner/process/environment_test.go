package process

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEnvironment(t *testing.T) {
	for _, line := range os.Environ() { // what this machine's shell has is not of interest
		name, value, _ := strings.Cut(line, "=")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Setenv(name, value) })
	}
	acting := []string{
		"GLIBC_TUNABLES", "HEAPCHECK", "HEAPPROFILE", "JE_MALLOC_CONF", "LD_AUDIT", "LD_BIND_NOW", "LD_DEBUG", "LD_LIBRARY_PATH",
		"LD_PRELOAD", "MALLOCSTATS", "MALLOC_ARENA_MAX", "MALLOC_CHECK_", "MALLOC_CONF", "MALLOC_PERTURB_", "MALLOC_TOP_PAD_", "MIMALLOC_SHOW_STATS",
		"PERFTOOLS_VERBOSE", "TBB_MALLOC_USE_HUGE_PAGES", "TCMALLOC_RELEASE_RATE",
	}
	for _, name := range append([]string{"PATH", "HOME", "LANG", "LC_ALL", "GODEBUG", "SECRET_TOKEN", "PATHOLOGY"}, acting...) {
		t.Setenv(name, "value of "+name)
	}
	got, leftOut := Environment("LD_PRELOAD=mine", "MALLOC_CONF=abort_conf:true")
	slices.Sort(got)
	want := []string{"HOME=value of HOME", "LC_ALL=C", "LD_PRELOAD=mine", "MALLOC_CONF=abort_conf:true", "PATH=value of PATH"}
	if !slices.Equal(got, want) {
		t.Errorf("the process gets %q", got)
	}
	if !slices.Equal(leftOut, acting) {
		t.Errorf("told as left out: %q", leftOut)
	}
}
