// Package wire speaks with a measured process: messages over a SEQPACKET
// socket, and a shared memfd with telemetry lanes and a window for lists. It
// mirrors workloads/kit/wire.h; a test compiles that header and compares every
// offset.
package wire

// Protocol constants of wire.h.
const (
	Version     = 1
	Magic       = 0x62616c636f6c6c61
	Environment = "ALLOCLAB_WIRE"
	TextMax     = 8000

	// A stamp with a number is madvise(StampAddress + number*StampStep, 0, …).
	StampAddress = 0x616c6c6f0000
	StampStep    = 0x10000
)

// Type is the type of a message.
type Type uint32

// Message types of wire.h.
const (
	Hello Type = 1
	Ready Type = 2
	Mark  Type = 3
	Done  Type = 4
	Fail  Type = 5

	Go      Type = 16
	Stats   Type = 17
	List    Type = 18
	Regions Type = 19
	Flush   Type = 20
	Purge   Type = 21
	Retire  Type = 22
	Resume  Type = 23
	Bye     Type = 24
	Stamp   Type = 25
	Poll    Type = 26
)

var typeNames = map[Type]string{
	Hello: "hello", Ready: "ready", Mark: "mark", Done: "done", Fail: "fail", Go: "go", Stats: "stats", List: "list",
	Regions: "regions", Flush: "flush", Purge: "purge", Retire: "retire", Resume: "resume", Bye: "bye", Stamp: "stamp", Poll: "poll",
}

func (t Type) String() string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	return "unknown message"
}

// Message is one message with its text.
type Message struct {
	Type Type
	A, B uint64
	Text string
}

// FailKind says why a target gave up (Message.A of Fail).
type FailKind uint64

// Kinds of failure of kit.h.
const (
	FailUsage       FailKind = 1
	FailOutOfMemory FailKind = 2
	FailCorruption  FailKind = 3
	FailInternal    FailKind = 4
)

// header is struct wire_header.
type header struct {
	Magic         uint64
	Version       uint32
	LaneCount     uint32
	LaneOffset    uint64
	WindowOffset  uint64
	WindowBytes   uint64
	LatencyOffset uint64
	TimerNS       uint64
	TotalBytes    uint64
}

// lane is struct wire_lane: 128 bytes, one writer.
type lane struct {
	Operations  uint64
	LiveBytes   int64
	LiveBlocks  int64
	Allocations uint64
	Frees       uint64
	NullReturns uint64
	Corruptions uint64
	WorkNS      uint64
	WorkCPUNS   uint64
	WaitNS      uint64
	Reserved    [6]uint64
}

// Sizes of struct wire_latency.
const (
	LatencyClasses = 8
	LatencySub     = 16
	LatencyBuckets = 592
)

// latency is struct wire_latency.
type latency struct {
	Count [2][LatencyClasses][LatencyBuckets]uint64
	Max   [2][LatencyClasses]uint64
}

// Block is struct wire_block: one live block of the workload.
type Block struct {
	Address   uint64
	Requested uint64
	Usable    uint64
}

// RegionKind says what a region is.
type RegionKind uint32

// Kinds of region of wire.h.
const (
	RegionLab     RegionKind = 1
	RegionStack   RegionKind = 2
	RegionLoad    RegionKind = 3
	RegionTLS     RegionKind = 4
	RegionRuntime RegionKind = 5
	// RegionUnmanaged is memory that a program mapped itself: only an agent tells of it.
	RegionUnmanaged RegionKind = 6
)

// Region is struct wire_region: memory that is no allocator's heap.
type Region struct {
	Start, End uint64
	Kind       RegionKind
	_          uint32
}
