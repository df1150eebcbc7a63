package runner

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alloclab/configs"
	"alloclab/results"
)

const page = 4096

// tiny is threads4k as small as it shows everything.
func tiny(allocator string) setup {
	return setup{Variant: configs.Variant{Allocator: allocator}, workload: "threads4k",
		params: map[string]any{"threads": int64(2), "blocks": int64(100), "operations": int64(5000), "idle": 0.05}}
}

func TestThreads4k(t *testing.T) {
	for _, allocator := range linked {
		t.Run(allocator, func(t *testing.T) {
			r := measure(context.Background(), t, tiny(allocator))
			wantOK(t, r)
			want := []string{"baseline", "hold", "freed", "idle", "purged", "flushed", "exited"}
			if allocator == "ptmalloc" { // has no call to flush a thread's cache
				want = slices.Delete(want, 5, 6)
			}
			if got := marksOf(r); !slices.Equal(got, want) {
				t.Errorf("marks %v, want %v", got, want)
			}
			lab := r.Marks[0].Ledger.Lab
			for _, m := range r.Marks {
				blocks := int64(0)
				if m.Name == results.MarkHold {
					blocks = 2*100 + 1
				}
				if m.Blocks != blocks || m.Asked != blocks*page || m.Ledger.Live != blocks*page {
					t.Errorf("%s: %d blocks, %d bytes asked for, %d live", m.Name, m.Blocks, m.Asked, m.Ledger.Live)
				}
				if m.Usable < m.Asked || m.Ledger.Rounding > m.Usable-m.Asked || m.HWM == 0 || m.AllocatorStats == nil {
					t.Errorf("%s: %+v", m.Name, m)
				}
				if m.Ledger.Lab != lab || lab == 0 {
					t.Errorf("%s: the lab's own memory is %d, at baseline %d", m.Name, m.Ledger.Lab, lab)
				}
				if (m.Outside != nil) != (allocator == "ptmalloc") {
					t.Errorf("%s: %+v", m.Name, m.Outside)
				}
			}
			hold := r.Mark(results.MarkHold)
			if allocator == "ptmalloc" {
				if n := hold.AllocatorStats.Arenas; n == nil || *n != 3 {
					t.Errorf("%v arenas at hold", n)
				}
				if *hold.Outside != (results.Outside{Arenas: 3, Heaps: 2}) {
					t.Errorf("from outside %+v at hold", hold.Outside)
				}
				if *r.Marks[0].Outside != (results.Outside{Arenas: 1}) {
					t.Errorf("from outside %+v at baseline", r.Marks[0].Outside)
				}
			}
			if r.Proof.Dialect != allocator || r.Proof.ServedBy == "" || r.Proof.Version == "" {
				t.Errorf("%+v", r.Proof)
			}
			m := r.Metrics
			if m[results.MetricOpsPerS] <= 0 || m[results.MetricRSSHold] != float64(hold.RSS-lab) || m[results.MetricRSSPeak] < m[results.MetricRSSHold] ||
				m[results.MetricMinorFaults] < 200 {
				t.Errorf("%v", m)
			}
			warnings := slices.DeleteFunc(slices.Clone(r.Warnings), func(w string) bool {
				return strings.Contains(w, "the series is sparse") // a busy machine, as beside other tests
			})
			if r.Exit.Code != 0 || r.Exit.Signal != "" || len(warnings) > 0 && !r.Starved() {
				t.Errorf("exit %+v, warnings %q", r.Exit, warnings)
			}
		})
	}
}

func TestOperationsAreCounted(t *testing.T) {
	s := tiny("ptmalloc")
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	// ops/s x the slowest thread's time is all operations: both threads' 5000.
	if s := r.Metrics[results.MetricOpsPerS]; s <= 0 || r.Metrics[results.MetricWall] < 10000/s {
		t.Errorf("%v", r.Metrics)
	}
}

func TestJemallocBackgroundThreads(t *testing.T) {
	s := tiny("jemalloc")
	s.Knobs = map[string]any{"background_thread": true, "dirty_decay_ms": int64(100)}
	s.params["idle"] = 0.5
	s.params["blocks"] = int64(4000)
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	if len(r.Marks) != 7 {
		t.Errorf("marks %v", marksOf(r))
	}
	if e := r.Proof.KnobsEffective; e["background_thread"] != "true" || e["dirty_decay_ms"] != "100" {
		t.Errorf("%v", e)
	}
}

func TestGoRuntime(t *testing.T) {
	s := tiny("ptmalloc")
	plain := measure(context.Background(), t, s)
	s.runtime = "go"
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	own, theirs := plain.Mark(results.MarkHold), r.Mark(results.MarkHold)
	if *theirs.AllocatorStats.Arenas < *own.AllocatorStats.Arenas || theirs.RSS < own.RSS+1<<20 {
		t.Errorf("with the Go runtime %d arenas and %d bytes, without %d and %d",
			*theirs.AllocatorStats.Arenas, theirs.RSS, *own.AllocatorStats.Arenas, own.RSS)
	}
	if theirs.Asked != own.Asked {
		t.Errorf("%d bytes asked for, without the Go runtime %d", theirs.Asked, own.Asked)
	}
}

// deltas are what each account grew by from baseline to hold.
func deltas(r results.Trial) results.Ledger {
	a, b := r.Mark(results.MarkBaseline).Ledger, r.Mark(results.MarkHold).Ledger
	return results.Ledger{Lab: b.Lab - a.Lab, Other: b.Other - a.Other, Live: b.Live - a.Live, Rounding: b.Rounding - a.Rounding, Pinned: b.Pinned - a.Pinned, Empty: b.Empty - a.Empty}
}

// within is n, or the bound that it lies beyond.
func within(n, low, high int64) int64 { return min(max(n, low), high) }

// TestAccounts puts 1 MiB into one place and sees that account alone move, by
// 256 pages. What the allocator itself touches for that is its `empty` pages.
func TestAccounts(t *testing.T) {
	const mib = 256 * page
	for _, allocator := range linked {
		for _, place := range []string{"none", "stack", "bss", "map", "memfd", "zero", "live", "rounding", "pinned"} {
			t.Run(allocator+"/"+place, func(t *testing.T) {
				r := measure(context.Background(), t, setup{Variant: configs.Variant{Allocator: allocator}, workload: "accounts", params: map[string]any{"place": place}})
				wantOK(t, r)
				d := deltas(r)
				want := results.Ledger{}
				switch place {
				case "stack", "bss", "memfd":
					want.Other = mib
				case "map": // the lab cannot tell it from a heap
					want.Empty = mib
				case "live", "rounding":
					want.Live = map[string]int64{"live": mib, "rounding": 1}[place]
					// The extent is 1 MiB and up to 16 bytes; it begins in the middle of a page or not.
					want.Rounding = within(d.Rounding, mib-want.Live, mib-want.Live+16)
					want.Pinned = within(d.Pinned, 0, page)
				case "pinned":
					want.Live = 16 * 256
					want.Rounding = within(d.Rounding, 0, 8*256)
					want.Pinned = mib - want.Live - want.Rounding
				}
				if want.Empty == 0 && want.Live > 0 {
					want.Empty = within(d.Empty, -16*page, 16*page) // pages that it had, and its tables
				}
				if d != want {
					t.Errorf("%+v, want %+v", d, want)
				}
			})
		}
	}
}

// TestAgainstPmap compares RSS at every mark with the sum that pmap -X prints of
// the stopped process, and looks at ptmalloc's two heaps there.
func TestAgainstPmap(t *testing.T) {
	pmap, err := exec.LookPath("pmap")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	seen := map[string]int64{}
	hwm := map[string]int64{}
	s := tiny("ptmalloc")
	s.stopped = func(pid int, mark string) {
		out, err := exec.Command(pmap, "-X", strconv.Itoa(pid)).Output()
		if err != nil {
			t.Errorf("pmap at %s: %v", mark, err)
			return
		}
		seen[mark] = pmapRSS(t, string(out))
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			t.Error(err)
		}
		hwm[mark] = kib(t, string(status), "VmHWM:")
		if mark == results.MarkHold {
			checkHeaps(t, string(out))
		}
	}
	r := measure(context.Background(), t, s)
	wantOK(t, r)
	for _, m := range r.Marks {
		if seen[m.Name] != m.RSS {
			t.Errorf("%s: RSS %d, pmap says %d", m.Name, m.RSS, seen[m.Name])
		}
		if hwm[m.Name] != m.HWM {
			t.Errorf("%s: peak %d, status says %d", m.Name, m.HWM, hwm[m.Name])
		}
	}
}

// pmapRSS is the Rss of pmap's last line, bytes.
func pmapRSS(t *testing.T, out string) int64 {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	titles := strings.Fields(lines[1])
	// The line of sums has no address, permissions, offset, device and inode.
	column := slices.Index(titles, "Rss") - slices.Index(titles, "Size")
	kib, err := strconv.ParseInt(strings.Fields(lines[len(lines)-1])[column], 10, 64)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return kib << 10
}

func kib(t *testing.T, text, name string) int64 {
	t.Helper()
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("no %s in\n%s", name, text)
	return 0
}

// checkHeaps finds two non-main heaps: each 64 MiB aligned to itself, of which the beginning, 100 blocks of 4112 bytes, may be written.
func checkHeaps(t *testing.T, out string) {
	t.Helper()
	type mapping struct {
		start, kib int64
		perms      string
	}
	var all []mapping
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 6 {
			continue
		}
		start, err := strconv.ParseInt(f[0], 16, 64)
		size, err2 := strconv.ParseInt(f[5], 10, 64)
		if err == nil && err2 == nil && f[4] == "0" {
			all = append(all, mapping{start, size, f[1]})
		}
	}
	heaps := 0
	for i, m := range all[:len(all)-1] {
		next := all[i+1]
		if m.start%(64<<20) != 0 || m.perms != "rw-p" || next.perms != "---p" || next.start != m.start+m.kib<<10 || m.kib+next.kib != 65536 {
			continue
		}
		heaps++
		if m.kib < 404 || m.kib > 408 {
			t.Errorf("%d KiB of a heap may be written", m.kib)
		}
	}
	if heaps != 2 {
		t.Errorf("%d non-main heaps of 65536 KiB\n%s", heaps, out)
	}
}
