/*
 * ring.h - how an agent in a program tells the lab of every block.
 *
 * One ring of events in a memfd, which the program and the lab both map. A
 * thread claims a slot, fills it and commits it; the lab takes slots in the
 * order of the claims. A free is claimed before the allocator gets the block
 * and an allocation after it gave one out: so a block's events are in order, whichever
 * threads they come from. Package runner/wire mirrors this file; a test
 * compiles it and compares every offset.
 */
#ifndef ALLOCLAB_RING_H
#define ALLOCLAB_RING_H

#include <stdint.h>

#define RING_VERSION 1u
#define RING_MAGIC 0x676e69726c6c61ull /* "allring" */

/* Environment: the descriptor's number. */
#define RING_ENVIRONMENT "ALLOCLAB_RING"

struct ring_header {
	uint64_t magic;   /* the lab's */
	uint32_t version; /* the lab's */
	uint32_t pid;     /* of the process that reports; 0 until there is one. Others that inherit the descriptor do not report */
	uint64_t slots;   /* the lab's; a power of two */
	uint64_t overrun; /* 1: the lab did not take events for RING_PATIENCE, and what followed was not reported */
	uint64_t reserved_a[4];
	uint64_t head; /* slots claimed so far */
	uint64_t reserved_b[7];
	uint64_t tail; /* slots taken so far: the lab's */
	uint64_t reserved_c[7];
};

/* How long a thread waits for room, seconds. */
#define RING_PATIENCE 20

enum ring_kind {
	RING_ALLOCATED = 1, /* address, size: what malloc_usable_size says */
	RING_FREED = 2,     /* address */
	RING_MAPPED = 3,    /* address, size: by the program's own mmap */
	RING_UNMAPPED = 4,  /* address, size */
	RING_STACK = 5,     /* address: where a new thread's descriptor is; its stack ends there. size: an address on the stack */
	RING_STARTED = 6,   /* address: the main thread's descriptor. The program's image is new: what was reported before is void */
};

/*
 * what is committed last: the address (48 bits), the kind (3 bits), and in the
 * upper 13 bits the lap of the ring, counted from 1, so that an old event is not taken for a new one.
 */
struct ring_event {
	uint64_t what;
	uint64_t size;
};

#define RING_KIND_SHIFT 48
#define RING_LAP_SHIFT 51

#endif
