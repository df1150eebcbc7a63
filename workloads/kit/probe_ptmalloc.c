/*
 * probe_ptmalloc.c - glibc's malloc.
 *
 * mallinfo2 and malloc_info walk every free chunk under each arena's lock (2
 * million chunks: 320 ms), so they are asked only while all threads are parked.
 * Neither counts what thread caches hold: to an arena those chunks are in use.
 * There is no call that flushes a thread cache but the thread's end.
 */
#define _GNU_SOURCE
#include "probe_dialect.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>

/* As in glibc 2.33 and later, malloc/malloc.h; weak, for an older glibc has only mallinfo, whose ints wrap. */
struct mallinfo2 {
	size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
extern struct mallinfo2 mallinfo2(void) __attribute__((weak));
extern int malloc_info(int options, FILE *stream);
extern int malloc_trim(size_t pad);

static FILE *stream;      /* malloc_info wants a stream; this one ends in *sink */
static struct text *sink; /* of the statistics under construction */
static char stream_buffer[4096];

static bool ptmalloc_present(void)
{
	return probe_serves_malloc(PROBE_ADDRESS(gnu_get_libc_version));
}

static ssize_t to_sink(void *cookie, const char *bytes, size_t count)
{
	(void)cookie;
	text_add(sink, "%.*s", (int)count, bytes);
	return (ssize_t)count;
}

static void ptmalloc_open(void)
{
	stream = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = to_sink });
	/* Without a buffer of its own the stream would ask malloc for one at the first write. */
	if (stream == NULL || setvbuf(stream, stream_buffer, _IOFBF, sizeof stream_buffer) != 0) {
		perror("alloclab: a stream for malloc_info");
		abort();
	}
}

/* The effective settings cannot be asked of glibc: only `ld.so --list-tunables` tells what it parsed. */
static void ptmalloc_identify(struct text *t)
{
	text_add(t, "allocator_version=glibc %s\n", gnu_get_libc_version());
}

static void ptmalloc_statistics(struct text *t)
{
	if (mallinfo2 != NULL) {
		struct mallinfo2 info = mallinfo2();

		text_number(t, "mallinfo2.arena", (int64_t)info.arena);
		text_number(t, "mallinfo2.ordblks", (int64_t)info.ordblks);
		text_number(t, "mallinfo2.smblks", (int64_t)info.smblks);
		text_number(t, "mallinfo2.hblks", (int64_t)info.hblks);
		text_number(t, "mallinfo2.hblkhd", (int64_t)info.hblkhd);
		text_number(t, "mallinfo2.usmblks", (int64_t)info.usmblks);
		text_number(t, "mallinfo2.fsmblks", (int64_t)info.fsmblks);
		text_number(t, "mallinfo2.uordblks", (int64_t)info.uordblks);
		text_number(t, "mallinfo2.fordblks", (int64_t)info.fordblks);
		text_number(t, "mallinfo2.keepcost", (int64_t)info.keepcost);
	}
	text_add(t, "malloc_info\n");
	sink = t;
	if (malloc_info(0, stream) != 0 || fflush(stream) != 0)
		t->truncated = true;
	sink = NULL;
}

static void ptmalloc_purge(void)
{
	malloc_trim(0);
}

const struct probe probe_ptmalloc = {
	.dialect = "ptmalloc",
	.present = ptmalloc_present,
	.open = ptmalloc_open,
	.identify = ptmalloc_identify,
	.statistics = ptmalloc_statistics,
	.purge = ptmalloc_purge,
};

#else /* another C library: its malloc is not ptmalloc */

static bool ptmalloc_present(void)
{
	return false;
}

const struct probe probe_ptmalloc = { .dialect = "ptmalloc", .present = ptmalloc_present };

#endif
