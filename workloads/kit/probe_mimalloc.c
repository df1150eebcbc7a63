/*
 * probe_mimalloc.c - mimalloc 2.
 *
 * mimalloc's statistics are kept by each thread and its heaps can be walked
 * only by their own thread, so every worker visits its heap and adds to the
 * sums here; the last word, `statistics`, prints them and starts anew.
 */
#include "probe_dialect.h"

#include <stdatomic.h>

/* mimalloc 2.0.9, mimalloc.h. */
typedef struct mi_heap_s mi_heap_t;
typedef struct mi_heap_area_s {
	void *blocks;
	size_t reserved;
	size_t committed;
	size_t used; /* blocks */
	size_t block_size;
	size_t full_block_size; /* with padding; since 1.7.7 and 2.0.7 */
} mi_heap_area_t;
typedef bool mi_block_visit_fun(const mi_heap_t *heap, const mi_heap_area_t *area, void *block, size_t block_size,
				void *argument);
extern int mi_version(void) __attribute__((weak));
extern void mi_collect(bool force) __attribute__((weak));
extern mi_heap_t *mi_heap_get_default(void) __attribute__((weak));
extern bool mi_heap_visit_blocks(const mi_heap_t *heap, bool visit_all_blocks, mi_block_visit_fun *visitor,
				 void *argument) __attribute__((weak));
extern void mi_process_info(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms, size_t *current_rss,
			    size_t *peak_rss, size_t *current_commit, size_t *peak_commit, size_t *page_faults)
	__attribute__((weak));
extern long mi_option_get(int option) __attribute__((weak));
extern void mi_stats_merge(void) __attribute__((weak));

/* The options of 2.0.9 by their number (enum mi_option_e); other versions number them otherwise. */
#define OPTIONS_VERSION 209
static const char *const options[] = {
	"show_errors", "show_stats", "verbose", "eager_commit", NULL, NULL, "large_os_pages",
	"reserve_huge_os_pages", "reserve_huge_os_pages_at", "reserve_os_memory", NULL, "page_reset",
	"abandoned_page_decommit", NULL, "eager_commit_delay", "decommit_delay", "use_numa_nodes",
	"limit_os_alloc", "os_tag", "max_errors", "max_warnings", "max_segment_reclaim", "allow_decommit",
	"segment_decommit_delay", "decommit_extend_delay", "destroy_on_exit",
};

/* What the threads' heaps hold, in bytes. */
static struct {
	_Atomic size_t heaps;
	_Atomic size_t areas;
	_Atomic size_t reserved;  /* mimalloc pages, whole */
	_Atomic size_t committed; /* as far as blocks have ever been made of them */
	_Atomic size_t used;      /* blocks handed out */
	_Atomic size_t free;      /* committed of areas that hold no block */
} visited;

static bool mimalloc_present(void)
{
	return mi_version != NULL && mi_collect != NULL && mi_heap_get_default != NULL &&
	       probe_serves_malloc(PROBE_ADDRESS(mi_version));
}

static void mimalloc_open(void)
{
	mi_version();
}

static void mimalloc_identify(struct text *t)
{
	int version = mi_version();

	text_add(t, "allocator_version=mimalloc %d.%d.%d\n", version / 100, version / 10 % 10, version % 10);
	if (version != OPTIONS_VERSION || mi_option_get == NULL)
		return;
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (options[i] != NULL)
			text_add(t, "opt.%s=%ld\n", options[i], mi_option_get((int)i));
}

/* One thread's walk, on its stack. */
struct walk {
	size_t areas, reserved, committed, used, free;
	size_t area_committed; /* of the area being walked, until a block is met in it */
};

/*
 * Called once for an area (block is null), then once for each block in use.
 * The blocks are counted here because the area's own `used` still includes
 * those that other threads have freed: they are collected between the two. One
 * block a page can still be missed, the first that another thread freed while
 * the page was full: it waits on a list of its heap's until that thread's next
 * slow malloc or mi_collect. So `used` is an upper bound until a flush.
 */
static bool visit(const mi_heap_t *heap, const mi_heap_area_t *area, void *block, size_t block_size, void *argument)
{
	struct walk *walk = argument;

	(void)heap;
	(void)block_size;
	if (block != NULL) {
		walk->used += area->full_block_size;
		walk->area_committed = 0;
		return true;
	}
	walk->free += walk->area_committed;
	walk->area_committed = area->committed;
	walk->areas++;
	walk->reserved += area->reserved;
	walk->committed += area->committed;
	return true;
}

static void mimalloc_visit_thread(void)
{
	struct walk walk = { 0 };

	/* A thread's statistics reach the process's only when it merges them. */
	if (mi_stats_merge != NULL)
		mi_stats_merge();
	if (mi_heap_visit_blocks == NULL || !mi_heap_visit_blocks(mi_heap_get_default(), true, visit, &walk))
		return;
	walk.free += walk.area_committed;
	atomic_fetch_add(&visited.heaps, 1);
	atomic_fetch_add(&visited.areas, walk.areas);
	atomic_fetch_add(&visited.reserved, walk.reserved);
	atomic_fetch_add(&visited.committed, walk.committed);
	atomic_fetch_add(&visited.used, walk.used);
	atomic_fetch_add(&visited.free, walk.free);
}

static void mimalloc_statistics(struct text *t)
{
	size_t elapsed_ms, user_ms, system_ms, rss, peak_rss, commit, peak_commit, faults;

	if (mi_process_info != NULL) {
		mi_process_info(&elapsed_ms, &user_ms, &system_ms, &rss, &peak_rss, &commit, &peak_commit, &faults);
		text_number(t, "process_info.current_rss", (int64_t)rss); /* really commit, on Linux (src/stats.c) */
		text_number(t, "process_info.peak_rss", (int64_t)peak_rss);
		text_number(t, "process_info.current_commit", (int64_t)commit);
		text_number(t, "process_info.peak_commit", (int64_t)peak_commit);
	}
	if (mi_heap_visit_blocks == NULL)
		return;
	text_number(t, "visit.heaps", (int64_t)atomic_exchange(&visited.heaps, 0));
	text_number(t, "visit.areas", (int64_t)atomic_exchange(&visited.areas, 0));
	text_number(t, "visit.reserved", (int64_t)atomic_exchange(&visited.reserved, 0));
	text_number(t, "visit.committed", (int64_t)atomic_exchange(&visited.committed, 0));
	text_number(t, "visit.used", (int64_t)atomic_exchange(&visited.used, 0));
	text_number(t, "visit.free", (int64_t)atomic_exchange(&visited.free, 0));
}

/* Only what the calling thread's heap and the shared caches hold. */
static void mimalloc_collect(void)
{
	mi_collect(true);
}

const struct probe probe_mimalloc = {
	.dialect = "mimalloc",
	.present = mimalloc_present,
	.open = mimalloc_open,
	.identify = mimalloc_identify,
	.statistics = mimalloc_statistics,
	.visit_thread = mimalloc_visit_thread,
	.purge = mimalloc_collect,
	.flush_thread = mimalloc_collect,
};
