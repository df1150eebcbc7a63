//go:build cgo && alloc_mimalloc

package link

// #cgo LDFLAGS: -Wl,--no-as-needed -lmimalloc
import "C"
