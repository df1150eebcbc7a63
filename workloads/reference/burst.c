/*
 * burst.c - the burst of workload iobuf told once more, in as few words as
 * possible and without a line of the kit's: a second program, whose figures
 * the lab's are checked against. It reads its own RSS and asks glibc to trim.
 *
 *	burst BYTES    prints RSS in KiB: before, full, drained, trimmed
 *
 * Blocks of 8 KiB by three threads, freed by four others; with each request of
 * 34 KiB a block of 128 bytes, of which one in 16 stays, and an aligned buffer that
 * is freed at once.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAKERS = 3, TAKERS = 4, BLOCK = 8192, SMALL = 128, REQUEST = 34 * 1024, LOG = 40960 };

static long blocks, requests; /* of each maker */
static char **made[MAKERS], **smalls[MAKERS];

static void *make(void *which)
{
	long m = (long)which, next = 0;
	for (long i = 0; i < blocks; i++) {
		made[m][i] = memset(malloc(BLOCK), 1, BLOCK);
		for (; next < requests && next * REQUEST <= i * BLOCK; next++) {
			smalls[m][next] = memset(malloc(SMALL), 1, SMALL);
			free(memset(aligned_alloc(4096, LOG), 1, LOG));
		}
	}
	pthread_exit(NULL);
}

static void *take(void *which)
{
	for (int m = 0; m < MAKERS; m++) {
		for (long i = (long)which; i < blocks; i += TAKERS)
			free(made[m][i]);
		for (long i = (long)which; i < requests; i += TAKERS)
			if (i % 16)
				free(smalls[m][i]);
	}
	return NULL;
}

static long rss(void)
{
	char line[200];
	long kib = -1;
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void all(void *(*f)(void *), int count)
{
	pthread_t t[TAKERS];
	for (long i = 0; i < count; i++)
		pthread_create(&t[i], NULL, f, (void *)i);
	for (int i = 0; i < count; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	long bytes = argc > 1 ? atol(argv[1]) : 64 << 20;
	blocks = bytes / MAKERS / BLOCK;
	requests = bytes / MAKERS / REQUEST;
	for (int m = 0; m < MAKERS; m++) {
		made[m] = calloc((size_t)blocks, sizeof **made);
		smalls[m] = calloc((size_t)requests, sizeof **smalls);
		memset(made[m], 0, (size_t)blocks * sizeof **made);
	}
	long before = rss();
	all(make, MAKERS);
	long full = rss();
	all(take, TAKERS);
	long drained = rss();
	malloc_trim(0);
	printf("%ld %ld %ld %ld\n", before, full, drained, rss());
	return 0;
}
