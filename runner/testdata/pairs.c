/* pairs.c - what a pair of free and malloc costs: 16 to 1015 bytes, 4096 blocks held, one thread. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HELD = 4096, PAIRS = 20000000 };

int main(void)
{
	static void *held[HELD];
	static uint32_t draws[1 << 16]; /* beforehand: drawing is not measured */
	uint64_t state = 1;
	struct timespec a, b;
	for (int i = 0; i < 1 << 16; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		draws[i] = (uint32_t)(state >> 32);
	}
	for (int i = 0; i < HELD; i++)
		held[i] = malloc(16 + draws[i] % 1000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < PAIRS; i++) {
		uint32_t draw = draws[i & 0xffff];
		void **slot = &held[draw >> 16 & (HELD - 1)];
		free(*slot);
		*slot = malloc(16 + draw % 1000);
		*(volatile char *)*slot = 1;
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("%.2f ns\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / PAIRS);
	return 0;
}
