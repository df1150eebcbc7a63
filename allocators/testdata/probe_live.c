/*
 * probe_live.c - drives the probe in a process whose allocator is known.
 *
 *	probe_live [threads] [blocks a thread] [bytes] [keep one of]
 *
 * Threads fill memory with blocks, free all but one of every so many, and park;
 * then the probe is asked everything, at the marks freed, purged, parked
 * (caches flushed), flushed (and purged again) and exited.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In count_malloc.c, where the program is built with it. */
extern _Atomic uint64_t malloc_calls __attribute__((weak));

static uint64_t calls(void)
{
	return &malloc_calls != NULL ? malloc_calls : 0;
}

enum command { VISIT, FLUSH, AGAIN, END };

static const struct probe *probe;
static size_t threads = 4, blocks = 4000, bytes = 8192, keep = 16;
static enum command command;
static pthread_barrier_t begin, done;
static void **held[256];

/* Many sizes, so that many size classes and bins are in use: half to one and a half of `bytes`, and small ones. */
static size_t size_of(size_t i)
{
	return i % 4 == 1 ? 24 + i % 100 : bytes / 2 + i * 37 % (bytes + 1);
}

static void fill(size_t thread)
{
	for (size_t i = 0; i < blocks; i++) {
		held[thread][i] = malloc(size_of(i));
		if (held[thread][i] == NULL)
			abort();
		memset(held[thread][i], 1, size_of(i));
	}
}

/* The main thread leaves holes too, and a cache of its own. */
static void fill_main(void)
{
	static void *list[400];

	for (size_t i = 0; i < 400; i++)
		list[i] = malloc(size_of(i));
	for (size_t i = 0; i < 400; i += 2)
		free(list[i]);
}

static void free_most(size_t thread)
{
	/* What another thread has filled: the hard case for every allocator with thread caches. */
	void **list = held[(thread + 1) % threads];
	volatile char *sorter;

	for (size_t i = 0; i < blocks; i++)
		if (i % keep != 0 && i % 4 != 1)
			free(list[i]);
	/* Larger than any free chunk: ptmalloc sorts them all into bins while it looks. Never freed. */
	sorter = malloc(16000);
	sorter[0] = 1;
	for (size_t i = 0; i < blocks; i++)
		if (i % keep != 0 && i % 4 == 1)
			free(list[i]);
}

static void *work(void *argument)
{
	size_t thread = (size_t)(uintptr_t)argument;

	fill(thread);
	pthread_barrier_wait(&done);
	pthread_barrier_wait(&begin);
	free_most(thread);
	pthread_barrier_wait(&done);
	for (;;) {
		pthread_barrier_wait(&begin);
		switch (command) {
		case VISIT:
			if (probe->visit_thread != NULL)
				probe->visit_thread();
			break;
		case FLUSH:
			if (probe->flush_thread != NULL)
				probe->flush_thread();
			break;
		case AGAIN: { /* a flushed thread must still be able to work */
			volatile char *block = malloc(bytes + 1);

			block[0] = 1;
			free((void *)block);
			break;
		}
		case END:
			pthread_barrier_wait(&done);
			return NULL;
		}
		pthread_barrier_wait(&done);
	}
}

static void all(enum command next)
{
	command = next;
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&done);
}

static char window[4 << 20];

/* The statistics, and how many calls of malloc it took to get them. */
static void say(const char *mark, int workers)
{
	struct text t = { .at = window, .size = sizeof window };
	uint64_t before = calls();

	if (workers)
		all(VISIT);
	else if (probe->visit_thread != NULL)
		probe->visit_thread();
	probe->statistics(&t);
	if (probe->poll != NULL) { /* all of it stands in the statistics too */
		static char few[8000];

		probe->poll(&(struct text){ .at = few, .size = sizeof few });
	}
	printf("mark %s\nmalloc_calls %" PRIu64 "\ntruncated %d\n%.*send\n", mark, calls() - before, t.truncated,
	       (int)t.used, t.at);
}

static void purge(void)
{
	if (probe->purge != NULL)
		probe->purge();
}

int main(int argc, char **argv)
{
	static void *storage[256][20000];
	pthread_t workers[256];
	size_t *const values[] = { &threads, &blocks, &bytes, &keep };
	struct text t = { .at = window, .size = sizeof window };
	uint64_t before;

	for (int i = 1; i < argc && i <= 4; i++)
		*values[i - 1] = strtoul(argv[i], NULL, 10);
	if (threads > 256 || blocks > 20000)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	probe = probe_open();
	before = calls();
	probe->identify(&t);
	printf("dialect %s\nserved_by %s\n%.*sidentify_malloc_calls %" PRIu64 "\n", probe->dialect, probe_served_by(),
	       (int)t.used, t.at, calls() - before);
	pthread_barrier_init(&begin, NULL, (unsigned)threads + 1);
	pthread_barrier_init(&done, NULL, (unsigned)threads + 1);
	for (size_t i = 0; i < threads; i++) {
		held[i] = storage[i];
		if (pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)i) != 0)
			return 1;
	}
	pthread_barrier_wait(&done);
	pthread_barrier_wait(&begin);
	pthread_barrier_wait(&done);
	fill_main();
	say("freed", 1);
	before = calls();
	purge();
	printf("purge_malloc_calls %" PRIu64 "\n", calls() - before);
	say("purged", 1);
	before = calls();
	all(FLUSH);
	printf("flush_malloc_calls %" PRIu64 "\n", calls() - before);
	say("parked", 1);
	purge();
	say("flushed", 1);
	all(AGAIN);
	all(END);
	for (size_t i = 0; i < threads; i++)
		pthread_join(workers[i], NULL);
	purge();
	say("exited", 0);
	return 0;
}
