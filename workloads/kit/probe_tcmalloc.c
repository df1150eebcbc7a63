/*
 * probe_tcmalloc.c - gperftools' tcmalloc.
 *
 * The C interface is gperftools/malloc_extension_c.h. The settings that it does
 * not tell are read from the variables that hold them: gperftools' flags are
 * exported by both libtcmalloc and libtcmalloc_minimal (src/base/commandlineflags.h).
 */
#include "probe_dialect.h"

#include <inttypes.h>

extern const char *tc_version(int *major, int *minor, const char **patch) __attribute__((weak));
extern int MallocExtension_GetNumericProperty(const char *property, size_t *value) __attribute__((weak));
extern void MallocExtension_ReleaseFreeMemory(void) __attribute__((weak));
extern void MallocExtension_MarkThreadIdle(void) __attribute__((weak));

extern double release_rate
	__asm__("_ZN62FLAG__namespace_do_not_use_directly_use_DECLARE_double_instead"
		"27FLAGS_tcmalloc_release_rateE") __attribute__((weak));
extern int64_t sample_parameter
	__asm__("_ZN61FLAG__namespace_do_not_use_directly_use_DECLARE_int64_instead"
		"31FLAGS_tcmalloc_sample_parameterE") __attribute__((weak));
extern int64_t large_alloc_report_threshold
	__asm__("_ZN61FLAG__namespace_do_not_use_directly_use_DECLARE_int64_instead"
		"43FLAGS_tcmalloc_large_alloc_report_thresholdE") __attribute__((weak));
extern bool skip_sbrk
	__asm__("_ZN60FLAG__namespace_do_not_use_directly_use_DECLARE_bool_instead"
		"22FLAGS_malloc_skip_sbrkE") __attribute__((weak));
extern bool disable_memory_release
	__asm__("_ZN60FLAG__namespace_do_not_use_directly_use_DECLARE_bool_instead"
		"35FLAGS_malloc_disable_memory_releaseE") __attribute__((weak));

static bool tcmalloc_present(void)
{
	return MallocExtension_GetNumericProperty != NULL && MallocExtension_ReleaseFreeMemory != NULL &&
	       MallocExtension_MarkThreadIdle != NULL && tc_version != NULL &&
	       probe_serves_malloc(PROBE_ADDRESS(tc_version));
}

/* gperftools 2.10, src/tcmalloc.cc, TCMallocImplementation::GetNumericProperty: all that it knows. */
static const char *const properties[] = {
	"generic.current_allocated_bytes",
	"generic.heap_size",
	"generic.total_physical_bytes",
	"tcmalloc.slack_bytes",
	"tcmalloc.central_cache_free_bytes",
	"tcmalloc.transfer_cache_free_bytes",
	"tcmalloc.thread_cache_free_bytes",
	"tcmalloc.pageheap_free_bytes",
	"tcmalloc.pageheap_unmapped_bytes",
	"tcmalloc.pageheap_committed_bytes",
	"tcmalloc.pageheap_scavenge_count",
	"tcmalloc.pageheap_commit_count",
	"tcmalloc.pageheap_total_commit_bytes",
	"tcmalloc.pageheap_decommit_count",
	"tcmalloc.pageheap_total_decommit_bytes",
	"tcmalloc.pageheap_reserve_count",
	"tcmalloc.pageheap_total_reserve_bytes",
	"tcmalloc.max_total_thread_cache_bytes",
	"tcmalloc.current_total_thread_cache_bytes",
	"tcmalloc.aggressive_memory_decommit",
	"tcmalloc.heap_limit_mb",
};

/* Of these, what is asked while the program runs. Each takes the page heap's lock, and the thread caches are walked under it. */
static const char *const polled[] = {
	"generic.current_allocated_bytes",
	"generic.heap_size",
	"generic.total_physical_bytes",
	"tcmalloc.pageheap_free_bytes",
	"tcmalloc.pageheap_unmapped_bytes",
};

/* The first calls initialise the extension object. */
static void tcmalloc_open(void)
{
	size_t ignored;

	MallocExtension_GetNumericProperty(properties[0], &ignored);
}

static void add_setting(struct text *t, const char *knob, const char *property)
{
	size_t value;

	if (MallocExtension_GetNumericProperty(property, &value))
		text_add(t, "opt.%s=%zu\n", knob, value);
}

static void tcmalloc_identify(struct text *t)
{
	/* tc_version returns the whole of it: "gperftools 2.10". */
	text_add(t, "allocator_version=%s\n", tc_version(NULL, NULL, NULL));
	add_setting(t, "max_total_thread_cache_bytes", "tcmalloc.max_total_thread_cache_bytes");
	add_setting(t, "aggressive_decommit", "tcmalloc.aggressive_memory_decommit");
	add_setting(t, "heap_limit_mb", "tcmalloc.heap_limit_mb");
	if (&release_rate != NULL)
		text_add(t, "opt.release_rate=%g\n", release_rate);
	if (&sample_parameter != NULL)
		text_add(t, "opt.sample_parameter=%" PRId64 "\n", sample_parameter);
	if (&large_alloc_report_threshold != NULL)
		text_add(t, "opt.large_alloc_report_threshold=%" PRId64 "\n", large_alloc_report_threshold);
	if (&skip_sbrk != NULL)
		text_add(t, "opt.skip_sbrk=%d\n", skip_sbrk);
	if (&disable_memory_release != NULL)
		text_add(t, "opt.disable_memory_release=%d\n", disable_memory_release);
}

static void add_properties(struct text *t, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t value;

		if (MallocExtension_GetNumericProperty(names[i], &value))
			text_number(t, names[i], (int64_t)value);
	}
}

static void tcmalloc_statistics(struct text *t)
{
	add_properties(t, properties, sizeof properties / sizeof properties[0]);
}

static void tcmalloc_poll(struct text *t)
{
	add_properties(t, polled, sizeof polled / sizeof polled[0]);
}

/* Returns every free span to the kernel. Blocks in thread and central lists keep their spans. */
static void tcmalloc_purge(void)
{
	MallocExtension_ReleaseFreeMemory();
}

/*
 * Gives the thread's cache back to the central lists and ends it; the thread's
 * next allocation starts a new one (ThreadCache::BecomeIdle). MarkThreadBusy is
 * not its counterpart here: it would fill a cache again at once.
 */
static void tcmalloc_flush_thread(void)
{
	MallocExtension_MarkThreadIdle();
}

const struct probe probe_tcmalloc = {
	.dialect = "tcmalloc",
	.present = tcmalloc_present,
	.open = tcmalloc_open,
	.identify = tcmalloc_identify,
	.statistics = tcmalloc_statistics,
	.poll = tcmalloc_poll,
	.purge = tcmalloc_purge,
	.flush_thread = tcmalloc_flush_thread,
};
