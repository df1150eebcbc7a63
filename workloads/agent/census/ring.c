/*
 * ring.c - the program's side of the ring.
 *
 * Nothing here calls malloc, and no lock is held: a thread that is stopped in
 * the middle keeps nobody waiting but the lab.
 */
#define _GNU_SOURCE
#include "ring.h"
#include "census.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct ring_header *ring; /* NULL: nobody listens */
static struct ring_event *events;
static uint64_t mask;
static unsigned lap_shift;

void ring_detach(void)
{
	ring = NULL; /* a child's blocks are not the program's */
}

void ring_attach(void)
{
	const char *text = getenv(RING_ENVIRONMENT);
	struct stat st;
	if (!text || ring)
		return;
	int fd = atoi(text);
	if (fd < 3 || fstat(fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof *ring)
		return;
	struct ring_header *r = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED)
		return;
	uint32_t nobody = 0, self = (uint32_t)getpid();
	_Atomic uint32_t *owner = (_Atomic uint32_t *)&r->pid;
	if (r->magic != RING_MAGIC || r->version != RING_VERSION ||
	    (uint64_t)st.st_size < sizeof *r + r->slots * sizeof *events ||
	    (!atomic_compare_exchange_strong(owner, &nobody, self) && nobody != self)) {
		munmap(r, (size_t)st.st_size);
		return;
	}
	events = (struct ring_event *)(r + 1);
	mask = r->slots - 1;
	lap_shift = (unsigned)__builtin_ctzll(r->slots);
	ring = r;
	pthread_atfork(NULL, NULL, ring_detach);
	ring_put(RING_STARTED, (void *)pthread_self(), 0);
}

/* room waits until the lab has taken what is in the way; 0: it does not. */
static int room(struct ring_header *r, uint64_t slot)
{
	const struct timespec nap = { 0, 50 * 1000 };
	int before = errno; /* free keeps it (POSIX.1-2024), and so does a malloc that succeeds */
	for (int naps = 0; slot - atomic_load_explicit((_Atomic uint64_t *)&r->tail, memory_order_acquire) > mask; naps++) {
		if (naps > RING_PATIENCE * 20000)
			r->overrun = 1;
		if (r->overrun)
			return 0;
		nanosleep(&nap, NULL);
	}
	errno = before;
	return 1;
}

void ring_put(unsigned kind, const void *address, uint64_t size)
{
	struct ring_header *r = ring;
	if (!r || r->overrun)
		return;
	uint64_t slot = atomic_fetch_add_explicit((_Atomic uint64_t *)&r->head, 1, memory_order_relaxed);
	if (!room(r, slot))
		return;
	struct ring_event *e = &events[slot & mask];
	uint64_t lap = ((slot >> lap_shift) + 1) & ((1u << (64 - RING_LAP_SHIFT)) - 1);
	e->size = size;
	atomic_store_explicit((_Atomic uint64_t *)&e->what,
			      (uint64_t)(uintptr_t)address | (uint64_t)kind << RING_KIND_SHIFT | lap << RING_LAP_SHIFT,
			      memory_order_release);
}
