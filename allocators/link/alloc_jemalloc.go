//go:build cgo && alloc_jemalloc

package link

// #cgo LDFLAGS: -Wl,--no-as-needed -ljemalloc
import "C"
