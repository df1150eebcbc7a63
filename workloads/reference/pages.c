/*
 * pages.c - a reference allocator that keeps nothing: every block has pages of
 * its own, and its pages go back to the kernel the moment it is freed.
 *
 * It bounds the charts: no allocator can return more, or earlier. It is slow
 * (a system call each free) and wasteful with small blocks, on purpose. It is preloaded:
 * LD_PRELOAD=libpages.so.
 *
 * All blocks come from one reserved range: a mapping for each block would end
 * at vm.max_map_count (65,530) blocks. What was freed is reused by blocks of
 * the same number of pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define RANGE_BYTES (1ull << 40) /* of addresses, not of memory */
#define RANGE_PAGES (RANGE_BYTES / PAGE)
#define CLASSES 4096u /* free lists for blocks of up to 16 MiB; longer ones are not reused, only returned */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *range;
static uint32_t *lengths; /* pages of the block that begins at each page */
static uint32_t *nexts;   /* of a free block: the next in its list, plus one */
static uint32_t lists[CLASSES];
static uint64_t used; /* pages of the range that were ever handed out */

static void *reserve(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		static const char text[] = "libpages: the kernel reserves no addresses\n";
		if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
			_exit(71);
		_exit(70);
	}
	/* Huge pages would keep whole what is returned in parts. */
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

/* Under the lock. */
static void open_range(void)
{
	if (range)
		return;
	lengths = reserve(RANGE_PAGES * sizeof *lengths);
	nexts = reserve(RANGE_PAGES * sizeof *nexts);
	range = reserve(RANGE_BYTES);
}

static uint64_t pages_of(size_t bytes)
{
	return bytes == 0 ? 1 : (bytes + PAGE - 1) / PAGE;
}

/* First page of a free block of that length, or of new pages; RANGE_PAGES if there are none. */
static uint64_t take(uint64_t pages, uint64_t alignment)
{
	if (pages < CLASSES && alignment == 1 && lists[pages]) {
		uint64_t first = lists[pages] - 1;
		lists[pages] = nexts[first];
		return first;
	}
	uint64_t first = (used + alignment - 1) / alignment * alignment;
	if (pages > RANGE_PAGES || first > RANGE_PAGES - pages)
		return RANGE_PAGES;
	used = first + pages;
	return first;
}

static void *allocate(size_t bytes, size_t alignment)
{
	if (bytes > RANGE_BYTES || alignment > RANGE_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	uint64_t pages = pages_of(bytes);
	pthread_mutex_lock(&lock);
	open_range();
	uint64_t first = take(pages, alignment <= PAGE ? 1 : alignment / PAGE);
	if (first != RANGE_PAGES)
		lengths[first] = (uint32_t)pages;
	pthread_mutex_unlock(&lock);
	if (first == RANGE_PAGES) {
		errno = ENOMEM;
		return NULL;
	}
	return range + first * PAGE;
}

size_t malloc_usable_size(void *block)
{
	return block ? (size_t)lengths[(uint64_t)((char *)block - range) / PAGE] * PAGE : 0;
}

void *malloc(size_t bytes)
{
	return allocate(bytes, 1);
}

void free(void *block)
{
	if (!block)
		return;
	int saved = errno; /* POSIX 2024: free leaves errno alone */
	uint64_t first = (uint64_t)((char *)block - range) / PAGE, pages = lengths[first];
	madvise(block, pages * PAGE, MADV_DONTNEED);
	if (pages < CLASSES) {
		pthread_mutex_lock(&lock);
		nexts[first] = lists[pages];
		lists[pages] = (uint32_t)first + 1;
		pthread_mutex_unlock(&lock);
	}
	errno = saved;
}

void *calloc(size_t count, size_t bytes)
{
	size_t total;
	if (__builtin_mul_overflow(count, bytes, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return allocate(total, 1); /* returned and new pages are zero */
}

void *realloc(void *block, size_t bytes)
{
	if (!block)
		return malloc(bytes);
	size_t had = malloc_usable_size(block);
	if (pages_of(bytes) * PAGE == had)
		return block;
	void *moved = malloc(bytes);
	if (moved) {
		memcpy(moved, block, had < bytes ? had : bytes);
		free(block);
	}
	return moved;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	if (alignment == 0 || (alignment & (alignment - 1))) {
		errno = EINVAL;
		return NULL;
	}
	return allocate(bytes, alignment);
}

void *memalign(size_t alignment, size_t bytes)
{
	return aligned_alloc(alignment, bytes);
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
	if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
		return EINVAL;
	int saved = errno;
	void *got = allocate(bytes, alignment);
	errno = saved;
	if (!got)
		return ENOMEM;
	*block = got;
	return 0;
}

void *valloc(size_t bytes)
{
	return allocate(bytes, PAGE);
}

void *pvalloc(size_t bytes)
{
	return allocate(bytes, PAGE);
}
