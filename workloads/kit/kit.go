//go:build cgo

// Package kit is the C side of a measured process: its entry before the Go
// runtime, its threads, marks, telemetry, block list and the probe of the
// allocator's statistics. Go sees only what package workloads' main needs.
package kit

// Without -fno-builtin-malloc and its kin gcc deletes pairs of malloc and free
// (cgo refuses the general -fno-builtin).

// #cgo CFLAGS: -std=gnu11 -O2 -g -pthread -Wall -Wextra -Werror
// #cgo CFLAGS: -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
// #cgo LDFLAGS: -pthread -ldl
// int kit_serve_from_go(void);
// int kit_write_manifest(int fd);
// int kit_write_needs(int fd, char *lines);
// #include <stdlib.h>
import "C"

import (
	_ "embed"
	"errors"
	"os"
	"runtime"
	"unsafe"
)

// ServeFromGo runs the trial with the Go runtime alive, if the lab asked for
// that; otherwise it returns at once.
func ServeFromGo() {
	runtime.LockOSThread() // the workload's main thread is this one
	if code := C.kit_serve_from_go(); code >= 0 {
		os.Exit(int(code))
	}
}

// WriteManifest prints the workloads and their parameters as JSON.
func WriteManifest(f *os.File) error {
	if C.kit_write_manifest(C.int(f.Fd())) != 0 {
		return errors.New("writing the manifest failed")
	}
	return nil
}

// WriteNeeds prints what a trial needs, its workload and parameters given as
// on the wire.
func WriteNeeds(f *os.File, lines string) error {
	text := C.CString(lines)
	defer C.free(unsafe.Pointer(text))
	if C.kit_write_needs(C.int(f.Fd()), text) != 0 {
		return errors.New("there is no such workload")
	}
	return nil
}
