/*
 * heaptop.c - a few blocks allocated and freed on the main thread, with the
 * heap looked at after each step: break, top, RSS.
 *
 * What it is like: the drawing of a heap in every explanation of malloc, run
 * instead of drawn. What it shows: what free() gives back and what it does not.
 * Blocks of 30 and 20 KiB come from below the break; 200 KiB come from a
 * mapping, whose free raises mmap_threshold to its size and trim_threshold to
 * double that (mallopt(3), M_MMAP_THRESHOLD). A large block does so again: the
 * first one goes back at once, the second comes from below the break and stays.
 * It embarrasses ptmalloc; other allocators take the same steps for comparison.
 *
 * It is no benchmark: reading RSS costs more than any step.
 */
#include "heaptop.h"

#define KIB 1024u

static const struct kit_parameter parameters[] = {
	{ "large", KIT_BYTES, 30 << 20, 256 << 10, 1 << 30, NULL, "bytes of the large block" },
	{ "times", KIT_COUNT, 2, 1, HEAPTOP_TIMES_MAX, NULL, "how often a large block is allocated and freed" },
	{ "guard", KIT_BYTES, 0, 0, 64 << 10, NULL, "a block of this size is allocated after each large one and stays; 0: none" },
	{ "idle", KIT_DURATION, 0.5, 0, 604800, NULL, "how long nothing happens after the last free" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	(void)kit;
	return 0; /* the main thread's heap is the one with a break */
}

static uint64_t peak(const struct kit *kit)
{
	return (uint64_t)(2 * kit_number(kit, "large")) + (1u << 20);
}

static double seconds(const struct kit *kit)
{
	return 0.2 + kit_number(kit, "idle");
}

static size_t memory(const struct kit *kit)
{
	(void)kit;
	return sizeof(struct heaptop) + 128;
}

static void setup(struct kit *kit)
{
	const size_t least = sizeof(char *) + sizeof(size_t); /* what a block carries */
	struct heaptop *h = kit_memory(kit, sizeof *h);
	if (kit_count(kit, "guard") > 0 && (size_t)kit_count(kit, "guard") < least)
		kit_fail(KIT_USAGE, "guard is %lld bytes; it must be 0 or at least %zu", (long long)kit_count(kit, "guard"), least);
	*h = (struct heaptop){
		.large = (size_t)kit_count(kit, "large"),
		.guard = (size_t)kit_count(kit, "guard"),
		.times = kit_count(kit, "times"),
		.idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9),
	};
	heaptop_look_open(h);
	kit_share(kit, h);
}

/* Touched whole; it begins with its own address and ends with its size. */
static void take(struct kit_worker *w, struct heaptop_block *b, size_t bytes)
{
	struct heaptop *h = kit_shared(w->kit);
	*b = (struct heaptop_block){ kit_malloc(w, bytes), bytes };
	memset(b->at, 0x5a, bytes);
	memcpy(b->at, &b->at, sizeof b->at);
	memcpy(b->at + bytes - sizeof bytes, &bytes, sizeof bytes);
	struct heaptop_step step = heaptop_step_of(h, b);
	step.allocated = bytes;
	heaptop_note(h, step);
}

static void give_back(struct kit_worker *w, struct heaptop_block *b)
{
	struct heaptop *h = kit_shared(w->kit);
	if (memcmp(b->at, &b->at, sizeof b->at) != 0 || memcmp(b->at + b->bytes - sizeof b->bytes, &b->bytes, sizeof b->bytes) != 0)
		kit_fail(KIT_CORRUPTION, "block %p of %zu bytes does not hold what was written to it", (void *)b->at, b->bytes);
	struct heaptop_step step = heaptop_step_of(h, b);
	step.freed = b->bytes;
	kit_free(w, b->at, b->bytes);
	b->at = NULL;
	heaptop_note(h, step);
}

static void fill(struct kit_worker *w)
{
	struct heaptop *h = kit_shared(w->kit);
	struct heaptop_block *small = h->small;
	heaptop_note(h, (struct heaptop_step){ 0 });
	take(w, &small[0], 30 * KIB);
	take(w, &small[1], 20 * KIB);
	take(w, &small[2], 200 * KIB);
	for (int i = 0; i < 3; i++)
		give_back(w, &small[i]);
	take(w, &small[3], 10 * KIB);
	for (int i = 0; i < h->times; i++) {
		if (i > 0)
			give_back(w, &h->larges[i - 1]);
		take(w, &h->larges[i], h->large);
		if (h->guard)
			take(w, &h->guards[i], h->guard);
	}
}

static void drain(struct kit_worker *w)
{
	struct heaptop *h = kit_shared(w->kit);
	give_back(w, &h->larges[h->times - 1]);
}

static void idle(struct kit_worker *w)
{
	struct heaptop *h = kit_shared(w->kit);
	uint64_t start = kit_now();
	kit_sleep_until(start + h->idle_ns);
	heaptop_note(h, (struct heaptop_step){ .idle_s = (double)(kit_now() - start) / 1e9 });
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	const struct heaptop *h = kit_shared(kit);
	const struct heaptop_block *all[] = { h->small, h->larges, h->guards };
	const int counts[] = { 4, HEAPTOP_TIMES_MAX, HEAPTOP_TIMES_MAX };
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < counts[i]; j++)
			if (all[i][j].at)
				kit_block(blocks, all[i][j].at, all[i][j].bytes);
}

static const struct kit_workload heaptop = {
	.name = "heaptop",
	.doc = "a few blocks allocated and freed on the main thread, with break, top and RSS after each step",
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.seconds = seconds,
	.memory = memory,
	.setup = setup,
	.fill = fill,
	.drain = drain,
	.idle = idle,
	.list = list,
	.figures = heaptop_figures,
};
KIT_WORKLOAD(heaptop);
