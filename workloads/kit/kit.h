/*
 * kit.h - what a workload is written against.
 *
 * A workload is one C file: its parameters, how much of the lab's memory it
 * needs, and the steps that its threads take between marks. The kit gives it
 * threads, random numbers, memory of the lab's own (so that its bookkeeping is
 * never taken for the program's heap), telemetry and the wire. The same file,
 * linked with plain/main.c instead of the wire, is an ordinary program.
 */
#ifndef ALLOCLAB_KIT_H
#define ALLOCLAB_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "latency.h"
#include "rng.h"
#include "wire.h"

/* ---- parameters ---- */

enum kit_kind { KIT_COUNT, KIT_BYTES, KIT_DURATION, KIT_FRACTION, KIT_BOOL, KIT_CHOICE };

struct kit_parameter {
	const char *name; /* NULL ends the table */
	enum kit_kind kind;
	double standard; /* the default, in base units: bytes, seconds, a count */
	double min, max;
	const char *choices; /* KIT_CHOICE: "one two three", the default first */
	const char *doc;
};

struct kit;
struct kit_worker;
struct kit_list;

/* Value of a parameter of this trial. Asking for a name that is not in the table ends the process. */
int64_t kit_count(const struct kit *kit, const char *name); /* count, bytes, bool */
double kit_number(const struct kit *kit, const char *name); /* duration in seconds, fraction */
const char *kit_choice(const struct kit *kit, const char *name);

/* ---- the workload ---- */

struct kit_workload {
	const char *name;
	const char *doc;    /* one sentence: what behaviour of real programs */
	bool internal;      /* for the lab's own tests: not listed */
	const struct kit_parameter *parameters;
	/* How many workers, not counting the main thread. */
	unsigned (*threads)(const struct kit *kit);
	/* About how many bytes the workload holds at most: for the check before a run whether they fit. */
	uint64_t (*peak)(const struct kit *kit);
	/* About how many seconds a trial takes, idle window included; for plans. */
	double (*seconds)(const struct kit *kit);
	/*
	 * What to give it so that its work from baseline to freed is the same each
	 * time, where these parameters do not; NULL where they do. Only fixed work can be counted.
	 */
	const char *(*unfixed)(const struct kit *kit);
	/* Bytes of the lab's memory that kit_memory() will be asked for in setup. */
	size_t (*memory)(const struct kit *kit);
	/* On the main thread, before baseline: takes memory, prepares sizes and orders. Must not malloc. */
	void (*setup)(struct kit *kit);
	/* The steps, on the main thread (index 0) and every worker at once; each may be NULL. */
	void (*fill)(struct kit_worker *worker);  /* from baseline to hold */
	void (*drain)(struct kit_worker *worker); /* from hold to freed */
	void (*idle)(struct kit_worker *worker);  /* during the idle window; NULL is silence */
	/* Reports every block held with kit_block(), walking the workload's own structures. */
	void (*list)(const struct kit *kit, struct kit_list *list);
	/* Figures of its own at a mark, with kit_figure(); NULL for none. kit_mark() says which mark. */
	void (*figures)(const struct kit *kit);
};

/* Registers a workload through a linker section: a new one needs no list to be changed. */
#define KIT_WORKLOAD(variable)                                                                     \
	__attribute__((section("kit_workloads"), used)) const struct kit_workload *const           \
		kit_registered_##variable = &variable

/* ---- threads ---- */

struct kit_worker {
	struct kit *kit;
	unsigned index; /* 0 is the main thread */
	struct rng rng; /* seeded from the trial's seed and the index */
	struct wire_lane count; /* counted here, published to the lane now and then */
	struct wire_lane *lane;
	struct wire_latency *latency; /* NULL but in pass latency */
	void *state; /* the workload's own, from kit_memory() */
	uint64_t work_started_ns, work_started_cpu_ns;
	uint32_t generation, looks; /* the kit's own: orders seen, looks taken */
} __attribute__((aligned(128)));

unsigned kit_threads(const struct kit *kit); /* workers, not counting the main thread */
struct kit_worker *kit_worker(const struct kit *kit, unsigned index);
void *kit_shared(const struct kit *kit); /* what kit_share() was given */
void kit_share(struct kit *kit, void *shared);

/* Zeroed memory of the lab's, aligned to 128 bytes; only in setup. */
void *kit_memory(struct kit *kit, size_t bytes);

/* Monotonic time in ns (CLOCK_MONOTONIC). */
uint64_t kit_now(void);
void kit_sleep_until(uint64_t ns);

/* Brackets the timed part of a step; operations per second are over these. */
void kit_work_begin(struct kit_worker *worker);
void kit_work_end(struct kit_worker *worker);

/* Makes the worker's counts visible to the lab. */
void kit_publish(struct kit_worker *worker);

/* Publishing every PUBLISH_EVERY operations keeps its cost below what can be seen. */
#define KIT_PUBLISH_EVERY 256u

/*
 * A look in the middle of a step: all threads park, and the lab takes ledger
 * and statistics as at a mark. So that slopes of what is empty or pinned exist
 * in a long phase. Every thread of the step, the main one included, calls it
 * equally often, at the same points of its work, with all that list() walks in
 * order. Returns how many ns this thread was parked, by which deadlines move; of
 * work begun (kit_work_begin) the time is taken off. At most KIT_LOOKS_MAX are taken in a trial, and
 * none in a plain program: then it returns 0 at once.
 */
#define KIT_LOOKS_MAX 64u
uint64_t kit_look(struct kit_worker *worker);

/* ---- memory under test ---- */

/*
 * malloc and free that count and, in pass latency, take the time; the caller
 * adds its own touching. A NULL ends the trial with its reason.
 */
static inline void *kit_malloc(struct kit_worker *worker, size_t bytes)
{
	extern void kit_out_of_memory(size_t bytes) __attribute__((noreturn));
	uint64_t start = worker->latency ? kit_now() : 0;
	void *block = malloc(bytes);
	if (worker->latency)
		latency_add(worker->latency, 0, bytes, kit_now() - start);
	if (__builtin_expect(block == NULL, 0))
		kit_out_of_memory(bytes);
	worker->count.allocations++;
	worker->count.live_bytes += (int64_t)bytes;
	worker->count.live_blocks++;
	return block;
}

/* As kit_malloc, at an address that is a multiple of a power of two (posix_memalign). */
static inline void *kit_aligned(struct kit_worker *worker, size_t alignment, size_t bytes)
{
	extern void kit_out_of_memory(size_t bytes) __attribute__((noreturn));
	void *block = NULL;
	uint64_t start = worker->latency ? kit_now() : 0;
	int error = posix_memalign(&block, alignment, bytes);
	if (worker->latency)
		latency_add(worker->latency, 0, bytes, kit_now() - start);
	if (__builtin_expect(error != 0, 0))
		kit_out_of_memory(bytes);
	worker->count.allocations++;
	worker->count.live_bytes += (int64_t)bytes;
	worker->count.live_blocks++;
	return block;
}

static inline void kit_free(struct kit_worker *worker, void *block, size_t bytes)
{
	worker->count.frees++;
	worker->count.live_bytes -= (int64_t)bytes;
	worker->count.live_blocks--;
	uint64_t start = worker->latency ? kit_now() : 0;
	free(block);
	if (worker->latency)
		latency_add(worker->latency, 1, bytes, kit_now() - start);
}

/* ---- marks ---- */

/* In list(): one block held, as asked for. */
void kit_block(struct kit_list *list, const void *address, size_t requested);
/* In figures(): one figure of the workload's own. */
void kit_figure(const struct kit *kit, const char *name, double value);
/* In figures(): "baseline", "hold", "freed", "idle" or "look", or "purged" after each purge; "end" in a plain program. */
const char *kit_mark(const struct kit *kit);

/* ---- failing ---- */

enum kit_failure { KIT_USAGE = 1, KIT_OUT_OF_MEMORY = 2, KIT_CORRUPTION = 3, KIT_INTERNAL = 4 };

/* Tells the lab why and ends the process with 70 + kind. */
void kit_fail(enum kit_failure kind, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
