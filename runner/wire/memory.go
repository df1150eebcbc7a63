package wire

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory is the shared memfd, as the lab sees it. The target sizes and lays it
// out between Go and Ready.
type Memory struct {
	file *os.File
	data []byte
	head *header // a copy, so that what was checked stays as it was
}

// NewMemory makes an empty memfd for one target.
func NewMemory() (*Memory, error) {
	fd, err := unix.MemfdCreate("alloclab", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	return &Memory{file: os.NewFile(uintptr(fd), "memfd:alloclab")}, nil
}

// File is the descriptor that the target inherits.
func (m *Memory) File() *os.File { return m.file }

// Attach maps the memory after Ready. What the target wrote is not trusted:
// every offset is checked against the memfd's size, which cannot shrink any
// more: reading a mapping beyond the end of its file is a SIGBUS.
func (m *Memory) Attach() error {
	if _, err := unix.FcntlInt(m.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		return fmt.Errorf("sealing the lab's memory: %w", err)
	}
	info, err := m.file.Stat()
	if err != nil {
		return fmt.Errorf("the lab's memory: %w", err)
	}
	size := uint64(info.Size())
	if size < 4096 {
		return fmt.Errorf("the lab's memory has only %d bytes", size)
	}
	var page [4096]byte
	if _, err := m.file.ReadAt(page[:], 0); err != nil {
		return fmt.Errorf("the lab's memory: %w", err)
	}
	h := (*header)(unsafe.Pointer(&page[0]))
	if err := h.check(size); err != nil {
		return err
	}
	// Only the header, lanes and window are of use here: the rest is the workload's.
	shared := max(h.WindowOffset+h.WindowBytes, h.latencyEnd())
	if m.data, err = unix.Mmap(int(m.file.Fd()), 0, int(shared), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("mmap of the lab's memory: %w", err)
	}
	m.head = h
	return nil
}

func (h *header) check(size uint64) error {
	switch {
	case h.Magic != Magic:
		return fmt.Errorf("the lab's memory begins with %#x instead of %#x", h.Magic, uint64(Magic))
	case h.Version != Version:
		return fmt.Errorf("the measured program speaks version %d of the wire, this lab version %d: build both again", h.Version, Version)
	case h.LaneCount == 0 || h.LaneCount > laneMax || h.LaneOffset%128 != 0 || h.LaneOffset < uint64(unsafe.Sizeof(*h)) || h.LaneOffset > size,
		h.WindowOffset%8 != 0 || h.WindowOffset > size || h.LaneOffset+uint64(h.LaneCount)*laneBytes > h.WindowOffset,
		h.WindowBytes > size-h.WindowOffset,
		h.LatencyOffset%8 != 0 || h.LatencyOffset > size || h.latencyEnd() > size:
		return fmt.Errorf("the lab's memory is laid out beyond its %d bytes: %+v", size, *h)
	}
	return nil
}

// latencyEnd is where the histograms end; 0 where there are none. LaneCount
// has 32 bits, so nothing overflows once LatencyOffset is below the size.
func (h *header) latencyEnd() uint64 {
	if h.LatencyOffset == 0 {
		return 0
	}
	return h.LatencyOffset + uint64(h.LaneCount)*uint64(unsafe.Sizeof(latency{}))
}

const (
	laneBytes = uint64(unsafe.Sizeof(lane{}))
	laneMax   = 1 << 16 // far above KIT_THREADS_MAX: the sampler reads every lane at every tick
)

// Detach unmaps the memory until the next Attach: a page that the lab maps too
// would count half in the target's PSS.
func (m *Memory) Detach() error {
	if m.data == nil {
		return nil
	}
	err := unix.Munmap(m.data)
	m.data, m.head = nil, nil
	return err
}

// Close unmaps the memory and closes the descriptor.
func (m *Memory) Close() error {
	if err := m.Detach(); err != nil {
		return err
	}
	return m.file.Close()
}

// Telemetry is the sum of all lanes at one reading.
type Telemetry struct {
	Operations  uint64
	LiveBytes   int64
	LiveBlocks  int64
	Allocations uint64
	Frees       uint64
	Work        []Work // per worker that had timed work, in lane order
}

// Work is one thread's timed part, in ns.
type Work struct {
	WallNS, CPUNS, WaitNS uint64
	Operations            uint64
}

func (m *Memory) lane(i uint32) *lane {
	return (*lane)(unsafe.Pointer(&m.data[m.head.LaneOffset+uint64(i)*laneBytes]))
}

// Live sums what the sampler needs, without allocating. Lanes are read one
// after the other while their owners write: a block that moves between threads
// in that time may be missed or counted twice for one reading.
func (m *Memory) Live() (operations uint64, liveBytes int64) {
	for i := range m.head.LaneCount {
		l := m.lane(i)
		operations += atomic.LoadUint64(&l.Operations)
		liveBytes += atomic.LoadInt64(&l.LiveBytes)
	}
	return operations, liveBytes
}

// Telemetry sums all lanes.
func (m *Memory) Telemetry() Telemetry {
	var t Telemetry
	for i := range m.head.LaneCount {
		l := m.lane(i)
		operations := atomic.LoadUint64(&l.Operations)
		t.Operations += operations
		t.LiveBytes += atomic.LoadInt64(&l.LiveBytes)
		t.LiveBlocks += atomic.LoadInt64(&l.LiveBlocks)
		t.Allocations += atomic.LoadUint64(&l.Allocations)
		t.Frees += atomic.LoadUint64(&l.Frees)
		if ns := atomic.LoadUint64(&l.WorkNS); ns > 0 {
			t.Work = append(t.Work, Work{
				WallNS: ns, CPUNS: atomic.LoadUint64(&l.WorkCPUNS), WaitNS: atomic.LoadUint64(&l.WaitNS), Operations: operations,
			})
		}
	}
	return t
}

// Window is the first n bytes of the window. It is valid until the next command.
func (m *Memory) Window(n uint64) ([]byte, error) {
	if n > m.head.WindowBytes {
		return nil, fmt.Errorf("the measured process says it wrote %d bytes into a window of %d", n, m.head.WindowBytes)
	}
	return m.data[m.head.WindowOffset : m.head.WindowOffset+n], nil
}

// Blocks is the first n entries of a block list in the window.
func (m *Memory) Blocks(n uint64) ([]Block, error) { return entries[Block](m, n) }

// Regions is the first n regions in the window.
func (m *Memory) Regions(n uint64) ([]Region, error) { return entries[Region](m, n) }

func entries[T any](m *Memory, n uint64) ([]T, error) {
	var one T
	size := uint64(unsafe.Sizeof(one))
	if n > m.head.WindowBytes/size {
		return nil, fmt.Errorf("the measured process says it wrote %d entries of %d bytes into a window of %d", n, size, m.head.WindowBytes)
	}
	if n == 0 {
		return nil, nil
	}
	b, err := m.Window(n * size)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n), nil
}
