package census

import (
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"alloclab/runner/proc"
	"alloclab/runner/wire"
)

// adjacent are n blocks of 16 to 1039 bytes, one behind the other as in a heap, in runs of 64 MiB.
func adjacent(n int) []wire.Block {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]wire.Block, n)
	at := uint64(0x7f00_0000_0000)
	for i := range list {
		size := 16 + r.Uint64N(1024)
		usable := (size+8+15)/16*16 - 8
		list[i] = wire.Block{Address: at + 16, Requested: size, Usable: usable}
		at += usable + 8
	}
	return list
}

// BenchmarkAdd: the bar is 30 ns a block in all that the runner does of a census.
func BenchmarkAdd(b *testing.B) {
	const n = 1 << 20
	list := adjacent(n)
	random := append([]wire.Block(nil), list...)
	rand.New(rand.NewPCG(3, 4)).Shuffle(n, func(i, j int) { random[i], random[j] = random[j], random[i] })
	pages := make([]wire.Block, 1<<16)
	for i := range pages {
		pages[i] = wire.Block{Address: 0x7f00_0000_0010 + uint64(i)*4112, Requested: 4096, Usable: 4104}
	}
	for _, c := range []struct {
		name string
		list []wire.Block
	}{{"address-order", list}, {"random-order", random}, {"pages", pages}} {
		b.Run(c.name, func(b *testing.B) {
			blocks := NewBlocks(4096)
			for b.Loop() {
				blocks.Reset()
				for part := c.list; len(part) > 0; { // a window's worth at a time, as over the wire
					n := min(43690, len(part))
					blocks.Add(part[:n])
					part = part[n:]
				}
			}
			if blocks.faults != nil {
				b.Fatal(blocks.faults)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(c.list)), "ns/block")
		})
	}
}

// BenchmarkLedger counts a real page table: the bar is 10 ms a GB resident.
func BenchmarkLedger(b *testing.B) {
	const size = 1 << 30
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Munmap(memory) //nolint:errcheck // the end of the benchmark
	_ = unix.Madvise(memory, unix.MADV_NOHUGEPAGE)
	for i := 0; i < size; i += 4096 {
		memory[i] = 1
	}
	start := addressOf(memory)
	self, err := proc.NewFS("/").Open(os.Getpid())
	if err != nil {
		b.Fatal(err)
	}
	defer self.Close()
	ranges := []Range{{Start: start, End: start + size, Account: Heap, PrivateAnonymous: true}}
	for name, every := range map[string]uint64{"half-of-the-pages-held": 2 * 4096, "no-blocks": 0} {
		b.Run(name, func(b *testing.B) {
			pagemap, err := self.OpenPagemap()
			if err != nil {
				b.Fatal(err)
			}
			defer pagemap.Close()
			blocks := NewBlocks(4096)
			for at := start; every > 0 && at < start+size; at += every {
				blocks.Add([]wire.Block{{Address: at, Requested: 100, Usable: 128}})
			}
			for b.Loop() {
				l, err := blocks.Ledger(ranges, pagemap, proc.Resident)
				if err != nil {
					b.Fatal(err)
				}
				if l.Total() != size {
					b.Fatalf("%+v", l)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N)*float64(1<<30)/size, "ms/GiB")
		})
	}
}
