//go:build cgo && alloc_tcmalloc

// The full library. libtcmalloc_minimal has the same statistics and knobs, but
// brpc, Ceph and others deploy this one, and only it writes heap profiles.

package link

// #cgo LDFLAGS: -Wl,--no-as-needed -ltcmalloc
import "C"
