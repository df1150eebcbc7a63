package runner

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"alloclab/results"
	"alloclab/runner/census"
	"alloclab/runner/wire"
)

// Bounds of grouping live blocks by what they begin with.
const (
	kindsKept  = 32
	kindsMost  = 1 << 20 // groups that are told apart; more and the rest is not counted, and says so
	kindsRead  = 1024    // blocks a system call: IOV_MAX
	firstBytes = 8
)

type kind struct {
	usable int64
	first  [firstBytes]byte
}

// blockKinds groups the live blocks of a stopped process by usable size and first
// 8 bytes, which it reads by process_vm_readv(2), and returns the groups with most bytes. Blocks shorter than that
// are left out.
func blockKinds(live *census.Live, pid int) ([]results.BlockKind, error) {
	count := map[kind]int64{}
	var failed error
	live.Each(func(blocks []wire.Block) {
		for part := range slices.Chunk(blocks, kindsRead) {
			if failed == nil && len(count) < kindsMost {
				failed = readKinds(pid, part, count)
			}
		}
	})
	if failed != nil {
		return nil, fmt.Errorf("reading the blocks of process %d: %w", pid, failed)
	}
	all := make([]results.BlockKind, 0, len(count))
	for k, n := range count {
		all = append(all, results.BlockKind{Usable: k.usable, First: hex.EncodeToString(k.first[:]), Blocks: n, Bytes: n * k.usable})
	}
	slices.SortFunc(all, func(a, b results.BlockKind) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Usable, a.Usable), cmp.Compare(a.First, b.First))
	})
	return all[:min(len(all), kindsKept)], nil
}

func readKinds(pid int, blocks []wire.Block, count map[kind]int64) error {
	var remote []unix.RemoteIovec
	var sizes []int64
	for _, b := range blocks {
		if b.Usable >= firstBytes {
			remote = append(remote, unix.RemoteIovec{Base: uintptr(b.Address), Len: firstBytes})
			sizes = append(sizes, int64(b.Usable))
		}
	}
	if len(remote) == 0 {
		return nil
	}
	first := make([][firstBytes]byte, len(remote))
	local := []unix.Iovec{{Base: &first[0][0], Len: uint64(uintptr(len(first)) * unsafe.Sizeof(first[0]))}}
	n, err := unix.ProcessVMReadv(pid, local, remote, 0)
	if err != nil {
		return err
	}
	for i := range n / firstBytes {
		count[kind{sizes[i], first[i]}]++
	}
	return nil
}
