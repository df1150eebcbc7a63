//go:build cgo && !alloc_jemalloc && !alloc_tcmalloc && !alloc_mimalloc

// Nothing to link: glibc's malloc is what a program has, so the tag
// alloc_ptmalloc only says so. It is also the binary that all other libraries
// are preloaded into.

package link
