/*
 * beliefs.c - two beliefs about glibc that are told everywhere and are wrong,
 * put to the test between marks; for the lab's own tests and documentation.
 *
 * "A large block is a mapping of its own and goes back when it is freed": only
 * the first time. Freeing it raises the threshold to its size (mallopt(3),
 * M_MMAP_THRESHOLD), and the next one comes from the heap and stays. Each step
 * is 30 MiB, touched and freed; step two's RSS is the answer.
 *
 * "The size of rw-p mappings shows what the heap holds": a non-main heap that
 * shrinks is given back with MADV_DONTNEED and keeps its protection, so the
 * size stays at its high-water mark.
 */
#include "kit/kit.h"

static const struct kit_parameter parameters[] = {
	{ "belief", KIT_CHOICE, 0, 0, 0, "once twice rw_size", "a block of 30 MiB once, or twice; or 30 MiB of small blocks on a thread" },
	{ .name = NULL },
};

#define LARGE (30u << 20)
#define SMALLS 7680
#define SMALL 4096u

static unsigned threads(const struct kit *kit)
{
	(void)kit;
	return 1;
}

static uint64_t peak(const struct kit *kit)
{
	(void)kit;
	return LARGE;
}

static char *smalls[SMALLS];

static void large(struct kit_worker *w)
{
	char *block = kit_malloc(w, LARGE);
	memset(block, 1, LARGE);
	kit_free(w, block, LARGE);
}

static void fill(struct kit_worker *w)
{
	const char *belief = kit_choice(w->kit, "belief");
	if (w->index == 0 && strcmp(belief, "rw_size") != 0)
		for (int i = strcmp(belief, "twice") == 0 ? 2 : 1; i > 0; i--)
			large(w);
	if (w->index == 1 && strcmp(belief, "rw_size") == 0)
		for (int i = 0; i < SMALLS; i++) {
			smalls[i] = kit_malloc(w, SMALL);
			memset(smalls[i], 1, SMALL);
		}
}

static void drain(struct kit_worker *w)
{
	if (w->index == 1)
		for (int i = SMALLS - 1; i >= 0; i--)
			if (smalls[i]) {
				kit_free(w, smalls[i], SMALL);
				smalls[i] = NULL;
			}
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	(void)kit;
	for (int i = 0; i < SMALLS; i++)
		if (smalls[i])
			kit_block(blocks, smalls[i], SMALL);
}

static const struct kit_workload beliefs = {
	.name = "beliefs",
	.doc = "two beliefs about glibc, put to the test",
	.internal = true,
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.fill = fill,
	.drain = drain,
	.list = list,
};
KIT_WORKLOAD(beliefs);
