package wire

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// TestRingLayout compiles the C header and compares what this side believes.
func TestRingLayout(t *testing.T) {
	want := []string{
		fmt.Sprint(uint64(RingVersion), uint64(RingMagic), " "+RingEnvironment+" ", ringKindShift, ringLapShift),
		fmt.Sprint(RingAllocated, RingFreed, RingMapped, RingUnmapped, RingStack, RingStarted),
		fmt.Sprint(unsafe.Sizeof(ringHeader{}), unsafe.Sizeof(ringEvent{}), unsafe.Offsetof(ringHeader{}.Pid), unsafe.Offsetof(ringHeader{}.Slots),
			unsafe.Offsetof(ringHeader{}.Overrun), unsafe.Offsetof(ringHeader{}.Head), unsafe.Offsetof(ringHeader{}.Tail), unsafe.Offsetof(ringEvent{}.Size)),
	}
	source := filepath.Join(t.TempDir(), "layout.c")
	if err := os.WriteFile(source, []byte(`
#include "ring.h"
#include <stddef.h>
#include <stdio.h>
int main(void)
{
	printf("%llu %llu %s %d %d\n", (unsigned long long)RING_VERSION, (unsigned long long)RING_MAGIC, RING_ENVIRONMENT, RING_KIND_SHIFT, RING_LAP_SHIFT);
	printf("%d %d %d %d %d %d\n", RING_ALLOCATED, RING_FREED, RING_MAPPED, RING_UNMAPPED, RING_STACK, RING_STARTED);
	printf("%zu %zu %zu %zu %zu %zu %zu %zu\n", sizeof(struct ring_header), sizeof(struct ring_event), offsetof(struct ring_header, pid),
	       offsetof(struct ring_header, slots), offsetof(struct ring_header, overrun), offsetof(struct ring_header, head),
	       offsetof(struct ring_header, tail), offsetof(struct ring_event, size));
	return 0;
}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "layout")
	if out, err := exec.Command("cc", "-I../../workloads/agent/census", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != strings.Join(want, "\n") {
		t.Errorf("ring.h says\n%s\nthis package\n%s", got, strings.Join(want, "\n"))
	}
}

// agent builds the census agent, and a program of this test.
func agent(t *testing.T, program string) (library, path string) {
	t.Helper()
	dir := t.TempDir()
	library = filepath.Join(dir, "libcensus.so")
	sources, _ := filepath.Glob("../../workloads/agent/census/*.c")
	arguments := append([]string{"-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-builtin", "-pthread", "-o", library}, sources...)
	if out, err := exec.Command("cc", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	source := filepath.Join(dir, "program.cc")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "program")
	if out, err := exec.Command("g++", "-O1", "-fno-builtin", "-pthread", "-o", path, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return library, path
}

// reported runs a program under the agent and returns what it printed and what was reported.
func reported(t *testing.T, slots uint64, library, program string, preload ...string) (output string, events []RingEvent) {
	t.Helper()
	ring, err := NewRing(slots)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	cmd := exec.Command(program)
	if !slices.Contains(preload, "libmimalloc.so.2.0") { // whose operator new aborts where others throw
		cmd.Args = append(cmd.Args, "throw")
	}
	cmd.Env = []string{"LD_PRELOAD=" + strings.Join(append([]string{library}, preload...), ":"), RingEnvironment + "=3"}
	cmd.ExtraFiles = []*os.File{ring.File()}
	done := make(chan error, 1)
	var out []byte
	go func() {
		var err error
		out, err = cmd.Output()
		done <- err
	}()
	take := func(e RingEvent) { events = append(events, e) }
	for ended := false; !ended; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			ended = true
		case <-time.After(100 * time.Microsecond):
		}
		ring.Drain(take)
	}
	if pending := ring.Drain(take); pending != 0 || ring.Overrun() {
		t.Errorf("%d events are pending after the end, overrun: %v", pending, ring.Overrun())
	}
	if ring.Pid() != cmd.Process.Pid {
		t.Errorf("process %d reports, want %d", ring.Pid(), cmd.Process.Pid)
	}
	return string(out), events
}

// everyCall keeps one block of each way to get one, from four threads that churn
// meanwhile, and prints address and usable size of what it keeps.
const everyCall = `
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void keep(void *p) { if (!p) abort(); std::printf("%p %zu\n", p, malloc_usable_size(p)); }
static void *churn(void *)
{
	void *held[100] = {};
	for (unsigned i = 0; i < 50000; i++) {
		void *&slot = held[i * 7919u % 100];
		free(slot);
		slot = i % 3 ? malloc(i % 2000) : realloc(malloc(10), i % 5000 + 1);
	}
	for (void *p : held)
		free(p);
	return nullptr;
}
struct alignas(64) Wide { char bytes[64]; };
int main(int argc, char **)
{
	setvbuf(stdout, nullptr, _IONBF, 0);
	pthread_t t[4];
	for (auto &id : t) pthread_create(&id, nullptr, churn, nullptr);
	for (auto id : t) pthread_join(id, nullptr);
	void *p = nullptr;
	keep(malloc(100));
	keep(calloc(10, 30));
	keep(realloc(malloc(20), 3000));
	keep(realloc(nullptr, 40));
	keep(reallocarray(nullptr, 5, 50));
	if (posix_memalign(&p, 4096, 5000)) return 1;
	keep(p);
	keep(aligned_alloc(64, 640));
	keep(memalign(256, 100));
	keep(valloc(100));
	keep(new char[77]);
	keep(new int);
	keep(new Wide);
	keep(new (std::nothrow) char[9]);
	free(nullptr);
	free(realloc(malloc(5), 0)); // NULL here, a block there
	void *kept = malloc(1000);
	if (realloc(kept, size_t(1) << 62)) return 3; // fails, and the block is as it was
	keep(kept);
	if (argc > 1) try { keep(new char[size_t(1) << 62]); return 4; } catch (std::bad_alloc &) {}
	delete new int; delete[] new char[10]; delete new Wide;
	if (fork() == 0) { for (int i = 0; i < 1000; i++) (void)malloc(10); _exit(0); } // a child's are not reported
	wait(nullptr);
	p = mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	std::printf("mapped %p\n", p);
	_exit(0);
}
`

// TestAgent: what the agent reports of a program is what the program holds,
// under every allocator, also where the ring is far too small for its hurry.
func TestAgent(t *testing.T) {
	library, program := agent(t, everyCall)
	for _, allocator := range []string{"", "libjemalloc.so.2", "libtcmalloc.so.4", "libmimalloc.so.2.0", "libtbbmalloc_proxy.so.2"} {
		for _, slots := range []uint64{1 << 16, 1024} {
			t.Run(fmt.Sprintf("%s/%d", allocator, slots), func(t *testing.T) {
				var preload []string
				if allocator != "" {
					preload = []string{allocator}
				}
				out, events := reported(t, slots, library, program, preload...)
				live := map[uint64]uint64{}
				mapped, stacks := map[uint64]uint64{}, 0
				for _, e := range events {
					switch e.Kind {
					case RingAllocated:
						if _, held := live[e.Address]; held {
							t.Fatalf("%#x is given out twice", e.Address)
						}
						if live[e.Address] = e.Size; e.Size == 0 {
							t.Errorf("the block at %#x has no size", e.Address)
						}
					case RingFreed:
						if _, held := live[e.Address]; !held {
							t.Fatalf("%#x is freed and was never given out", e.Address)
						}
						delete(live, e.Address)
					case RingMapped:
						mapped[e.Address] = e.Size
					case RingStack:
						stacks++
					}
				}
				if stacks < 4 {
					t.Errorf("%d stacks of 4 threads", stacks)
				}
				kept := 0
				for line := range strings.Lines(out) {
					var address, size uint64
					if n, _ := fmt.Sscanf(line, "mapped 0x%x", &address); n == 1 {
						if mapped[address] != 1<<20 {
							t.Errorf("its own mapping at %#x is reported with %d bytes", address, mapped[address])
						}
						continue
					}
					if n, _ := fmt.Sscanf(line, "0x%x %d", &address, &size); n != 2 {
						t.Fatalf("the program says %q", line)
					}
					if kept++; live[address] != size {
						t.Errorf("block %d at %#x of %d bytes is reported with %d", kept, address, size, live[address])
					}
					delete(live, address)
				}
				if kept != 14 {
					t.Errorf("%d blocks are kept, want 14", kept)
				}
				if len(live) > 16 { // the C++ runtime's emergency pool, and of each cached stack a table of TLS
					t.Errorf("%d blocks are reported live and the program does not hold them: %v", len(live), live)
				}
			})
		}
	}
}
