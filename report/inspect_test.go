package report

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alloclab/results"
)

// service is a Go program with C in it that was watched as it ran.
func service() *results.Inspection {
	n := func(v int64) *int64 { return &v }
	i := &results.Inspection{
		Process: results.InspectedTask{PID: 4711, Name: "service\x1b[2J", Exe: "/srv/service", UID: 33, User: "www-data", Threads: 8, Up: 7260},
		Look:    results.Look{Took: 0.0342, KindsTook: 0.011, RSSBefore: 233 << 20, RSSAfter: 235 << 20, KindsSum: 234_000 << 10, MapsChanged: true},
		Memory: results.InspectedMemory{RSS: 234_120 << 10, HWM: 300 << 20, Swap: 4096, LazyFree: 1 << 20, HugePages: 2 << 20, Hugetlb: 2 << 20,
			Locked: 0, THP: "madvise"},
		Kinds:    []results.MemoryKind{{Name: results.KindBrk, RSS: 8 << 10, Size: 132 << 10, Mappings: 1}, {Name: results.KindArenas, RSS: 184_032 << 10, Size: 458_752 << 10, Mappings: 14}},
		Serves:   &results.Server{Allocator: "ptmalloc", Object: "/lib/libc.so.6", Evidence: "the program's malloc is bound to it", Proved: true},
		Found:    []results.Server{{Allocator: "ptmalloc", Object: "/lib/libc.so.6", Evidence: "is mapped and has __libc_malloc"}, {Allocator: "jemalloc", Object: "/lib/libjemalloc.so.2", Evidence: "is mapped and has mallctl"}},
		Go:       &results.GoRuntime{Version: "go1.26.8", Cgo: true, Heap: 26 << 20},
		Settings: []string{"MALLOC_ARENA_MAX=2", "GLIBC_TUNABLES=x\n"},
		Ptmalloc: &results.PtmallocHeaps{RSS: 61_296 << 10, Arenas: []results.InspectedArena{
			{Threads: n(1), System: n(132 << 10), Top: n(126 << 10), Heaps: []results.InspectedHeap{{Start: 0x3a4d7000, Size: 132 << 10, Writable: 132 << 10, RSS: 8 << 10}}},
			{Number: 1, Heaps: []results.InspectedHeap{{Start: 0x7fec20000000, Size: 61288 << 10, Writable: 62632 << 10, RSS: 61288 << 10}}},
		}},
		Missing:   []results.Missing{{What: "its environment", Why: "permission denied", Remedy: "sudo alloclab inspect 4711"}},
		Questions: []results.Question{{Question: "how much is in use", Command: "gdb -p 4711", Warnings: []string{"it stops"}}, {Question: "how much a trim gives", Command: "gdb", Warnings: []string{"it stops", "it is changed"}}},
	}
	for range maxHeapLines + 3 {
		i.Ptmalloc.Arenas[1].Heaps = append(i.Ptmalloc.Arenas[1].Heaps, i.Ptmalloc.Arenas[1].Heaps[0])
	}
	return i
}

func TestInspection(t *testing.T) {
	none := service()
	none.Kinds, none.Serves, none.Found, none.Go, none.Ptmalloc, none.Questions, none.Missing = nil, nil, nil, nil, nil, nil, nil
	pure := service()
	pure.Serves, pure.Found, pure.Ptmalloc, pure.Settings, pure.Go.Cgo, pure.Missing = nil, nil, nil, nil, false, nil
	pure.Look.KindsSum, pure.Memory.Hugetlb, pure.Memory.THPDisallowed, pure.Process.Threads = pure.Memory.RSS, 0, true, 1
	deduced := service()
	deduced.Serves.Proved, deduced.Serves.Evidence, deduced.Missing, deduced.Ptmalloc = false, "deduced: it comes first in the order in which malloc is searched", nil, nil
	for name, i := range map[string]*results.Inspection{"inspect": service(), "inspect-no-access": none, "inspect-pure-go": pure, "inspect-deduced": deduced} {
		var out strings.Builder
		if err := Inspection(&out, i); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s (-golden +now; -update if it is right):\n%s", name, diff)
		}
	}
	if err := Inspection(fullDisk{}, service()); err == nil {
		t.Error("a writer that fails is not noticed")
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }
