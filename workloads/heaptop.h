/* heaptop.h - what the files of workload heaptop share. */
#ifndef ALLOCLAB_HEAPTOP_H
#define ALLOCLAB_HEAPTOP_H

#include "kit/kit.h"

#define HEAPTOP_TIMES_MAX 8
#define HEAPTOP_STEPS_MAX (10 + 3 * HEAPTOP_TIMES_MAX)

struct heaptop_block {
	char *at;
	size_t bytes;
};

/* What was done, and what was there afterwards. */
struct heaptop_step {
	size_t allocated, freed; /* bytes; one of them, or neither */
	double idle_s;
	bool purged, in_heap;
	size_t at;            /* of the block, from the heap's start */
	size_t brk, top, rss; /* the break from the heap's start; bytes; bytes */
};

struct heaptop {
	size_t large, guard;
	int64_t times;
	uint64_t idle_ns;
	struct heaptop_block small[4], larges[HEAPTOP_TIMES_MAX], guards[HEAPTOP_TIMES_MAX];

	/* heaptop_look.c */
	bool has_top;
	char *start; /* of the heap: the program's first break */
	struct heaptop_step steps[HEAPTOP_STEPS_MAX];
	int count;
	char text[8192]; /* of /proc files */
};

/* In setup: finds the heap's start, and whether its top can be asked for. */
void heaptop_look_open(struct heaptop *h);
/* A step that concerns this block, with the place where it is. */
struct heaptop_step heaptop_step_of(const struct heaptop *h, const struct heaptop_block *block);
/* Looks, and adds the step. */
void heaptop_note(struct heaptop *h, struct heaptop_step step);
void heaptop_figures(const struct kit *kit);

#endif
