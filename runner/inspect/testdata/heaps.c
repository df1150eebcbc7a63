/* A process whose heaps are known: threads that each hold blocks in an arena of
 * their own, free some of them, and wait. Prints what glibc says of itself. */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 3, BLOCKS = 20000, SIZE = 8000, STACK = 256 << 10 };

static char data[1 << 20];
static pthread_barrier_t ready;

static void *work(void *unused)
{
	static __thread void *blocks[BLOCKS];
	char stack[STACK];
	memset(stack, 1, sizeof stack);
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(SIZE);
		memset(blocks[i], 1, SIZE);
	}
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_trim(0);
	pthread_barrier_wait(&ready);
	pause();
	return stack[(long)unused] ? NULL : blocks;
}

int main(void)
{
	pthread_t thread;
	pthread_barrier_init(&ready, NULL, THREADS + 1);
	memset(data, 1, sizeof data);
	char *shared = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(shared, 1, 2 << 20);
	char *large = malloc(40 << 20); /* has a mapping of its own */
	memset(large, 1, 10 << 20);
	char *small = malloc(100000);
	memset(small, 1, 100000);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, work, NULL);
	pthread_barrier_wait(&ready);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	struct mallinfo2 m = mallinfo2();
	printf("%zu %zu %zu\n", m.arena, m.keepcost, m.hblkhd);
	malloc_info(0, stdout);
	printf("\nready\n");
	fflush(stdout);
	pause();
	return data[0] + large[0] + small[0];
}
