// Package link links a program against one allocator, by build tag:
//
//	go build -tags alloc_jemalloc -o bin/workload-jemalloc ./workloads
//
// The tags are alloc_ptmalloc, which is also what no tag means, alloc_jemalloc,
// alloc_tcmalloc and alloc_mimalloc. Whether it worked, the probe says: it asks
// the dynamic linker which object holds malloc.
//
// --no-as-needed is there because the linker otherwise drops a library that no
// object needs by name, malloc being in libc too, and the program silently runs
// on ptmalloc.
package link
