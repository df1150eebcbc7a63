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

static char bss[MIB];
static char *pinned[257];
static char *whole;

static void touch_stack(void)
{
	char block[MIB];
	for (size_t i = 0; i < MIB; i += PAGE)
		*(volatile char *)&block[i] = 1;
}

static void *map(int flags, int fd)
{
	char *at = mmap(NULL, MIB, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (at == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap failed");
	return at;
}

/*
 * 256 whole pages of one large block, of which only 16 bytes a page stay: the
 * pages are cut out of an aligned block by asking for 16 bytes at each page
 * boundary. aligned_alloc of 16 bytes at 4096 leaves the rest of each page to others, so nothing
 * else is allocated, and each allocator gets the same requests.
 */
static void pin(struct kit_worker *w)
{
	for (int i = 0; i < 257; i++) {
		pinned[i] = aligned_alloc(PAGE, 16);
		if (!pinned[i])
			kit_fail(KIT_OUT_OF_MEMORY, "aligned_alloc failed");
		memset(pinned[i], 1, 16);
		w->count.live_bytes += 16;
		w->count.live_blocks++;
	}
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
	for (int i = 0; i < 257; i++)
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
	.fill = fill,
	.list = list,
};
KIT_WORKLOAD(accounts);
