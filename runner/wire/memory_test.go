package wire

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// layout is a right header for two lanes, a window of one page and 16 KiB.
func layout() header {
	return header{
		Magic: Magic, Version: Version, LaneCount: 2, LaneOffset: 4096,
		WindowOffset: 8192, WindowBytes: 4096, TotalBytes: 16384,
	}
}

// target is what a measured process would make of the memfd.
func target(t testing.TB, h header, size int64) *Memory {
	t.Helper()
	m, err := NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := m.File().Truncate(size); err != nil {
		t.Fatal(err)
	}
	if size >= int64(unsafe.Sizeof(h)) {
		put(t, m, 0, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)))
	}
	return m
}

func put(t testing.TB, m *Memory, at int64, b []byte) {
	t.Helper()
	if _, err := m.File().WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

func bytesOf[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

func TestAttach(t *testing.T) {
	m := target(t, layout(), 16384)
	one := lane{Operations: 10, LiveBytes: 500, LiveBlocks: 5, Allocations: 12, Frees: 7, WorkNS: 9, WorkCPUNS: 8, WaitNS: 1}
	two := lane{Operations: 1, LiveBytes: -100, LiveBlocks: -1, Allocations: 2, Frees: 3}
	put(t, m, 4096, bytesOf(&one))
	put(t, m, 4096+128, bytesOf(&two))
	block := Block{Address: 1 << 40, Requested: 5, Usable: 8}
	put(t, m, 8192+24, bytesOf(&block))
	if err := m.Attach(); err != nil {
		t.Fatal(err)
	}
	if ops, live := m.Live(); ops != 11 || live != 400 {
		t.Errorf("%d operations, %d live bytes", ops, live)
	}
	s := m.Telemetry()
	if s.Operations != 11 || s.LiveBytes != 400 || s.LiveBlocks != 4 || s.Allocations != 14 || s.Frees != 10 ||
		len(s.Work) != 1 || s.Work[0] != (Work{WallNS: 9, CPUNS: 8, WaitNS: 1, Operations: 10}) {
		t.Errorf("%+v", s)
	}
	blocks, err := m.Blocks(2)
	if err != nil || len(blocks) != 2 || blocks[1] != block {
		t.Errorf("%v, %v", blocks, err)
	}
	if blocks, err := m.Blocks(0); len(blocks) != 0 || err != nil {
		t.Errorf("%v, %v", blocks, err)
	}
	if _, err := m.Blocks(4096 / 24); err != nil {
		t.Error(err)
	}
	for _, n := range []uint64{4096/24 + 1, 1 << 61, 1<<64 - 1} {
		if _, err := m.Blocks(n); err == nil {
			t.Errorf("%d blocks were read from a window of 4096 bytes", n)
		}
		if _, err := m.Regions(n); err == nil {
			t.Errorf("%d regions were read from a window of 4096 bytes", n)
		}
	}
	if b, err := m.Window(4096); err != nil || len(b) != 4096 {
		t.Error(len(b), err)
	}
	for _, n := range []uint64{4097, 1<<64 - 1} {
		if _, err := m.Window(n); err == nil {
			t.Errorf("%d bytes were read from a window of 4096", n)
		}
	}
}

func TestAttachWithLatency(t *testing.T) {
	h := layout()
	h.LatencyOffset, h.TimerNS = 12288, 30
	m := target(t, h, 12288+2*int64(unsafe.Sizeof(latency{})))
	var l latency
	l.Count[1][7][591], l.Max[1][7] = 3, 1<<40
	put(t, m, 12288+int64(unsafe.Sizeof(l)), bytesOf(&l))
	if err := m.Attach(); err != nil {
		t.Fatal(err)
	}
	all, timer, ok := m.Latency()
	if !ok || timer != 30 || all[1][7].Total != 3 || all[1][7].Max != 1<<40 || all[0][0].Total != 0 {
		t.Errorf("%v %v %v", ok, timer, all[1][7].Total)
	}
}

// Whatever a target writes there, Attach answers with an error.
func TestAttachRefusesHostileHeaders(t *testing.T) {
	const size = 16384
	for name, change := range map[string]func(*header){
		"no magic":                    func(h *header) { h.Magic = 0 },
		"another version":             func(h *header) { h.Version = Version + 1 },
		"no lanes":                    func(h *header) { h.LaneCount = 0 },
		"one lane too many":           func(h *header) { h.LaneCount = 33 },
		"most lanes":                  func(h *header) { h.LaneCount = 1<<32 - 1 },
		"lanes in the header":         func(h *header) { h.LaneOffset = 0 },
		"lanes askew":                 func(h *header) { h.LaneOffset = 4097 },
		"lanes beyond the end":        func(h *header) { h.LaneOffset = 1 << 20 },
		"lanes that wrap":             func(h *header) { h.LaneOffset = 1<<64 - 128 },
		"lanes that wrap to 0":        func(h *header) { h.LaneOffset = 1<<64 - 256 },
		"window in the lanes":         func(h *header) { h.WindowOffset = 4096 },
		"window askew":                func(h *header) { h.WindowOffset = 8193 },
		"window beyond the end":       func(h *header) { h.WindowOffset = size + 8 },
		"window too long":             func(h *header) { h.WindowBytes = size - 8192 + 1 },
		"window that wraps":           func(h *header) { h.WindowOffset, h.WindowBytes = 1<<64-8, 16 },
		"longest window":              func(h *header) { h.WindowBytes = 1<<64 - 1 },
		"latency beyond the end":      func(h *header) { h.LatencyOffset = size },
		"latency that does not fit":   func(h *header) { h.LatencyOffset = 8 },
		"latency that wraps":          func(h *header) { h.LatencyOffset = 1<<64 - 8 },
		"latency askew and elsewhere": func(h *header) { h.LatencyOffset = 4097 },
	} {
		h := layout()
		change(&h)
		m := target(t, h, size)
		if err := m.Attach(); err == nil {
			t.Errorf("%s: attached", name)
		}
	}
	for _, size := range []int64{0, 1, 64, 4095} {
		if err := target(t, layout(), size).Attach(); err == nil {
			t.Errorf("a memory of %d bytes was attached", size)
		}
	}
	// More than the address space: the memfd is sparse, mmap must say no.
	h := layout()
	h.WindowBytes = 1 << 60
	if err := target(t, h, 1<<61).Attach(); err == nil {
		t.Error("a window of 2^60 bytes was mapped")
	}
	// A lane count that the sampler could not read at every tick.
	h = layout()
	h.LaneCount, h.WindowOffset = 1<<20, 1<<28
	if err := target(t, h, 1<<29).Attach(); err == nil || !strings.Contains(err.Error(), "laid out") {
		t.Errorf("a million lanes: %v", err)
	}
}

// What was checked holds, although the target may write the header again.
func TestHeaderCannotChangeAfterAttach(t *testing.T) {
	m := target(t, layout(), 16384)
	if err := m.Attach(); err != nil {
		t.Fatal(err)
	}
	h := layout()
	h.LaneCount, h.LaneOffset, h.WindowOffset, h.WindowBytes, h.LatencyOffset = 1<<32-1, 1<<62, 1<<62, 1<<63, 1<<62
	put(t, m, 0, bytesOf(&h))
	m.Live()
	m.Telemetry()
	if _, _, ok := m.Latency(); ok {
		t.Error("a histogram came up after Attach")
	}
	if _, err := m.Blocks(1 << 40); err == nil {
		t.Error("the window grew after Attach")
	}
	if b, err := m.Window(8); err != nil || len(b) != 8 {
		t.Error(b, err)
	}
}

// A target that shrinks the memory would kill the lab with SIGBUS at its next look.
func TestMemoryCannotShrink(t *testing.T) {
	if os.Getenv("WIRE_TEST_SHRINK") == "" {
		// In a process of its own: a SIGBUS kills it, not all tests.
		cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryCannotShrink$")
		cmd.Env = append(os.Environ(), "WIRE_TEST_SHRINK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	m := target(t, layout(), 16384)
	if err := m.Attach(); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 4096, 16383} {
		if err := m.File().Truncate(size); !errors.Is(err, unix.EPERM) {
			t.Errorf("truncating to %d: %v", size, err)
		}
	}
	m.Live()
	if _, err := m.Window(4096); err != nil {
		t.Error(err)
	}
	// A hole may still be punched; it reads as zeros.
	if err := unix.Fallocate(int(m.File().Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 16384); err != nil {
		t.Fatal(err)
	}
	if ops, live := m.Live(); ops != 0 || live != 0 {
		t.Error(ops, live)
	}
}

// A target that sealed its memory against seals cannot be trusted not to shrink it.
func TestAttachRefusesSealedMemory(t *testing.T) {
	m := target(t, layout(), 16384)
	if _, err := unix.FcntlInt(m.File().Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL); err != nil {
		t.Fatal(err)
	}
	if err := m.Attach(); err == nil || !strings.Contains(err.Error(), "seal") {
		t.Errorf("attached: %v", err)
	}
}

func FuzzAttach(f *testing.F) {
	good := layout()
	f.Add(bytesOf(&good), int64(16384))
	far := layout()
	far.LaneOffset, far.WindowOffset, far.WindowBytes, far.LatencyOffset = 1<<63, 1<<63, 1<<63, 1<<63
	f.Add(bytesOf(&far), int64(1<<40))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		m, err := NewMemory()
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		size = min(max(size, 0), 1<<40) // sparse
		if m.File().Truncate(size) != nil {
			return
		}
		put(t, m, 0, head[:min(int64(len(head)), size, 4096)])
		if m.Attach() != nil {
			return
		}
		m.Live()
		m.Telemetry()
		if _, err := m.Window(m.head.WindowBytes); err != nil {
			t.Error(err)
		}
		if m.head.LaneCount < 64 {
			m.Latency()
		}
		if _, err := m.Blocks(m.head.WindowBytes/24 + 1); err == nil {
			t.Error("more blocks than the window holds")
		}
	})
}
