/*
 * count_malloc.c - interposes malloc and its kind in the program it is linked
 * into, so that a call which the probe makes, or has the C library make, is
 * counted. It tells the probe who is next.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

_Atomic uint64_t malloc_calls;

static void *(*next_malloc)(size_t), *(*next_calloc)(size_t, size_t), *(*next_realloc)(void *, size_t);
static void (*next_free)(void *);
static int (*next_posix_memalign)(void **, size_t, size_t);

/* dlsym itself may ask for memory: it gets a little of this. */
static char early[8192];
static size_t early_used;

static bool searching;

static void find_next(void)
{
	if (next_free != NULL)
		return;
	searching = true;
	next_malloc = dlsym(RTLD_NEXT, "malloc");
	next_calloc = dlsym(RTLD_NEXT, "calloc");
	next_realloc = dlsym(RTLD_NEXT, "realloc");
	next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	next_free = dlsym(RTLD_NEXT, "free");
	searching = false;
}

static void *from_early(size_t size)
{
	void *block = early + early_used;

	early_used += (size + 15) & ~(size_t)15;
	return early_used <= sizeof early ? block : NULL;
}

void *malloc(size_t size)
{
	malloc_calls++;
	if (searching)
		return from_early(size);
	find_next();
	return next_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	malloc_calls++;
	if (searching)
		return from_early(count * size);
	find_next();
	return next_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	malloc_calls++;
	find_next();
	return next_realloc(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	malloc_calls++;
	find_next();
	return next_posix_memalign(block, alignment, size);
}

void free(void *block)
{
	if (block == NULL || ((char *)block >= early && (char *)block < early + sizeof early))
		return;
	malloc_calls++;
	find_next();
	next_free(block);
}

const void *alloclab_next_malloc(void)
{
	find_next();
	return (const void *)next_malloc;
}
