/* internal.h - what the kit's own files share; no workload includes it. */
#ifndef ALLOCLAB_KIT_INTERNAL_H
#define ALLOCLAB_KIT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "kit.h"
#include "probe.h"

#define KIT_PARAMETERS_MAX 32u
#define KIT_VALUE_MAX 64u
#define KIT_THREADS_MAX 4096u
#define KIT_WINDOW_BYTES (1u << 20)

struct kit {
	const struct kit_workload *workload;
	double numbers[KIT_PARAMETERS_MAX];
	char texts[KIT_PARAMETERS_MAX][KIT_VALUE_MAX]; /* choices */
	uint64_t seed;
	bool times_calls; /* pass latency */
	uint64_t purge_every_ns; /* 0: nobody purges but the lab at marks */

	/* workers.c: thread 0 is the main thread */
	unsigned threads; /* without the main thread */
	struct kit_worker *workers;
	pthread_t *handles;
	char *stacks;
	size_t stacks_bytes;
	char *purger_stack; /* NULL without a purger */
	size_t purger_stack_bytes;
	void *shared;
	void (*order)(struct kit_worker *); /* what all threads do now; NULL: end */
	_Atomic uint32_t generation;        /* grows with each order; threads wait on it */
	_Atomic uint32_t busy;              /* threads that have not finished the order */
	bool retired;
	void (*look)(void); /* lets the lab look at parked threads; NULL in a plain program */

	/* memory.c: the lab's memory, one mapping */
	char *memory;
	size_t memory_bytes, memory_used;
	struct wire_header *header; /* NULL in a plain program */
	char *window;
	size_t window_bytes;

	struct text *figures; /* where kit_figure() writes, during figures() */
	const char *mark;     /* at which figures() is asked */
	const struct probe *probe;
};

/* parameters.c */
const struct kit_workload *kit_find_workload(const char *name);
/* Fills in the defaults, then reads "name=value" lines; ends the process on a bad one. */
void kit_read_parameters(struct kit *kit, char *lines);
int kit_write_manifest(int fd);
int kit_write_needs(int fd, char *lines);

/* memory.c */
size_t kit_memory_layout(size_t threads, size_t workload_bytes, bool wire);
void kit_memory_place(struct kit *kit, char *memory, size_t bytes, bool wire);

/* workers.c */
void kit_start_workers(struct kit *kit);
/* All threads, the main one included, do this; returns when all are parked again. */
void kit_everyone(struct kit *kit, void (*order)(struct kit_worker *));
void kit_retire_workers(struct kit *kit);
size_t kit_stack_bytes(unsigned threads);

/* purger.c: nothing, where purge_every_ns is 0 */
void kit_start_purger(struct kit *kit);
void kit_let_purger_run(struct kit *kit);
/* Returns when no purge is under way and none will begin. */
void kit_hold_purger(struct kit *kit);
void kit_purger_figures(const struct kit *kit); /* while it is held */
void kit_end_purger(struct kit *kit);

/* regions.c */
size_t kit_write_regions(const struct kit *kit, struct wire_region *regions, size_t room);

/* entry.c */
bool kit_lab_wants_go(void);

/* serve.c */
int kit_serve(int socket, int memory);
int kit_stamp(uint64_t number);

#endif
