/*
 * metaserver.c - a metadata server whose RSS grows all day, for one of three
 * reasons.
 *
 * What it is like: the metadata service of a file system: a directory entry, an
 * inode and a list of chunks for every file, 64 to 512 bytes each, a few
 * threads with a shard of the name space each, bursts of creations (a scan, a
 * recovery) that grow higher through the day. What it shows: that RSS alone does
 * not say why it grows. Each day begins with the same base of files, and each
 * burst reaches the same height:
 *
 *   grow      nothing is deleted: the data are really there
 *   retain    after a burst its files are deleted, but for a few that replace files of the base
 *   fragment  after a burst files of any age are deleted until as many are left as at the day's beginning
 *
 * So retain and fragment have the same live bytes at every instant, and RSS is
 * nearly the same in all three until the last burst is deleted. It embarrasses
 * allocators that keep free pages (retain), and all of them where every page
 * holds a survivor (fragment): there only moving or freeing files helps.
 */
#include "metaserver.h"

#define LASTING 4096u /* retain: one file of so many outlives its burst */
#define STEPS 20u    /* of a burst's way up; the second half of its time is quiet */

static const struct kit_parameter parameters[] = {
	{ "behaviour", KIT_CHOICE, 0, 0, 0, "grow retain fragment", "why RSS grows: data that are there, pages kept free, or survivors on every page" },
	{ "threads", KIT_COUNT, 4, 1, 4096, NULL, "threads, each with a shard of the name space" },
	{ "memory", KIT_BYTES, 128 << 20, 1 << 20, 1e13, NULL, "bytes of metadata at the top of the last burst" },
	{ "base", KIT_FRACTION, 0.3, 0.01, 1, NULL, "share of memory that is there from the beginning, and, but for grow, after each burst" },
	{ "bursts", KIT_COUNT, 12, 1, 1e6, NULL, "bursts in the day, each higher than the one before" },
	{ "lookups", KIT_COUNT, 2, 0, 1000, NULL, "files looked up for each one made" },
	{ "duration", KIT_DURATION, 3, 0, 604800, NULL, "how long the day takes" },
	{ "looks", KIT_COUNT, 0, 0, KIT_LOOKS_MAX, NULL, "times that the lab looks, after as many of the bursts but the last" },
	{ "idle", KIT_DURATION, 2.5, 0, 604800, NULL, "how long nothing happens after the last burst" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	return (unsigned)kit_count(kit, "threads");
}

static uint64_t peak(const struct kit *kit)
{
	return (uint64_t)kit_number(kit, "memory") + (1u << 20);
}

static double seconds(const struct kit *kit)
{
	const double look = 0.3e-9; /* seconds a byte: blocks are listed */
	return kit_number(kit, "duration") + kit_number(kit, "looks") * kit_number(kit, "memory") * look + kit_number(kit, "idle");
}

static uint64_t files_of_shard(const struct kit *kit)
{
	return (uint64_t)(kit_number(kit, "memory") / FILE_MEAN / kit_number(kit, "threads")) + 1;
}

static size_t memory(const struct kit *kit)
{
	return sizeof(struct metaserver) + 128 + kit_threads(kit) * (sizeof(struct shard) + files_of_shard(kit) * sizeof(void *) + 2 * 128);
}

static void setup(struct kit *kit)
{
	struct metaserver *m = kit_memory(kit, sizeof *m);
	const char *behaviour = kit_choice(kit, "behaviour");
	*m = (struct metaserver){
		.behaviour = strcmp(behaviour, "grow") == 0 ? GROW : strcmp(behaviour, "retain") == 0 ? RETAIN : FRAGMENT,
		.files = files_of_shard(kit),
		.bursts = (uint64_t)kit_count(kit, "bursts"),
		.lookups = (uint64_t)kit_count(kit, "lookups"),
		.duration_ns = (uint64_t)(kit_number(kit, "duration") * 1e9),
		.idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9),
		.looks = (uint64_t)kit_count(kit, "looks"),
	};
	if (m->looks >= m->bursts)
		kit_fail(KIT_USAGE, "looks is %llu; there are %llu bursts, and none is looked at after the last", (unsigned long long)m->looks, (unsigned long long)m->bursts);
	m->base = (uint64_t)((double)m->files * kit_number(kit, "base"));
	m->base = m->base ? m->base : 1;
	kit_share(kit, m);
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		struct shard *s = kit_worker(kit, i)->state = kit_memory(kit, sizeof *s);
		s->files = kit_memory(kit, m->files * sizeof *s->files);
	}
}

static void make_until(struct kit_worker *w, struct shard *s, uint64_t count)
{
	const struct metaserver *m = kit_shared(w->kit);
	while (s->count < count) {
		metaserver_make(w, s);
		for (uint64_t i = 0; i < m->lookups; i++)
			metaserver_look_up(w, s);
		if (s->made % (KIT_PUBLISH_EVERY / 4) == 0)
			kit_publish(w);
	}
}

static void end_burst(struct kit_worker *w, struct shard *s)
{
	const struct metaserver *m = kit_shared(w->kit);
	while (m->behaviour != GROW && s->count > m->base) {
		bool lasts = m->behaviour == RETAIN && s->count % LASTING == 0;
		metaserver_delete(w, s, m->behaviour == FRAGMENT ? rng_below(&w->rng, s->count) : lasts ? rng_below(&w->rng, m->base) : s->count - 1);
		if (s->deleted % KIT_PUBLISH_EVERY == 0)
			kit_publish(w);
	}
}

static void wait_until(struct kit_worker *w, uint64_t ns)
{
	uint64_t start = kit_now();
	if (start < ns) {
		kit_publish(w);
		kit_sleep_until(ns);
		w->count.wait_ns += kit_now() - start;
	}
}

static void burst(struct kit_worker *w, struct shard *s, uint64_t start, uint64_t length, uint64_t height)
{
	uint64_t from = s->count;
	for (uint64_t step = 1; step <= STEPS; step++) {
		make_until(w, s, from + (height > from ? (height - from) * step / STEPS : 0));
		wait_until(w, start + length / 2 * step / STEPS);
	}
}

/* At equal distances among all bursts but the last. */
static bool looks_after(const struct metaserver *m, uint64_t burst)
{
	return burst * m->looks / (m->bursts - 1) > (burst - 1) * m->looks / (m->bursts - 1);
}

static void fill(struct kit_worker *w)
{
	const struct metaserver *m = kit_shared(w->kit);
	struct shard *s = w->state;
	uint64_t length = m->duration_ns / m->bursts;
	if (s) {
		kit_work_begin(w);
		make_until(w, s, m->base);
	}
	uint64_t began = kit_now(), start = began;
	for (uint64_t i = 1; i <= m->bursts; i++, start += length) {
		if (s)
			burst(w, s, start, length, m->base + (m->files - m->base) * i / m->bursts);
		if (i == m->bursts)
			break; /* what follows the last one is drain's */
		if (s)
			end_burst(w, s);
		uint64_t parked = looks_after(m, i) ? kit_look(w) : 0;
		start += parked;
		began += parked;
		if (s)
			wait_until(w, start + length);
	}
	if (s) {
		s->day_ns = kit_now() - began;
		kit_work_end(w);
	}
}

static void drain(struct kit_worker *w)
{
	if (w->state)
		end_burst(w, w->state);
}

static void idle(struct kit_worker *w)
{
	struct metaserver *m = kit_shared(w->kit);
	if (w->index > 0)
		return;
	uint64_t start = kit_now();
	kit_sleep_until(start + m->idle_ns);
	m->idle_took_ns = kit_now() - start;
}

static const struct kit_workload metaserver = {
	.name = "metaserver",
	.doc = "a metadata server whose RSS grows: live data, free pages that are kept, or survivors on every page",
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.seconds = seconds,
	.memory = memory,
	.setup = setup,
	.fill = fill,
	.drain = drain,
	.idle = idle,
	.list = metaserver_list,
	.figures = metaserver_figures,
};
KIT_WORKLOAD(metaserver);
