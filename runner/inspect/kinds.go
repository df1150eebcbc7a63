package inspect

import (
	"slices"
	"strings"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/proc"
)

// kinds divides RSS by what the mappings are. Each mapping's own count is
// divided, so that the kinds add up to the sum of all.
func (l *look) kinds() {
	kinds := map[string]*results.MemoryKind{}
	add := func(name string, rss, size int64, mappings int) {
		k := kinds[name]
		if k == nil {
			k = &results.MemoryKind{Name: name}
			kinds[name] = k
		}
		k.RSS += rss
		k.Size += size
		k.Mappings += mappings
		l.out.Look.KindsSum += rss
	}
	inGo := l.isGo()
	for i, u := range l.uses {
		if u.Vsyscall() {
			continue
		}
		size := int64(u.Size())
		kind := l.kind(i, inGo)
		switch {
		case kind == results.KindCode: // what was written to a private mapping is data
			written := min(u.Anonymous, u.Rss)
			if u.Writable() || written > 0 {
				add(results.KindData, written, 0, 0)
			}
			if u.Writable() {
				add(results.KindData, u.Rss-written, size, 1)
			} else {
				add(results.KindCode, u.Rss-written, size, 1)
			}
		case kind == results.KindAnonymous:
			in, inSize := l.inArenas(u)
			if inSize > 0 {
				add(results.KindArenas, in, inSize, 1)
			}
			if inSize < size {
				add(kind, u.Rss-in, size-inSize, 1)
			}
		default:
			add(kind, u.Rss, size, 1)
		}
		if kind == results.KindGoHeap && l.out.Go != nil {
			l.out.Go.Heap += u.Rss
		}
	}
	for _, name := range results.KindOrder {
		if k := kinds[name]; k != nil {
			l.out.Kinds = append(l.out.Kinds, *k)
		}
	}
}

// kind says what a mapping is.
func (l *look) kind(i int, inGo bool) string {
	u := l.uses[i]
	switch {
	case u.Special():
		return results.KindKernel
	case u.Heap():
		return results.KindBrk
	case u.Stack():
		return results.KindStacks
	case strings.HasPrefix(u.Path, "[anon: Go: heap"):
		return results.KindGoHeap
	case strings.HasPrefix(u.Path, "[anon: Go"):
		return results.KindGoRuntime
	case u.PrivateAnonymous():
		switch {
		case inGo && l.isGoHeap(i):
			return results.KindGoHeap
		case l.isStack(i):
			return results.KindStacks
		case i > 0 && l.uses[i-1].End == u.Start && l.uses[i-1].Inode != 0 && l.uses[i-1].Private() && l.uses[i-1].Writable() && u.Path == "" && u.Writable():
			return results.KindData // .bss, behind the .data of its file
		}
		return results.KindAnonymous
	case !u.Private():
		if isShared(u.Mapping) {
			return results.KindShared
		}
		return results.KindFiles
	case l.isObject(u.Mapping):
		return results.KindCode
	}
	return results.KindFiles
}

// isShared tells shared memory from mapped files: memfd, System V, POSIX shared
// memory, shared anonymous memory.
func isShared(m proc.Mapping) bool {
	for _, prefix := range []string{"/dev/zero", "/memfd:", "/SYSV", "/dev/shm/", "/anon_hugepage", "[anon_shmem"} {
		if strings.HasPrefix(m.Path, prefix) {
			return true
		}
	}
	return m.Inode == 0
}

// isObject reports whether a file is the program or a library: some part of it
// may be executed.
func (l *look) isObject(m proc.Mapping) bool {
	return slices.ContainsFunc(l.uses, func(u proc.MappingUse) bool {
		return u.Inode == m.Inode && u.Dev == m.Dev && u.Executable()
	})
}

// guardMost is the size of the largest guard below a thread's stack that is
// taken for one; pthread's is a page unless the program asks for more.
const guardMost = 64 << 10

// isStack reports whether an anonymous mapping is a thread's stack: a stack pointer
// lies in it, or a guard lies right below it and no heap begins there.
func (l *look) isStack(i int) bool {
	u := l.uses[i]
	if at, _ := slices.BinarySearch(l.stacks, u.Start); at < len(l.stacks) && l.stacks[at] < u.End && !l.hasHeap(u.Mapping) {
		return true
	}
	if i == 0 || !u.Writable() || l.hasHeap(u.Mapping) || l.out.Process.Threads < 2 {
		return false
	}
	guard := l.uses[i-1]
	return guard.End == u.Start && guard.PrivateAnonymous() && guard.NoAccess() && guard.Size() <= guardMost && !l.hasHeap(guard.Mapping)
}

// hasHeap reports whether one of ptmalloc's arenas' heaps reaches into a mapping.
func (l *look) hasHeap(m proc.Mapping) bool {
	return slices.ContainsFunc(l.infos, func(h census.HeapInfo) bool { return h.Start < m.End && m.Start < h.Start+census.HeapMax })
}

// goArena is the unit in which Go's heap takes addresses on 64-bit Linux
// (runtime/malloc.go, heapArenaBytes), at a random place since Go 1.26.
const goArena = 64 << 20

// isGoHeap reports whether an unnamed mapping of a Go program is of Go's heap:
// adjacent ones begin and end at multiples of 64 MiB, and none of ptmalloc's
// heaps is there. Kernels with CONFIG_ANON_VMA_NAME say it by name.
func (l *look) isGoHeap(i int) bool {
	if l.uses[i].Path != "" || l.hasHeap(l.uses[i].Mapping) {
		return false
	}
	first, last := i, i
	for first > 0 && l.uses[first-1].End == l.uses[first].Start && l.uses[first-1].PrivateAnonymous() {
		first--
	}
	for last+1 < len(l.uses) && l.uses[last+1].Start == l.uses[last].End && l.uses[last+1].PrivateAnonymous() {
		last++
	}
	return l.uses[first].Start%goArena == 0 && l.uses[last].End%goArena == 0
}
