package wire

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Protocol constants of workloads/agent/census/ring.h, which this file mirrors.
const (
	RingVersion     = 1
	RingMagic       = 0x676e69726c6c61
	RingEnvironment = "ALLOCLAB_RING"

	ringKindShift = 48
	ringLapShift  = 51
)

// RingKind is what an event of the ring tells.
type RingKind uint8

// Kinds of event of ring.h.
const (
	RingAllocated RingKind = 1 // address, usable size
	RingFreed     RingKind = 2 // address
	RingMapped    RingKind = 3 // address, size: by the program itself
	RingUnmapped  RingKind = 4 // address, size
	RingStack     RingKind = 5 // address: a new thread's descriptor; size: an address on its stack
	RingStarted   RingKind = 6 // address: the main thread's descriptor; what came before is void
)

// RingEvent is one report of the agent in a program.
type RingEvent struct {
	Kind    RingKind
	Address uint64
	Size    uint64
}

type ringHeader struct {
	Magic   uint64
	Version uint32
	Pid     uint32
	Slots   uint64
	Overrun uint64
	_       [4]uint64
	Head    uint64
	_       [7]uint64
	Tail    uint64
	_       [7]uint64
}

type ringEvent struct{ What, Size uint64 }

// Ring is the lab's side of the memory through which an agent reports the
// blocks of a program.
type Ring struct {
	file   *os.File
	data   []byte
	header *ringHeader
	slots  uint64
	lap    uint // shift from slot to lap
	tail   uint64
}

// NewRing makes a ring of so many events, a power of two.
func NewRing(slots uint64) (*Ring, error) {
	if slots == 0 || slots&(slots-1) != 0 {
		return nil, fmt.Errorf("a ring of %d events: it takes a power of two", slots)
	}
	fd, err := unix.MemfdCreate("alloclab-ring", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "memfd:alloclab-ring")
	size := int(unsafe.Sizeof(ringHeader{})) + int(slots)*int(unsafe.Sizeof(ringEvent{}))
	if err := file.Truncate(int64(size)); err != nil {
		file.Close()
		return nil, err
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		file.Close()
		return nil, fmt.Errorf("sealing the ring: %w", err)
	}
	data, err := unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("mmap of the ring: %w", err)
	}
	r := &Ring{file: file, data: data, header: (*ringHeader)(unsafe.Pointer(&data[0])), slots: slots}
	for 1<<r.lap < slots {
		r.lap++
	}
	*r.header = ringHeader{Magic: RingMagic, Version: RingVersion, Slots: slots}
	return r, nil
}

// File is the descriptor that the program inherits.
func (r *Ring) File() *os.File { return r.file }

// Close unmaps the ring.
func (r *Ring) Close() error {
	if err := unix.Munmap(r.data); err != nil {
		return err
	}
	r.data, r.header = nil, nil
	return r.file.Close()
}

// Pid is the process that reports, 0 where none does yet.
func (r *Ring) Pid() int { return int(atomic.LoadUint32(&r.header.Pid)) }

// Overrun says that the program waited too long for the lab and went on
// without reports: what is known of its blocks is no longer true.
func (r *Ring) Overrun() bool { return atomic.LoadUint64(&r.header.Overrun) != 0 }

// drainAtOnce is how many events are taken before the program learns of the room.
const drainAtOnce = 4096

// Drain hands what has been reported to visit, in order, and returns how many claimed
// events are not filled in yet: threads are in the middle of telling. The program is
// not trusted: its counter only says where to look.
func (r *Ring) Drain(visit func(RingEvent)) (pending uint64) {
	head := atomic.LoadUint64(&r.header.Head)
	first := unsafe.Pointer(unsafe.Add(unsafe.Pointer(r.header), unsafe.Sizeof(ringHeader{})))
	for r.tail != head {
		e := (*ringEvent)(unsafe.Add(first, uintptr(r.tail&(r.slots-1))*unsafe.Sizeof(ringEvent{})))
		what := atomic.LoadUint64(&e.What)
		if what>>ringLapShift != (r.tail>>r.lap+1)&(1<<(64-ringLapShift)-1) {
			break
		}
		visit(RingEvent{
			Kind: RingKind(what >> ringKindShift & (1<<(ringLapShift-ringKindShift) - 1)), Address: what & (1<<ringKindShift - 1), Size: e.Size,
		})
		if r.tail++; r.tail%drainAtOnce == 0 {
			atomic.StoreUint64(&r.header.Tail, r.tail)
		}
	}
	atomic.StoreUint64(&r.header.Tail, r.tail)
	return head - r.tail
}
