/*
 * handover.c - blocks are allocated by one thread and freed by another, and
 * some are kept.
 *
 * What it is like: requests that are read by one thread and finished by
 * another, with a few that live on. What it shows: how much memory a
 * few survivors keep from going back, and which geometry decides it: for ptmalloc
 * the top of the heap, for jemalloc the slab, for tcmalloc the span. With all threads
 * alive and nothing left to do, it is the calibration of every figure of return.
 *
 * Thread i frees what thread i-1 allocated; with one thread, the main thread
 * frees. Every keep-th block stays. Where small is given, a block of that size is allocated after
 * every keep-th block and stays too, scattered among the others.
 */
#include "kit/kit.h"

struct handover {
	int64_t blocks, size, keep, drop, small;
	uint64_t idle_ns;
};

struct own {
	char **blocks, **smalls;
};

static const struct kit_parameter parameters[] = {
	{ "threads", KIT_COUNT, 1, 1, 4096, NULL, "threads that allocate; each frees what its neighbour allocated" },
	{ "blocks", KIT_COUNT, 16384, 1, 1e9, NULL, "blocks that each thread allocates" },
	{ "size", KIT_BYTES, 8192, 16, 1 << 30, NULL, "bytes of a block" },
	{ "keep", KIT_COUNT, 64, 0, 1e9, NULL, "every keep-th block stays; 0: none" },
	{ "drop", KIT_COUNT, 0, 0, 1e9, NULL, "every drop-th block is never freed and no longer used, as a program does that leaks; 0: none" },
	{ "small", KIT_BYTES, 0, 0, 1 << 30, NULL, "a block of this size stays for every keep blocks, instead of one of them; 0: none" },
	{ "idle", KIT_DURATION, 1, 0, 604800, NULL, "how long nothing happens after the blocks are freed" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static uint64_t peak(const struct kit *kit)
{
	double keep = kit_number(kit, "keep");
	double small = keep > 0 ? kit_number(kit, "small") / keep : 0;
	return (uint64_t)(kit_number(kit, "threads") * kit_number(kit, "blocks") * (kit_number(kit, "size") + small));
}

static double seconds(const struct kit *kit)
{
	const double touch_rate = 1e9; /* bytes a second, with page faults */
	return (double)peak(kit) / touch_rate + kit_number(kit, "idle");
}

static size_t memory(const struct kit *kit)
{
	return sizeof(struct handover) + 128 + (kit_threads(kit) + 1) * (2 * (size_t)kit_count(kit, "blocks") * sizeof(char *) + sizeof(struct own) + 3 * 128);
}

static void setup(struct kit *kit)
{
	struct handover *h = kit_memory(kit, sizeof *h);
	*h = (struct handover){
		.blocks = kit_count(kit, "blocks"),
		.size = kit_count(kit, "size"),
		.keep = kit_count(kit, "keep"),
		.drop = kit_count(kit, "drop"),
		.small = kit_count(kit, "small"),
		.idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9),
	};
	kit_share(kit, h);
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		struct own *own = kit_memory(kit, sizeof *own);
		own->blocks = kit_memory(kit, (size_t)h->blocks * sizeof(char *));
		own->smalls = kit_memory(kit, (size_t)h->blocks * sizeof(char *));
		kit_worker(kit, i)->state = own;
	}
}

static bool stays(const struct handover *h, int64_t i)
{
	return h->keep > 0 && i % h->keep == 0;
}

/* The lab's list alone still knows of it: it is memory asked for and held. */
static bool dropped(const struct handover *h, int64_t i)
{
	return h->drop > 0 && i % h->drop == 0 && (h->small || !stays(h, i));
}

/* A block is touched whole and begins with its own address. */
static char *take(struct kit_worker *w, int64_t size)
{
	char *block = kit_malloc(w, (size_t)size);
	memset(block, 0x5a, (size_t)size);
	memcpy(block, &block, sizeof block);
	return block;
}

static void fill(struct kit_worker *w)
{
	const struct handover *h = kit_shared(w->kit);
	struct own *own = w->state;
	if (!own)
		return;
	kit_work_begin(w);
	for (int64_t i = 0; i < h->blocks; i++) {
		own->blocks[i] = take(w, h->size);
		if (h->small && stays(h, i))
			own->smalls[i] = take(w, h->small);
		w->count.operations++;
		if (i % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
	kit_work_end(w);
}

static void free_blocks_of(struct kit_worker *w, unsigned owner)
{
	const struct handover *h = kit_shared(w->kit);
	struct own *own = kit_worker(w->kit, owner)->state;
	for (int64_t i = 0; i < h->blocks; i++) {
		char *block = own->blocks[i], *address;
		if ((!h->small && stays(h, i)) || dropped(h, i))
			continue;
		memcpy(&address, block, sizeof address);
		if (address != block)
			kit_fail(KIT_CORRUPTION, "block %p holds %p where its own address was written", (void *)block, (void *)address);
		own->blocks[i] = NULL;
		kit_free(w, block, (size_t)h->size);
		if (i % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
}

static void drain(struct kit_worker *w)
{
	unsigned threads = kit_threads(w->kit);
	if (threads == 1 && w->index == 0)
		free_blocks_of(w, 1);
	if (threads > 1 && w->index > 0)
		free_blocks_of(w, w->index == 1 ? threads : w->index - 1);
}

static void idle(struct kit_worker *w)
{
	const struct handover *h = kit_shared(w->kit);
	if (w->index == 0)
		kit_sleep_until(kit_now() + h->idle_ns);
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	const struct handover *h = kit_shared(kit);
	for (unsigned t = 1; t <= kit_threads(kit); t++) {
		const struct own *own = kit_worker(kit, t)->state;
		for (int64_t i = 0; i < h->blocks; i++) {
			if (own->blocks[i])
				kit_block(blocks, own->blocks[i], (size_t)h->size);
			if (own->smalls[i])
				kit_block(blocks, own->smalls[i], (size_t)h->small);
		}
	}
}

static void figures(const struct kit *kit)
{
	const struct handover *h = kit_shared(kit);
	int64_t blocks = 0;
	if (h->drop == 0)
		return;
	for (unsigned t = 1; t <= kit_threads(kit); t++) {
		const struct own *own = kit_worker(kit, t)->state;
		for (int64_t i = 0; i < h->blocks; i++)
			blocks += dropped(h, i) && own->blocks[i];
	}
	kit_figure(kit, "dropped_bytes", (double)(blocks * h->size));
}

static const struct kit_workload handover = {
	.name = "handover",
	.doc = "blocks that one thread allocates and another frees, with some that stay",
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
	.figures = figures,
};
KIT_WORKLOAD(handover);
