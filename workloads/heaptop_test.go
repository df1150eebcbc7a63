package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// chunk is glibc's size of a block on 64-bit machines: 8 bytes before it,
// rounded up to 16 (malloc/malloc.c, request2size).
func chunk(request float64) float64 { return float64((int64(request) + 8 + 15) / 16 * 16) }

func pages(bytes float64) float64 { return float64((int64(bytes) + 4095) / 4096 * 4096) }

// TestHeaptop compares what glibc did with arithmetic on its documented
// parameters: mallopt(3), M_TOP_PAD and M_MMAP_THRESHOLD, both 128 KiB.
func TestHeaptop(t *testing.T) {
	const (
		kib, mib         = 1 << 10, 1 << 20
		pad, least       = 128 * kib, 32 // M_TOP_PAD, the smallest chunk
		mapped, large    = 6, 30 * mib
		first, afterFree = 8, 9
	)
	f := figuresOf(t, plain(t, "heaptop"), "idle=0")
	figure := func(step int, what string) float64 { return f[fmt.Sprintf("step_%02d_%s", step, what)] }
	equal := func(what string, got, want float64) {
		if got != want {
			t.Errorf("%s: %.0f, arithmetic says %.0f", what, got, want)
		}
	}
	at := figure(1, "at_bytes")
	// What a thread's cache needs is allocated first, and lies below.
	equal("the break after the first block", figure(1, "break_bytes"), pages(at-16+pad+least))
	equal("20 KiB lies above 30 KiB", figure(2, "at_bytes"), at+chunk(30*kib))
	equal("10 KiB lies where 30 KiB had been", figure(7, "at_bytes"), at)
	equal("top after 20 KiB", figure(2, "top_bytes"), figure(1, "top_bytes")-chunk(20*kib))
	if _, in := f["step_03_at_bytes"]; in {
		t.Error("200 KiB lie below the break")
	}
	equal("RSS after the free of 200 KiB", figure(mapped-1, "rss_anon_bytes")-figure(mapped, "rss_anon_bytes"), pages(200*kib+16))
	equal("RSS after the free of the first 30 MiB", figure(first, "rss_anon_bytes")-figure(afterFree, "rss_anon_bytes"), pages(large+16))
	rose := figure(10, "break_bytes") - figure(9, "break_bytes")
	equal("the break for the second 30 MiB", rose, pages(chunk(large)+pad+least-figure(9, "top_bytes")))
	equal("the break after its free", figure(11, "break_bytes"), figure(10, "break_bytes"))
	equal("RSS after its free", figure(11, "rss_anon_bytes"), figure(10, "rss_anon_bytes"))
	equal("top after its free", figure(11, "top_bytes"), figure(10, "top_bytes")+chunk(large))
}

// Every parameter changes a figure, and this is the list of which.
func TestHeaptopParameters(t *testing.T) {
	program := plain(t, "heaptop")
	run := func(parameters string) map[string]float64 { return figuresOf(t, program, "idle=0 "+parameters) }
	base := run("")
	// The mapping is a header and a page's rest larger than the block, and a
	// flag in its size makes one of exactly 32 MiB too large to raise thresholds.
	if f := run("large=33546240"); f["step_08_malloc_bytes"] != 32<<20-8192 || f["step_10_at_bytes"] == 0 {
		t.Errorf("freeing a mapping below 32 MiB must raise the threshold: %v", f)
	}
	if f := run("large=33550336"); f["step_10_malloc_bytes"] != 32<<20-4096 || f["step_10_at_bytes"] != 0 {
		t.Errorf("a larger mapping raises no threshold: %v", f)
	}
	if f := run("times=3"); f["step_12_malloc_bytes"] != 30<<20 || base["step_12_malloc_bytes"] != 0 {
		t.Errorf("%v", f)
	}
	if f := run("guard=1024"); f["step_09_malloc_bytes"] != 1024 || base["step_09_malloc_bytes"] != 0 || f["step_13_top_bytes"] > 200<<10 {
		t.Errorf("the guard must keep what is freed out of the top: %v", f)
	}
	if f := run("idle=0.05"); f["step_12_idle_s"] < 0.05 || base["step_12_idle_s"] >= 0.05 {
		t.Errorf("idle: %v and %v", f["step_12_idle_s"], base["step_12_idle_s"])
	}
	if out, err := exec.Command(program, "guard=15").CombinedOutput(); err == nil || !strings.Contains(string(out), "at least 16") {
		t.Errorf("%v\n%s", err, out)
	}
}
