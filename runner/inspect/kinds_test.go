package inspect

import (
	"slices"
	"testing"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
)

func TestKinds(t *testing.T) {
	const base = 0x7f0000000000
	use := func(start, pages uint64, perms, path string, inode uint64) proc.MappingUse {
		return proc.MappingUse{Mapping: proc.Mapping{Start: base + start*4096, End: base + (start+pages)*4096, Perms: perms, Path: path, Inode: inode, Dev: "fe:00"}}
	}
	l := &look{infos: []census.HeapInfo{{Start: base + 0x10000*4096}}, stacks: []uint64{base + 70*4096}}
	l.out.Process.Threads = 3
	l.uses = []proc.MappingUse{
		use(0, 1, "r-xp", "/bin/server", 7), use(1, 1, "rw-p", "/bin/server", 7), use(2, 1, "rw-p", "", 0),
		use(10, 1, "rw-p", "[heap]", 0), use(20, 1, "---p", "", 0), use(21, 20, "rw-p", "", 0),
		use(60, 20, "rw-p", "", 0), use(90, 3, "rw-p", "", 0), use(100, 1, "rw-s", "/memfd:x (deleted)", 9), use(110, 1, "r--p", "/var/data", 10),
		use(120, 1, "rw-s", "/var/data", 10), use(130, 1, "rw-p", "[anon: Go: heap]", 0), use(140, 1, "rw-p", "[anon: Go: gc bits]", 0), use(150, 1, "r-xp", "[vdso]", 0), use(160, 1, "rw-p", "[stack]", 0),
		use(0xffff, 1, "---p", "", 0), use(0x10000, 20, "rw-p", "", 0),
	}
	want := []string{results.KindCode, results.KindCode, results.KindData, results.KindBrk, results.KindAnonymous, results.KindStacks, results.KindStacks, results.KindAnonymous,
		results.KindShared, results.KindFiles, results.KindFiles, results.KindGoHeap, results.KindGoRuntime, results.KindKernel, results.KindStacks, results.KindAnonymous, results.KindAnonymous}
	for i := range l.uses {
		if got := l.kind(i, false); got != want[i] {
			t.Errorf("%s %s is %s, want %s", l.uses[i].Perms, l.uses[i].Path, got, want[i])
		}
	}
}

func TestAllowed(t *testing.T) {
	got := allowed([]string{"PATH=/bin", "MALLOC_CONF=a", "MALLOC_=x", "MALLOCX=no", "LD_PRELOAD=b", "LD_PRELOAD_SECRET=no", "GLIBC_TUNABLES=c", "GLIBC_TUNABLES_KEY=no", "TCMALLOC_RELEASE_RATE=1", "MIMALLOC_X=2", "AWS_SECRET=no", "MALLOC_CONF", "_RJEM_MALLOC_CONF=3"})
	if want := []string{"GLIBC_TUNABLES=c", "LD_PRELOAD=b", "MALLOC_=x", "MALLOC_CONF=a", "MIMALLOC_X=2", "TCMALLOC_RELEASE_RATE=1", "_RJEM_MALLOC_CONF=3"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
