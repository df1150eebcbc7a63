/*
 * probe.h - one interface to every allocator's statistics and commands.
 *
 * A dialect is found by weak symbols, so the same probe works in a binary
 * linked against an allocator and in one that an allocator was preloaded into.
 *
 * Nothing here calls malloc once probe_open() has returned: what is measured
 * would change. probe_open() runs before the baseline mark.
 */
#ifndef ALLOCLAB_PROBE_H
#define ALLOCLAB_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text under construction in memory that the caller owns; it never grows. */
struct text {
	char *at;
	size_t used, size; /* used <= size; what does not fit is dropped and sets truncated */
	bool truncated;
};

/* printf into t without malloc. */
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One "name value" line. */
void text_number(struct text *t, const char *name, int64_t value);

struct probe {
	const char *dialect; /* "ptmalloc", "jemalloc", "tcmalloc", "mimalloc", "truth" or "unknown" */
	/* True if this dialect serves malloc in this process. The first that answers true is taken. */
	bool (*present)(void);
	/* Everything that may allocate or bind an arena: name lookups, streams, first calls. */
	void (*open)(void);
	/* The allocator's own version and its effective settings, as "name=value" lines: allocator_version=…, opt.NAME=…. */
	void (*identify)(struct text *t);
	/* Statistics as "name value" lines, under the allocator's own names. All threads are parked. */
	void (*statistics)(struct text *t);
	/*
	 * The few of these that may be asked while threads run, and what they cost is known
	 * (docs/programs.md). NULL where the allocator would hold its locks too long (ptmalloc)
	 * or another thread's word is worth nothing (mimalloc).
	 */
	void (*poll)(struct text *t);
	/* What a thread must say of its own heap; called on each worker before statistics, NULL where nothing is to be said. */
	void (*visit_thread)(void);
	/* Tells the allocator to give back what it can. NULL where it has no such call. */
	void (*purge)(void);
	/* Flushes the calling thread's cache. NULL where it has no such call. */
	void (*flush_thread)(void);
};

extern const struct probe probe_jemalloc, probe_tcmalloc, probe_mimalloc, probe_truth, probe_ptmalloc, probe_unknown;

/* The dialect of this process, opened. Call once, on the main thread, before baseline. */
const struct probe *probe_open(void);

/* Path of the object that holds malloc, by dladdr(malloc); valid for the process's life. */
const char *probe_served_by(void);

#endif
