package runner

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alloclab/results"
)

// pairs times malloc and free, one pair after the other of 16 to 1015 bytes, and prints ns a pair.
const pairs = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
int main(void)
{
	enum { N = 10000000 };
	unsigned x = 1;
	double start = 0;
	for (int i = -1000000; i < N; i++) {
		if (i == 0)
			start = now();
		x = x * 1664525u + 1013904223u;
		volatile char *p = malloc(16 + (x >> 16) % 1000);
		*p = 1;
		free((void *)p);
	}
	fprintf(stderr, "pair %.3f\n", (now() - start) / N);
	return 0;
}
`

// BenchmarkPoll: what a poll takes of the program's processor time (us/poll), and the pairs of a program that is polled
// 100 times a second, which is 100 times as often as the lab does it, beside the same that is not (ns/pair).
func BenchmarkPoll(b *testing.B) {
	program := pairsProgram(b)
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc"} {
		b.Run(allocator, func(b *testing.B) {
			for b.Loop() {
				took := map[string][]float64{}
				cost, readings := 0.0, int64(0)
				for range 5 {
					for name, every := range map[string]time.Duration{"unpolled": time.Hour, "polled": 10 * time.Millisecond} {
						t := runProgram(b, ran{allocator: allocator, poll: every, Program: results.Program{Command: []string{program}}})
						took[name] = append(took[name], nsPerPair(b, t))
						cost, readings = cost+t.Polled.Cost, readings+t.Polled.Readings
					}
				}
				if readings > 0 && allocator != "ptmalloc" { // of which the lab pays for the reading
					b.ReportMetric(cost/float64(readings)*1e6, "us/poll")
				}
				for name, ns := range took {
					b.ReportMetric(median(ns), "ns/pair-"+name)
				}
			}
		})
	}
}

// pairsProgram builds the program that times pairs.
func pairsProgram(b *testing.B) string {
	b.Helper()
	victim(b)
	dir := b.TempDir()
	source, program := filepath.Join(dir, "pairs.c"), filepath.Join(dir, "pairs")
	if err := os.WriteFile(source, []byte(pairs), 0o644); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("cc", "-O2", "-fno-builtin", "-o", program, source).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// nsPerPair is what it printed.
func nsPerPair(b *testing.B, t results.Trial) (ns float64) {
	b.Helper()
	_, said, _ := strings.Cut(t.Exit.Stderr, "pair ")
	if _, err := fmt.Sscan(said, &ns); err != nil || t.Status != results.StatusOK {
		b.Fatalf("%s %q: %v", t.Status, t.Exit.Stderr, err)
	}
	return ns
}

// BenchmarkAgent: what the agent costs a program, as ns of processor time a pair of malloc and free: nothing in
// pass time, where no call is taken; in pass census the report of two events.
func BenchmarkAgent(b *testing.B) {
	program := pairsProgram(b)
	for _, allocator := range []string{"ptmalloc", "jemalloc", "tcmalloc", "mimalloc"} {
		b.Run(allocator, func(b *testing.B) {
			for b.Loop() {
				took := map[string][]float64{}
				for range 5 {
					for name, r := range map[string]ran{"alone": {agentless: true}, "time": {}, "census": {census: true}} {
						r.allocator, r.poll, r.Program = allocator, DefaultPoll, results.Program{Command: []string{program}}
						took[name] = append(took[name], nsPerPair(b, runProgram(b, r)))
					}
				}
				for name, ns := range took {
					b.ReportMetric(median(ns), "ns/pair-"+name)
				}
			}
		})
	}
}
