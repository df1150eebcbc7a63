/*
 * probe_jemalloc.c - jemalloc 5, through mallctl (jemalloc(3), "MALLCTL NAMESPACE").
 *
 * Every return code is checked: what a version does not have is left out,
 * never printed as 0. mallctl checks the size of what it is asked for, so a
 * wrong type here is a missing line and not a wrong figure.
 */
#include "probe_dialect.h"

#include <inttypes.h>
#include <stdio.h>

extern int mallctl(const char *name, void *old, size_t *old_length, void *new_value, size_t new_length)
	__attribute__((weak));

/* All arenas together: MALLCTL_ARENAS_ALL of jemalloc/jemalloc.h. */
#define ALL "4096"
#define ARENAS "stats.arenas." ALL "."

enum type { SIZE, SIGNED_SIZE, COUNT, UNSIGNED, BOOL, TEXT };

struct item {
	const char *name;
	enum type type;
};

/* jemalloc 5.3.0, src/ctl.c. The settings are those that package allocators knows as knobs, and abort_conf. */
static const struct item settings[] = {
	{ "opt.abort_conf", BOOL }, { "opt.background_thread", BOOL },
	{ "opt.dirty_decay_ms", SIGNED_SIZE }, { "opt.dss", TEXT },
	{ "opt.lg_extent_max_active_fit", SIZE }, { "opt.lg_prof_interval", SIGNED_SIZE },
	{ "opt.lg_prof_sample", SIZE },
	{ "opt.max_background_threads", SIZE }, { "opt.metadata_thp", TEXT },
	{ "opt.muzzy_decay_ms", SIGNED_SIZE }, { "opt.narenas", UNSIGNED },
	{ "opt.oversize_threshold", SIZE }, { "opt.percpu_arena", TEXT }, { "opt.prof", BOOL },
	{ "opt.prof_active", BOOL }, { "opt.retain", BOOL }, { "opt.tcache", BOOL },
	{ "opt.tcache_max", SIZE }, { "opt.tcache_nslots_large", UNSIGNED },
	{ "opt.tcache_nslots_small_max", UNSIGNED }, { "opt.thp", TEXT },
};

static const struct item figures[] = {
	{ "stats.allocated", SIZE }, { "stats.active", SIZE }, { "stats.metadata", SIZE },
	{ "stats.metadata_thp", SIZE }, { "stats.resident", SIZE }, { "stats.mapped", SIZE },
	{ "stats.retained", SIZE }, { "stats.zero_reallocs", SIZE },
	{ "stats.background_thread.num_threads", SIZE }, { "stats.background_thread.num_runs", COUNT },
	{ "stats.background_thread.run_interval", COUNT }, { ARENAS "pactive", SIZE },
	{ ARENAS "pdirty", SIZE }, { ARENAS "pmuzzy", SIZE }, { ARENAS "resident", SIZE },
	{ ARENAS "mapped", SIZE }, { ARENAS "retained", SIZE }, { ARENAS "base", SIZE },
	{ ARENAS "internal", SIZE }, { ARENAS "abandoned_vm", SIZE }, { ARENAS "tcache_bytes", SIZE },
	{ ARENAS "tcache_stashed_bytes", SIZE }, { ARENAS "small.allocated", SIZE },
	{ ARENAS "large.allocated", SIZE }, { ARENAS "dirty_npurge", COUNT },
	{ ARENAS "dirty_nmadvise", COUNT }, { ARENAS "dirty_purged", COUNT },
	{ ARENAS "muzzy_npurge", COUNT }, { ARENAS "muzzy_nmadvise", COUNT },
	{ ARENAS "muzzy_purged", COUNT }, { "arenas.page", SIZE }, { "arenas.nbins", UNSIGNED },
	{ "arenas.narenas", UNSIGNED }, { "background_thread", BOOL },
};

/* Of these, what is asked while the program runs. */
static const struct item polled[] = {
	{ "stats.allocated", SIZE }, { "stats.active", SIZE }, { "stats.resident", SIZE },
	{ "stats.mapped", SIZE }, { ARENAS "tcache_bytes", SIZE },
};

static bool get(const char *name, void *value, size_t size)
{
	size_t length = size;

	return mallctl(name, value, &length, NULL, 0) == 0 && length == size;
}

/* One line, or none where the call fails. */
static void add(struct text *t, const char *name, enum type type, char separator)
{
	union {
		size_t size;
		ptrdiff_t signed_size;
		uint64_t count;
		unsigned number;
		bool boolean;
		const char *text;
	} value;

	switch (type) {
	case SIZE:
		if (get(name, &value.size, sizeof value.size))
			text_add(t, "%s%c%zu\n", name, separator, value.size);
		break;
	case SIGNED_SIZE:
		if (get(name, &value.signed_size, sizeof value.signed_size))
			text_add(t, "%s%c%td\n", name, separator, value.signed_size);
		break;
	case COUNT:
		if (get(name, &value.count, sizeof value.count))
			text_add(t, "%s%c%" PRIu64 "\n", name, separator, value.count);
		break;
	case UNSIGNED:
		if (get(name, &value.number, sizeof value.number))
			text_add(t, "%s%c%u\n", name, separator, value.number);
		break;
	case BOOL:
		if (get(name, &value.boolean, sizeof value.boolean))
			text_add(t, "%s%c%d\n", name, separator, value.boolean);
		break;
	case TEXT:
		if (get(name, &value.text, sizeof value.text))
			text_add(t, "%s%c%s\n", name, separator, value.text);
		break;
	}
}

/* A name with an index in it: before, index, after. */
static void add_indexed(struct text *t, const char *before, unsigned index, const char *after, enum type type)
{
	char name[80];

	snprintf(name, sizeof name, "%s%u%s", before, index, after);
	add(t, name, type, ' ');
}

static bool jemalloc_present(void)
{
	return probe_serves_malloc(PROBE_ADDRESS(mallctl));
}

/* The statistics are a snapshot, taken anew when the epoch is written. */
static bool refresh(void)
{
	uint64_t epoch = 1;

	return mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) == 0;
}

/* A thread's first mallctl binds it to an arena (+212 KiB resident), here rather than at a mark. */
static void jemalloc_open(void)
{
	refresh();
}

static void jemalloc_identify(struct text *t)
{
	const char *version;

	if (get("version", &version, sizeof version))
		text_add(t, "allocator_version=jemalloc %s\n", version);
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		add(t, settings[i].name, settings[i].type, '=');
}

/* arenas.narenas counts what may come to be (opt.narenas and one for huge blocks); this is what exists. */
static void add_initialized_arenas(struct text *t)
{
	unsigned limit = 0, count = 0;

	if (!get("arenas.narenas", &limit, sizeof limit))
		return;
	for (unsigned i = 0; i < limit; i++) {
		char name[40];
		bool initialized = false;

		snprintf(name, sizeof name, "arena.%u.initialized", i);
		if (get(name, &initialized, sizeof initialized))
			count += initialized;
	}
	text_number(t, "arenas.initialized", count);
}

static void jemalloc_statistics(struct text *t)
{
	unsigned bins = 0;

	if (!refresh())
		return; /* an old snapshot would be taken for this mark's */
	for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
		add(t, figures[i].name, figures[i].type, ' ');
	add_initialized_arenas(t);
	get("arenas.nbins", &bins, sizeof bins);
	for (unsigned j = 0; j < bins; j++) {
		add_indexed(t, "arenas.bin.", j, ".size", SIZE);
		add_indexed(t, "arenas.bin.", j, ".nregs", UNSIGNED);
		add_indexed(t, "arenas.bin.", j, ".slab_size", SIZE);
		add_indexed(t, ARENAS "bins.", j, ".curregs", SIZE);
		add_indexed(t, ARENAS "bins.", j, ".curslabs", SIZE);
		add_indexed(t, ARENAS "bins.", j, ".nonfull_slabs", SIZE);
	}
}

static void jemalloc_poll(struct text *t)
{
	if (!refresh())
		return;
	for (size_t i = 0; i < sizeof polled / sizeof polled[0]; i++)
		add(t, polled[i].name, polled[i].type, ' ');
}

static void jemalloc_purge(void)
{
	mallctl("arena." ALL ".purge", NULL, NULL, NULL, 0);
}

static void jemalloc_flush_thread(void)
{
	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
}

const struct probe probe_jemalloc = {
	.dialect = "jemalloc",
	.present = jemalloc_present,
	.open = jemalloc_open,
	.identify = jemalloc_identify,
	.statistics = jemalloc_statistics,
	.poll = jemalloc_poll,
	.purge = jemalloc_purge,
	.flush_thread = jemalloc_flush_thread,
};
