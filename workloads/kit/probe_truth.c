/* probe_truth.c - the lab's own allocator that withholds known amounts: workloads/reference/truth.c. */
#include "probe_dialect.h"

struct truth {
	uint64_t unit, kept, cached, metadata;
};
extern void truth_read(struct truth *to) __attribute__((weak));
extern void truth_purge(void) __attribute__((weak));
extern void truth_flush(void) __attribute__((weak));

static bool truth_present(void)
{
	return truth_read != NULL && truth_purge != NULL && truth_flush != NULL && probe_serves_malloc(PROBE_ADDRESS(truth_read));
}

static void truth_open(void)
{
}

static void truth_identify(struct text *t)
{
	text_add(t, "allocator_version=truth 1\n");
}

static void truth_statistics(struct text *t)
{
	struct truth truth;

	truth_read(&truth);
	text_number(t, "unit", (int64_t)truth.unit);
	text_number(t, "kept", (int64_t)truth.kept);
	text_number(t, "cached", (int64_t)truth.cached);
	text_number(t, "metadata", (int64_t)truth.metadata);
}

static void purge(void)
{
	truth_purge();
}

static void flush(void)
{
	truth_flush();
}

const struct probe probe_truth = {
	.dialect = "truth",
	.present = truth_present,
	.open = truth_open,
	.identify = truth_identify,
	.statistics = truth_statistics,
	.purge = purge,
	.flush_thread = flush,
};
