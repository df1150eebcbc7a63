/*
 * scatter.c - small blocks of mixed sizes, of which a random part stays.
 *
 * What it is like: a program that parses or serves much at once and keeps some
 * of it: index entries, sessions, cached objects between requests' short-lived ones. What it shows:
 * fragmentation. With three of ten blocks kept nearly every page holds one, so
 * that hardly any page is empty and a purge has nothing to return: it embarrasses whoever
 * expects malloc_trim to help, and no allocator that cannot move blocks escapes it.
 *
 * Each thread allocates its part, then frees what does not stay, in the order of allocation.
 */
#include "kit/kit.h"

struct scatter {
	uint64_t bytes, smallest, largest; /* bytes: of each thread */
	double keep;
	uint64_t looks, idle_ns;
};

struct own {
	char **blocks;
	uint32_t *sizes;
	uint64_t count;
};

static const struct kit_parameter parameters[] = {
	{ "threads", KIT_COUNT, 1, 1, 4096, NULL, "threads that allocate and free their own blocks" },
	{ "bytes", KIT_BYTES, 256 << 20, 4096, 1e13, NULL, "asked for by all threads together" },
	{ "smallest", KIT_BYTES, 16, 16, 1 << 30, NULL, "smallest block" },
	{ "largest", KIT_BYTES, 1015, 16, 1 << 30, NULL, "largest block; every size between is as likely" },
	{ "keep", KIT_FRACTION, 0.3, 0, 1, NULL, "part of the blocks that stays, drawn at random" },
	{ "looks", KIT_COUNT, 0, 0, KIT_LOOKS_MAX, NULL, "times that the lab looks at equal distances while the blocks are allocated" },
	{ "idle", KIT_DURATION, 1, 0, 604800, NULL, "how long nothing happens after the others are freed" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static uint64_t peak(const struct kit *kit)
{
	return (uint64_t)kit_count(kit, "bytes");
}

static double seconds(const struct kit *kit)
{
	const double touch_rate = 1e9; /* bytes a second, with page faults */
	return (double)peak(kit) / touch_rate + kit_number(kit, "idle");
}

/* Of a thread: twice what sizes of the mean come to, which no draw of so many reaches; a few are given extra. */
static uint64_t most_blocks(const struct kit *kit)
{
	uint64_t mean = ((uint64_t)kit_count(kit, "smallest") + (uint64_t)kit_count(kit, "largest")) / 2;
	return 2 * ((uint64_t)kit_count(kit, "bytes") / kit_threads(kit) / mean) + 64;
}

static size_t memory(const struct kit *kit)
{
	size_t blocks = most_blocks(kit);
	return sizeof(struct scatter) + 128 + kit_threads(kit) * (blocks * (sizeof(char *) + sizeof(uint32_t)) + sizeof(struct own) + 3 * 128);
}

static void setup(struct kit *kit)
{
	struct scatter *s = kit_memory(kit, sizeof *s);
	*s = (struct scatter){
		.bytes = (uint64_t)kit_count(kit, "bytes") / kit_threads(kit),
		.smallest = (uint64_t)kit_count(kit, "smallest"),
		.largest = (uint64_t)kit_count(kit, "largest"),
		.keep = kit_number(kit, "keep"),
		.looks = (uint64_t)kit_count(kit, "looks"),
		.idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9),
	};
	if (s->largest < s->smallest)
		kit_fail(KIT_USAGE, "largest = %llu is less than smallest = %llu", (unsigned long long)s->largest, (unsigned long long)s->smallest);
	kit_share(kit, s);
	uint64_t blocks = most_blocks(kit);
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		struct kit_worker *w = kit_worker(kit, i);
		struct own *own = kit_memory(kit, sizeof *own);
		own->blocks = kit_memory(kit, blocks * sizeof(char *));
		own->sizes = kit_memory(kit, blocks * sizeof(uint32_t));
		/* Drawn here, so that drawing is not timed. */
		for (uint64_t sum = 0; sum < s->bytes && own->count < blocks; own->count++) {
			uint64_t size = s->smallest + rng_below(&w->rng, s->largest - s->smallest + 1);
			own->sizes[own->count] = (uint32_t)size;
			sum += size;
		}
		w->state = own;
	}
}

static void allocate(struct kit_worker *w, struct own *own, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		char *block = kit_malloc(w, own->sizes[i]);
		memset(block, 0x5a, own->sizes[i]);
		memcpy(block, &block, sizeof block);
		own->blocks[i] = block;
		w->count.operations++;
		if (i % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
}

static void fill(struct kit_worker *w)
{
	const struct scatter *s = kit_shared(w->kit);
	struct own *own = w->state;
	uint64_t parts = s->looks + 1;
	if (!own) { /* the main thread has no blocks, and looks with the others */
		for (uint64_t i = 0; i < s->looks; i++)
			kit_look(w);
		return;
	}
	kit_work_begin(w);
	for (uint64_t i = 1; i < parts; i++) {
		allocate(w, own, own->count * (i - 1) / parts, own->count * i / parts);
		kit_look(w);
	}
	allocate(w, own, own->count * (parts - 1) / parts, own->count);
	kit_work_end(w);
}

static void drain(struct kit_worker *w)
{
	const struct scatter *s = kit_shared(w->kit);
	struct own *own = w->state;
	if (!own)
		return;
	uint64_t stays = (uint64_t)(s->keep * 1e6);
	kit_work_begin(w);
	for (uint64_t i = 0; i < own->count; i++) {
		char *block = own->blocks[i], *address;
		if (rng_below(&w->rng, 1000000) < stays)
			continue;
		memcpy(&address, block, sizeof address);
		if (address != block)
			kit_fail(KIT_CORRUPTION, "block %p holds %p where its own address was written", (void *)block, (void *)address);
		own->blocks[i] = NULL;
		kit_free(w, block, own->sizes[i]);
		w->count.operations++;
		if (i % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
	kit_work_end(w);
}

static void idle(struct kit_worker *w)
{
	const struct scatter *s = kit_shared(w->kit);
	if (w->index == 0)
		kit_sleep_until(kit_now() + s->idle_ns);
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	for (unsigned t = 1; t <= kit_threads(kit); t++) {
		const struct own *own = kit_worker(kit, t)->state;
		for (uint64_t i = 0; i < own->count; i++)
			if (own->blocks[i])
				kit_block(blocks, own->blocks[i], own->sizes[i]);
	}
}

static const struct kit_workload scatter = {
	.name = "scatter",
	.doc = "small blocks of mixed sizes, of which a random part stays, scattered over all pages",
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
};
KIT_WORKLOAD(scatter);
