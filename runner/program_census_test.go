package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"alloclab/results"
)

// TestCensusAccounts: a program that does what is known on paper, while threads run.
func TestCensusAccounts(t *testing.T) {
	victim(t)
	dir := t.TempDir()
	source, program := filepath.Join(dir, "known.c"), filepath.Join(dir, "known")
	if err := os.WriteFile(source, []byte(`
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
enum { STACK = 1 << 20, OWN = 8 << 20, BLOCKS = 1000, SIZE = 1000 };
static pthread_barrier_t all;
static void *deep(void *unused)
{
	volatile char stack[STACK];
	memset((char *)stack, 1, sizeof stack);
	pthread_barrier_wait(&all);
	pause();
	return unused;
}
int main(void)
{
	pthread_t t;
	pthread_barrier_init(&all, NULL, 3);
	for (int i = 0; i < 2; i++)
		pthread_create(&t, NULL, deep, NULL);
	memset(mmap(NULL, OWN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, OWN);
	for (int i = 0; i < BLOCKS; i++)
		memset(malloc(SIZE), 1, SIZE);
	pthread_barrier_wait(&all);
	if (write(1, "ready\n", 6) != 6)
		return 1;
	pause();
}
`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cc", "-O1", "-fno-builtin", "-pthread", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for allocator, usable := range map[string]int64{"ptmalloc": 1000, "jemalloc": 1024, "tcmalloc": 1024, "mimalloc": 1024} {
		p := runProgram(t, ran{allocator: allocator, census: true, Program: results.Program{Command: []string{program}, ReadyLine: "ready", Duration: 0.05, FirstBytes: true}})
		m := p.Mark(results.MarkFreed)
		if p.Status != results.StatusOK || m == nil || m.Ledger == nil {
			t.Fatalf("%s: %s %q", allocator, p.Status, p.Warnings)
		}
		l := m.Ledger
		if l.Total() != m.RSS || m.Racy {
			t.Errorf("%s: the ledger %+v does not add up to %d", allocator, *l, m.RSS)
		}
		if l.Unmanaged != 8<<20 {
			t.Errorf("%s: %d bytes are unmanaged, the program mapped %d", allocator, l.Unmanaged, 8<<20)
		}
		if l.Other < 2<<20 {
			t.Errorf("%s: two stacks of 1 MiB are not among the %d other bytes", allocator, l.Other)
		}
		if l.Empty > 4<<20 {
			t.Errorf("%s: %d bytes are empty, as if stacks or mappings were heap", allocator, l.Empty)
		}
		if len(m.Kinds) == 0 || m.Kinds[0].First != "0101010101010101" || m.Kinds[0].Blocks != 1000 {
			t.Errorf("%s: the blocks of 1000 bytes begin with %+v", allocator, m.Kinds)
		}
		found := false
		for _, c := range m.Classes {
			found = found || c.Usable >= 1000 && c.Usable <= usable && c.Blocks == 1000
		}
		if !found {
			t.Errorf("%s: no class has the 1000 blocks of 1000 bytes: %+v", allocator, m.Classes)
		}
	}
}
