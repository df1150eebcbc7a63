/*
 * accounts.c - puts 1 MiB into one place between baseline and hold, for the
 * lab's own tests: of the ledger, that account alone must move, by 256 pages.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "kit/kit.h"

#define MIB (1u << 20)
#define PAGE 4096u
#define PAGES (MIB / PAGE)
#define OTHERS_MAX (PAGES * PAGE / 16)

static const struct kit_parameter parameters[] = {
	{ "place", KIT_CHOICE, 0, 0, 0, "none stack bss map memfd pinned live rounding zero", "where the 1 MiB goes" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	(void)kit;
	return 0;
}

static uint64_t peak(const struct kit *kit)
{
	(void)kit;
	return 2 * MIB;
}

static char bss[MIB] __attribute__((aligned(PAGE)));
static char *pinned[PAGES];
static void **others; /* of the lab's memory */
static char *whole;

/* 256 pages of the stack, so far down that nothing has been there before. */
static void touch_stack(void)
{
	char block[MIB + 32 * PAGE];
	char *at = (char *)(((uintptr_t)block + PAGE - 1) / PAGE * PAGE);
	for (size_t i = 0; i < MIB; i += PAGE)
		*(volatile char *)&at[i] = 1;
}

static void *map(int flags, int fd)
{
	char *at = mmap(NULL, MIB, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (at == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap failed");
	return at;
}

static size_t memory(const struct kit *kit)
{
	(void)kit;
	return OTHERS_MAX * sizeof *others;
}

static void setup(struct kit *kit)
{
	others = kit_memory(kit, OTHERS_MAX * sizeof *others);
	/* The allocator's code and tables are touched before baseline: they are other accounts. */
	void *volatile large = malloc(MIB), *volatile small = malloc(16);
	free(large);
	free(small);
}

static bool is_new(unsigned pages, const char *block)
{
	for (unsigned i = 0; i < pages; i++)
		if ((uintptr_t)pinned[i] / PAGE == (uintptr_t)block / PAGE)
			return false;
	return true;
}

/*
 * 256 pages full of blocks of 16 bytes, of which all but one a page are freed.
 * Nothing can be returned of such a page. (aligned_alloc would not do:
 * most allocators give out whole pages for it, which is rounding.)
 */
static void pin(struct kit_worker *w)
{
	unsigned pages = 0, freed = 0;
	while (pages < PAGES && freed < OTHERS_MAX) {
		char *block = malloc(16);
		if (!block)
			kit_fail(KIT_OUT_OF_MEMORY, "malloc(16) failed");
		memset(block, 1, 16);
		if (is_new(pages, block))
			pinned[pages++] = block;
		else
			others[freed++] = block;
	}
	while (freed > 0)
		free(others[--freed]);
	w->count.live_bytes += 16 * pages;
	w->count.live_blocks += pages;
}

static void fill(struct kit_worker *w)
{
	const char *place = kit_choice(w->kit, "place");
	if (strcmp(place, "stack") == 0)
		touch_stack();
	if (strcmp(place, "bss") == 0)
		memset(bss, 1, MIB);
	if (strcmp(place, "map") == 0)
		memset(map(MAP_PRIVATE | MAP_ANONYMOUS, -1), 1, MIB);
	if (strcmp(place, "zero") == 0) { /* read only: the zero page, which is no memory */
		volatile char *at = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
		for (size_t i = 0; i < MIB; i += PAGE)
			(void)at[i];
	}
	if (strcmp(place, "memfd") == 0) {
		int fd = memfd_create("test", 0);
		if (fd < 0 || ftruncate(fd, MIB) != 0)
			kit_fail(KIT_INTERNAL, "memfd_create failed");
		memset(map(MAP_SHARED, fd), 1, MIB);
	}
	if (strcmp(place, "pinned") == 0)
		pin(w);
	if (strcmp(place, "live") == 0 || strcmp(place, "rounding") == 0) {
		extern size_t malloc_usable_size(void *);
		whole = kit_malloc(w, MIB);
		memset(whole, 1, malloc_usable_size(whole));
	}
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (pinned[i])
			kit_block(blocks, pinned[i], 16);
	if (whole) /* "rounding": all but one byte is the rest of the block's extent */
		kit_block(blocks, whole, strcmp(kit_choice(kit, "place"), "rounding") == 0 ? 1 : MIB);
}

static const struct kit_workload accounts = {
	.name = "accounts",
	.doc = "puts 1 MiB into one place",
	.internal = true,
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.memory = memory,
	.setup = setup,
	.fill = fill,
	.list = list,
};
KIT_WORKLOAD(accounts);
