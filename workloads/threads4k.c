/*
 * threads4k.c - T threads each hold B blocks of 4096 bytes and keep replacing
 * them.
 *
 * What it is like: worker threads of a server with page-sized buffers, each
 * freeing and allocating on its own thread. What it shows: the arenas that ptmalloc makes,
 * one for every thread up to 8 a core, each reserving 64 MiB; the price of an
 * allocation that is too large for glibc's per-thread cache (1032 bytes in 2.36) and within
 * that of all others. It embarrasses ptmalloc, which takes the arena's lock each time.
 *
 * Every byte of a new block is written. Blocks carry their own
 * address, checked before they are freed: a heap that hands out memory twice is found, not timed.
 */
#include "kit/kit.h"

#define BLOCK_BYTES 4096u

struct threads4k {
	int64_t blocks;
	uint64_t duration_ns, operations, looks, idle_ns;
};

static const struct kit_parameter parameters[] = {
	{ "threads", KIT_COUNT, 2, 1, 4096, NULL, "worker threads" },
	{ "blocks", KIT_COUNT, 100, 1, 1e8, NULL, "blocks of 4096 bytes that each thread holds" },
	{ "duration", KIT_DURATION, 2, 0, 604800, NULL, "how long the threads replace blocks; not used where operations is given" },
	{ "operations", KIT_COUNT, 0, 0, 1e15, NULL, "replacements of each thread: fixed work instead of fixed time" },
	{ "looks", KIT_COUNT, 0, 0, KIT_LOOKS_MAX, NULL, "times that the lab looks at equal distances while the threads work: slopes of a long run need them" },
	{ "idle", KIT_DURATION, 1, 0, 604800, NULL, "how long nothing happens after all blocks are freed" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static uint64_t peak(const struct kit *kit)
{
	return ((uint64_t)kit_count(kit, "threads") * (uint64_t)kit_count(kit, "blocks") + 1) * BLOCK_BYTES;
}

static double seconds(const struct kit *kit)
{
	const double replacement = 0.4e-6; /* two cores, any allocator: half to double of it */
	double operations = kit_number(kit, "operations");
	double work = operations > 0 ? operations * replacement * kit_number(kit, "threads") / 2 : kit_number(kit, "duration");
	return work + kit_number(kit, "idle");
}

static const char *unfixed(const struct kit *kit)
{
	return kit_count(kit, "operations") > 0 ? NULL : "give it operations, for without them duration decides how much it does";
}

static size_t memory(const struct kit *kit)
{
	size_t slots = (size_t)kit_count(kit, "blocks") * sizeof(void *);
	return sizeof(struct threads4k) + 128 + (kit_threads(kit) + 1) * (slots + 128);
}

static void setup(struct kit *kit)
{
	struct threads4k *t = kit_memory(kit, sizeof *t);
	*t = (struct threads4k){
		.blocks = kit_count(kit, "blocks"),
		.duration_ns = (uint64_t)(kit_number(kit, "duration") * 1e9),
		.operations = (uint64_t)kit_count(kit, "operations"),
		.looks = (uint64_t)kit_count(kit, "looks"),
		.idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9),
	};
	kit_share(kit, t);
	for (unsigned i = 0; i <= kit_threads(kit); i++)
		kit_worker(kit, i)->state = kit_memory(kit, (i == 0 ? 1 : (size_t)t->blocks) * sizeof(void *));
}

/* The main thread holds one block, so that the main arena is in use. */
static int64_t blocks_of(const struct kit_worker *w)
{
	const struct threads4k *t = kit_shared(w->kit);
	return w->index == 0 ? 1 : t->blocks;
}

static void *take(struct kit_worker *w)
{
	void **block = kit_malloc(w, BLOCK_BYTES);
	memset(block, 0x5a, BLOCK_BYTES);
	*block = block;
	return block;
}

static void give_back(struct kit_worker *w, void *block)
{
	if (*(void **)block != block)
		kit_fail(KIT_CORRUPTION, "block %p holds %p where its own address was written", block, *(void **)block);
	kit_free(w, block, BLOCK_BYTES);
}

/* One of the parts between looks, from 1. */
static void replace_for(struct kit_worker *w, const struct threads4k *t, uint64_t part)
{
	void **slots = w->state;
	uint64_t end = w->work_started_ns + t->duration_ns * part / (t->looks + 1);
	uint64_t operations = t->operations * part / (t->looks + 1);
	for (uint64_t done = w->count.operations; t->operations == 0 || done < operations; done++) {
		uint64_t i = rng_below(&w->rng, (uint64_t)t->blocks);
		give_back(w, slots[i]);
		slots[i] = take(w);
		w->count.operations++;
		if (done % KIT_PUBLISH_EVERY == 0) {
			kit_publish(w);
			if (t->operations == 0 && kit_now() >= end)
				break;
		}
	}
}

static void fill(struct kit_worker *w)
{
	const struct threads4k *t = kit_shared(w->kit);
	void **slots = w->state;
	for (int64_t i = 0; i < blocks_of(w); i++)
		slots[i] = take(w);
	if (w->index == 0) {
		for (uint64_t i = 0; i < t->looks; i++)
			kit_look(w);
		return;
	}
	kit_work_begin(w);
	for (uint64_t part = 1; part <= t->looks; part++) {
		replace_for(w, t, part);
		kit_look(w);
	}
	replace_for(w, t, t->looks + 1);
	kit_work_end(w);
}

static void drain(struct kit_worker *w)
{
	void **slots = w->state;
	for (int64_t i = 0; i < blocks_of(w); i++) {
		give_back(w, slots[i]);
		slots[i] = NULL;
	}
}

static void idle(struct kit_worker *w)
{
	const struct threads4k *t = kit_shared(w->kit);
	if (w->index == 0)
		kit_sleep_until(kit_now() + t->idle_ns);
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	for (unsigned i = 0; i <= kit_threads(kit); i++) {
		struct kit_worker *w = kit_worker(kit, i);
		void **slots = w->state;
		for (int64_t j = 0; j < blocks_of(w); j++)
			if (slots[j])
				kit_block(blocks, slots[j], BLOCK_BYTES);
	}
}

static const struct kit_workload threads4k = {
	.name = "threads4k",
	.doc = "threads that each hold and replace blocks of 4096 bytes, as servers with page-sized buffers do",
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.seconds = seconds,
	.unfixed = unfixed,
	.memory = memory,
	.setup = setup,
	.fill = fill,
	.drain = drain,
	.idle = idle,
	.list = list,
};
KIT_WORKLOAD(threads4k);
