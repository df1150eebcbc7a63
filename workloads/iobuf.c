/*
 * iobuf.c - a replicated storage server under a burst, after brpc and Curve's
 * chunkserver.
 *
 * What it is like: read threads take requests of 4 to 64 KiB from sockets into
 * chains of 8 KiB blocks that several requests share, and put a small header
 * into a block that all headers share; log threads write each request ahead
 * through a 4 KiB-aligned copy; the request stays in memory until it is applied, by
 * another thread, which drops the last reference and so frees what the reader
 * allocated. A burst that is read faster than it is applied grows a backlog; then
 * it drains completely and the server is idle.
 *
 * What it shows: how much of the burst stays resident after the drain, and why. One
 * small piece of every keep-th request lives on. It embarrasses ptmalloc,
 * whose heaps give memory back only from their top, and every allocator whose
 * clock needs activity, when the idle window is silent.
 */
#include "iobuf.h"

static const struct kit_parameter parameters[] = {
	{ "threads", KIT_COUNT, 8, 3, 4096, NULL, "read threads (3 of 8), log threads (1 of 8) and apply threads (the rest)" },
	{ "backlog", KIT_BYTES, 64 << 20, 1 << 20, 1e14, NULL, "bytes of requests in memory when the burst is at its top" },
	{ "bursts", KIT_COUNT, 1, 1, 1000, NULL, "bursts, each drained, of which the last is looked at" },
	{ "request_min", KIT_BYTES, 4096, 4096, 1 << 30, NULL, "smallest request, a multiple of 4 KiB" },
	{ "request_max", KIT_BYTES, 65536, 4096, 1 << 30, NULL, "largest request, a multiple of 4 KiB" },
	{ "small", KIT_BYTES, 64, 0, 4096, NULL, "small append of each request into a block that all share; 0: none" },
	{ "wal", KIT_BOOL, 1, 0, 1, NULL, "write ahead through an aligned copy" },
	{ "pool", KIT_BYTES, 256, 0, 65536, NULL, "bytes of the pooled object that goes with a request; its chunks are never given back; 0: none" },
	{ "keep", KIT_COUNT, 16, 0, 1e9, NULL, "of every keep-th request its entry of 128 bytes stays; 0: of none" },
	{ "trickle", KIT_FRACTION, 0, 0, 1e6, NULL, "small requests a second in the idle window; 0: silence" },
	{ "idle", KIT_DURATION, 1, 0, 604800, NULL, "how long the server is idle after the drain" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static unsigned readers_of(unsigned threads)
{
	return threads * 3 / 8 ? threads * 3 / 8 : 1;
}

static uint64_t entries_at_most(const struct kit *kit)
{
	return (uint64_t)kit_count(kit, "backlog") / (uint64_t)kit_count(kit, "request_min") + kit_threads(kit) + 1;
}

static uint64_t peak(const struct kit *kit)
{
	double request = (kit_number(kit, "request_min") + kit_number(kit, "request_max")) / 2;
	double with_each = 128 + 512 + kit_number(kit, "small") + kit_number(kit, "pool");
	return (uint64_t)(kit_number(kit, "backlog") * (1 + with_each / request) * 1.02);
}

static double seconds(const struct kit *kit)
{
	const double rate = 0.6e9; /* bytes a second through all stages on two cores */
	return kit_number(kit, "bursts") * kit_number(kit, "backlog") / rate + kit_number(kit, "idle");
}

static uint32_t slots_of(const struct kit *kit)
{
	uint64_t quota = (uint64_t)kit_count(kit, "backlog") / readers_of(threads(kit));
	return (uint32_t)(quota / (IOBUF_PAYLOAD / 2) * 2 + 1024);
}

static uint64_t kept_of(const struct kit *kit)
{
	int64_t keep = kit_count(kit, "keep");
	return keep ? ((uint64_t)kit_count(kit, "bursts") * entries_at_most(kit)) / (uint64_t)keep + kit_threads(kit) + 1 : 1;
}

static size_t memory(const struct kit *kit)
{
	uint64_t entries = entries_at_most(kit);
	size_t of_thread = sizeof(struct iobuf_thread) + slots_of(kit) * sizeof(void *) + IOBUF_TASKS * 2 * sizeof(uint32_t) + kept_of(kit) * sizeof(void *) + 5 * 128;
	size_t pool = kit_count(kit, "pool") ? iobuf_pool_memory(entries + kit_threads(kit) * IOBUF_TASKS, (uint32_t)kit_count(kit, "pool")) : 0;
	return sizeof(struct iobuf_server) + 2 * (entries * sizeof(void *) + 128) + pool + (kit_threads(kit) + 1) * of_thread + 256;
}

static void setup(struct kit *kit)
{
	struct iobuf_server *s = kit_memory(kit, sizeof *s);
	unsigned n = kit_threads(kit);
	s->smallest = (uint32_t)kit_count(kit, "request_min") / 4096;
	s->largest = (uint32_t)kit_count(kit, "request_max") / 4096;
	if (s->smallest > s->largest || kit_count(kit, "request_min") % 4096 || kit_count(kit, "request_max") % 4096)
		kit_fail(KIT_USAGE, "request_min and request_max must be multiples of 4096 bytes, and request_min not the larger");
	s->readers = readers_of(n);
	s->loggers = n / 8 ? n / 8 : 1;
	s->appliers = n - s->readers - s->loggers;
	s->quota = (uint64_t)kit_count(kit, "backlog") / s->readers;
	s->small = (uint32_t)kit_count(kit, "small");
	s->keep = kit_count(kit, "keep");
	s->bursts = kit_count(kit, "bursts");
	s->wal = kit_count(kit, "wal");
	s->trickle = kit_number(kit, "trickle");
	s->idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9);
	iobuf_queue_open(kit, &s->to_log, entries_at_most(kit));
	iobuf_queue_open(kit, &s->backlog, entries_at_most(kit));
	s->backlog.closed = true; /* nobody waits for it: it is drained when all has been read */
	if (kit_count(kit, "pool"))
		iobuf_pool_open(kit, &s->pool, entries_at_most(kit) + n * IOBUF_TASKS, (uint32_t)kit_count(kit, "pool"));
	pthread_barrier_init(&s->barrier, NULL, n);
	atomic_store(&s->reading, s->readers);
	for (unsigned i = 0; i <= n; i++) {
		struct iobuf_thread *t = kit_memory(kit, sizeof *t);
		t->registry.count = i == 0 ? 1 : slots_of(kit);
		t->registry.slots = kit_memory(kit, t->registry.count * sizeof *t->registry.slots);
		t->tasks = kit_memory(kit, 2 * IOBUF_TASKS * sizeof *t->tasks);
		t->kept = kit_memory(kit, kept_of(kit) * sizeof *t->kept);
		t->average = 32768;
		kit_worker(kit, i)->state = t;
	}
	kit_share(kit, s);
}

/* ---- logging and applying ---- */

/* Written ahead with direct I/O: an aligned buffer of header and request, freed at once. */
static void write_ahead(struct kit_worker *w, struct iobuf_entry *e)
{
	struct iobuf_thread *t = w->state;
	size_t bytes = (28 + (size_t)e->length + 4095) / 4096 * 4096;
	char *buffer = kit_aligned(w, 4096, bytes), *at = buffer + 28;
	const struct iobuf_reference *r = e->array ? e->array : e->two;
	memset(buffer, 0, 28);
	for (uint32_t i = 0; i < e->count && (size_t)(at - buffer) + r[i].length <= bytes; i++, at += r[i - 1].length)
		memcpy(at, (char *)r[i].block + IOBUF_HEADER + r[i].offset, r[i].length);
	t->wal_bytes += bytes;
	kit_free(w, buffer, bytes);
}

static void log_burst(struct kit_worker *w)
{
	struct iobuf_server *s = kit_shared(w->kit);
	for (struct iobuf_entry *e; (e = iobuf_queue_pop(w, &s->to_log));) {
		if (s->wal)
			write_ahead(w, e);
		iobuf_queue_push(&s->backlog, e);
	}
}

static void apply_backlog(struct kit_worker *w)
{
	struct iobuf_server *s = kit_shared(w->kit);
	struct iobuf_thread *t = w->state;
	uint64_t done = 0;
	for (struct iobuf_entry *e; (e = iobuf_queue_pop(w, &s->backlog));) {
		if (e->self != e)
			kit_fail(KIT_CORRUPTION, "entry %p holds %p where its own address was written", (void *)e, (void *)e->self);
		iobuf_clear(w, e);
		if (s->pool.per_chunk)
			iobuf_pool_put(w, &s->pool, e->task);
		if (s->keep && e->number % (uint64_t)s->keep == 0)
			t->kept[t->kept_count++] = e;
		else
			kit_free(w, e, sizeof *e);
		if (++done % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
}

/* ---- steps ---- */

static void wait_for_all(struct kit_worker *w, struct iobuf_server *s)
{
	uint64_t start = kit_now();
	pthread_barrier_wait(&s->barrier);
	w->count.wait_ns += kit_now() - start;
}

static bool applies(const struct kit_worker *w, const struct iobuf_server *s)
{
	return w->index > s->readers + s->loggers;
}

static void fill(struct kit_worker *w)
{
	struct iobuf_server *s = kit_shared(w->kit);
	if (w->index == 0)
		return;
	kit_work_begin(w);
	for (int64_t burst = 1; burst <= s->bursts; burst++) {
		if (w->index <= s->readers)
			iobuf_read_burst(w);
		else if (!applies(w, s))
			log_burst(w);
		wait_for_all(w, s);
		if (burst == s->bursts)
			break;
		if (applies(w, s))
			apply_backlog(w);
		wait_for_all(w, s);
		if (w->index == 1) {
			atomic_store(&s->reading, s->readers);
			s->to_log.closed = false;
		}
		wait_for_all(w, s);
	}
	kit_work_end(w);
}

static void drain(struct kit_worker *w)
{
	struct iobuf_server *s = kit_shared(w->kit);
	if (w->index == 0 || !applies(w, s))
		return;
	kit_work_begin(w);
	apply_backlog(w);
	kit_work_end(w);
}

/* Small requests, each on the next thread in turn, so that every thread's allocator sees some activity. */
static void idle(struct kit_worker *w)
{
	const struct iobuf_server *s = kit_shared(w->kit);
	uint64_t now = kit_now(), end = now + s->idle_ns;
	if (s->trickle <= 0 || w->index == 0) {
		if (w->index == 0)
			kit_sleep_until(end);
		return;
	}
	uint64_t period = (uint64_t)(1e9 * kit_threads(w->kit) / s->trickle);
	for (uint64_t next = now + period * w->index / kit_threads(w->kit); next < end; next += period) {
		kit_sleep_until(next);
		char *block = kit_malloc(w, IOBUF_BLOCK);
		memset(block, 0x5a, 4096);
		kit_free(w, block, IOBUF_BLOCK);
		((struct iobuf_thread *)w->state)->trickled++;
		kit_publish(w);
	}
}

/* ---- marks ---- */

static void list_entries(const struct iobuf_queue *q, struct kit_list *list)
{
	for (uint64_t i = q->head; i < q->tail; i++) {
		const struct iobuf_entry *e = q->entries[i % q->room];
		kit_block(list, e, sizeof *e);
		if (e->array)
			kit_block(list, e->array, e->capacity * sizeof *e->array);
	}
}

static void list(const struct kit *kit, struct kit_list *list)
{
	const struct iobuf_server *s = kit_shared(kit);
	for (unsigned i = 0; i <= kit_threads(kit); i++) {
		const struct iobuf_thread *t = kit_worker(kit, i)->state;
		for (uint32_t j = 0; j < t->registry.count; j++)
			if (t->registry.slots[j])
				kit_block(list, t->registry.slots[j], IOBUF_BLOCK);
		for (uint64_t j = 0; j < t->kept_count; j++)
			kit_block(list, t->kept[j], sizeof(struct iobuf_entry));
	}
	list_entries(&s->to_log, list);
	list_entries(&s->backlog, list);
	for (uint32_t i = 0; i < s->pool.chunk_count; i++)
		kit_block(list, s->pool.chunks[i], iobuf_pool_chunk_bytes(&s->pool));
}

static void figures(const struct kit *kit)
{
	struct iobuf_server *s = kit_shared(kit);
	struct iobuf_thread sum = { .created = 0 };
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		const struct iobuf_thread *t = kit_worker(kit, i)->state;
		sum.created += t->created;
		sum.references += t->references;
		sum.frees += t->frees;
		sum.far_frees += t->far_frees;
		sum.limit_hits += t->limit_hits;
		sum.wal_bytes += t->wal_bytes;
		sum.pinned_by_small += t->pinned_by_small;
		sum.kept_count += t->kept_count;
		sum.number += t->number;
		sum.cached += t->cached;
		sum.trickled += t->trickled;
	}
	uint64_t waiting = 0;
	for (uint64_t i = s->backlog.head; i < s->backlog.tail; i++)
		waiting += s->backlog.entries[i % s->backlog.room]->length;
	s->backlog_peak = waiting > s->backlog_peak ? waiting : s->backlog_peak;
	kit_figure(kit, "requests", (double)sum.number);
	kit_figure(kit, "backlog_peak_bytes", (double)s->backlog_peak);
	kit_figure(kit, "blocks_created", (double)sum.created);
	if (sum.created)
		kit_figure(kit, "references_per_block", (double)sum.references / (double)sum.created);
	if (sum.frees)
		kit_figure(kit, "far_free_share", (double)sum.far_frees / (double)sum.frees);
	kit_figure(kit, "cache_limit_hits", (double)sum.limit_hits);
	kit_figure(kit, "cached_blocks", (double)sum.cached);
	kit_figure(kit, "small_appends", (double)sum.pinned_by_small);
	kit_figure(kit, "wal_bytes", (double)sum.wal_bytes);
	kit_figure(kit, "pool_bytes", (double)(s->pool.chunk_count * iobuf_pool_chunk_bytes(&s->pool)));
	kit_figure(kit, "kept_entries", (double)sum.kept_count);
	kit_figure(kit, "references", (double)sum.references);
	kit_figure(kit, "trickled", (double)sum.trickled);
	kit_figure(kit, "readers", s->readers);
}

static const struct kit_workload iobuf = {
	.name = "iobuf",
	.doc = "a storage server's burst: chains of shared 8 KiB blocks, written ahead, freed by other threads than read them",
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
KIT_WORKLOAD(iobuf);
