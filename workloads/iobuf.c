/*
 * iobuf.c - a replicated storage server takes a burst, falls behind, catches
 * up, and is idle.
 *
 * What it is like: Curve's chunkserver on brpc. Requests of 4 to 64 KiB arrive in chains of
 * 8 KiB blocks, with reference counts, that neighbouring messages share; a log entry refers to the
 * same blocks and is written ahead through an aligned copy; groups whose replica lags keep their
 * entries in memory, the others are applied at once. A block is read into by one thread and freed by another.
 *
 * What it shows: how much of the backlog's memory is still held when nothing
 * of it is in use any more, and why: a block shared with a small append, metadata that
 * stays, caches and pools of the program itself, and the allocator. It embarrasses
 * ptmalloc, whose arenas are filled by one thread and freed by others, and every
 * clock that runs on activity, when the server falls silent.
 */
#include "iobuf.h"

static const struct kit_parameter parameters[] = {
	{ "threads", KIT_COUNT, 8, 3, 4096, NULL, "workers: a quarter log, the rest read and apply in halves" },
	{ "backlog", KIT_BYTES, 64 << 20, 4096, 1e13, NULL, "bytes of requests that wait in memory at the burst's top" },
	{ "bursts", KIT_COUNT, 2, 1, 1e6, NULL, "how often the backlog grows; all but the last drain at once" },
	{ "lagging", KIT_FRACTION, 0.5, 0.001, 1, NULL, "share of requests that wait; the others are applied as they come" },
	{ "request_min", KIT_BYTES, 4096, 4096, IOBUF_REQUEST_MAX, NULL, "smallest request, a multiple of 4 KiB" },
	{ "request_max", KIT_BYTES, 65536, 4096, IOBUF_REQUEST_MAX, NULL, "largest request, a multiple of 4 KiB" },
	{ "small_appends", KIT_COUNT, 1, 0, 64, NULL, "64-byte appends of a request into its thread's shared block" },
	{ "keep", KIT_FRACTION, 0.0625, 0, 1, NULL, "share of requests that leave 128 bytes of metadata until the next burst" },
	{ "pin", KIT_FRACTION, 0.004, 0, 1, NULL, "share of requests that leave a reference to 4 bytes of their small append" },
	{ "pool", KIT_BOOL, 1, 0, 1, NULL, "calls come from a pool that never gives back; false: from malloc" },
	{ "idle", KIT_DURATION, 1, 0, 604800, NULL, "how long the server is idle after the last drain" },
	{ "trickle", KIT_COUNT, 0, 0, 100000, NULL, "requests of the smallest size a second while it is idle; 0: silence" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static uint64_t peak(const struct kit *kit)
{
	struct iobuf_shape s = iobuf_shape(kit);
	const double per_held = sizeof(struct iobuf_entry) + sizeof(struct iobuf_call) + 2 * 512 + IOBUF_BLOCK_BYTES / 2; /* neighbours' parts of shared blocks */
	double under_way = (double)(s.readers * IOBUF_CONNECTIONS * 2) * (512 << 10) + (double)(s.loggers + s.appliers) * IOBUF_QUEUE * (s.request_max + IOBUF_BLOCK_BYTES);
	double in_all = (double)s.requests * s.request_max; /* small bursts fit into what may be under way */
	return (uint64_t)(kit_number(kit, "backlog") + (double)s.held * per_held + (under_way < in_all ? under_way : in_all) + (double)s.pinned * IOBUF_BLOCK_BYTES + (1 << 20));
}

static double seconds(const struct kit *kit)
{
	const double rate = 0.6e9; /* bytes a second through all stages, two cores */
	return kit_number(kit, "backlog") / kit_number(kit, "lagging") * kit_number(kit, "bursts") / rate + kit_number(kit, "idle");
}

static void fill(struct kit_worker *w)
{
	struct iobuf_world *world = iobuf_world(w->kit);
	struct iobuf_own *own = iobuf_own(w);
	if (!own)
		return;
	kit_work_begin(w);
	own->timed = true;
	for (uint64_t burst = 1;; burst++) {
		if (own->role == IOBUF_READER)
			iobuf_read_burst(w);
		else if (own->role == IOBUF_LOGGER)
			iobuf_log(w, own->share);
		else
			iobuf_receive(w, own->share);
		if (burst == world->bursts)
			break;
		iobuf_meet(w, &world->full);
		if (own->role == IOBUF_APPLIER)
			iobuf_drain_held(w);
		iobuf_meet(w, &world->drained);
	}
	own->timed = false;
	kit_work_end(w);
}

static void drain(struct kit_worker *w)
{
	if (!w->state || iobuf_own(w)->role != IOBUF_APPLIER)
		return;
	kit_work_begin(w);
	iobuf_drain_held(w);
	kit_work_end(w);
}

/* How many of the idle window's requests fall to the n-th of so many threads. */
static uint64_t turns(const struct iobuf_world *world, unsigned threads, unsigned n)
{
	return (world->trickled + threads - 1 - n) / threads;
}

/* Requests trickle in, each to the next thread of each role in turn: every thread's allocator sees activity. */
static void idle(struct kit_worker *w)
{
	const struct iobuf_world *world = iobuf_world(w->kit);
	const struct iobuf_shape *s = &world->shape;
	struct iobuf_own *own = iobuf_own(w);
	uint64_t start = kit_now();
	if (!own) {
		kit_sleep_until(start + world->idle_ns);
		return;
	}
	for (uint64_t i = own->number; own->role == IOBUF_READER && i < world->trickled; i += s->readers) {
		struct iobuf_request request = { .bytes = s->request_min, .log = (uint16_t)(i % s->loggers), .apply = (uint16_t)(i % s->appliers) };
		kit_sleep_until(start + (uint64_t)((double)i / world->trickle * 1e9));
		iobuf_read_one(w, 1ull << 63 | i, &request);
		own->trickled++;
	}
	if (own->role == IOBUF_LOGGER)
		iobuf_log(w, turns(world, s->loggers, own->number));
	if (own->role == IOBUF_APPLIER)
		iobuf_receive(w, turns(world, s->appliers, own->number));
}

static const struct kit_workload iobuf = {
	.name = "iobuf",
	.doc = "a storage server whose backlog grows and drains: shared 8 KiB blocks that one thread reads into and another frees",
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.seconds = seconds,
	.memory = iobuf_memory,
	.setup = iobuf_setup,
	.fill = fill,
	.drain = drain,
	.idle = idle,
	.list = iobuf_list,
	.figures = iobuf_figures,
};
KIT_WORKLOAD(iobuf);
