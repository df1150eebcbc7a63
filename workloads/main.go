//go:build cgo

// Command workloads is the measured program. It is built once for each linked
// allocator (-tags alloc_NAME) and started by alloclab, never by hand: its C
// part takes the process over before the Go runtime starts (kit/entry.c).
package main

// Headers in a subfolder are no part of Go's build cache key: without these
// embeds a changed header would leave a stale binary.

// #cgo CFLAGS: -std=gnu11 -O2 -g -pthread -Wall -Wextra -Werror
// #cgo CFLAGS: -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"os"

	_ "alloclab/allocators/link"
	"alloclab/workloads/kit"
)

//go:embed kit/*.h
var _ embed.FS

func main() {
	kit.ServeFromGo()
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "--manifest":
		err = kit.WriteManifest(os.Stdout)
	case len(os.Args) == 3 && os.Args[1] == "--needs":
		err = kit.WriteNeeds(os.Stdout, os.Args[2])
	default:
		err = errors.New("this program is measured by alloclab and does nothing by itself; try: alloclab run quick")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
