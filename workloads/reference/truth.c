/*
 * truth.c - an allocator that withholds known amounts of memory in known ways,
 * to test what the lab says of others. It is preloaded: LD_PRELOAD=libtruth.so.
 *
 * By itself it keeps nothing: memory is handed out in units, in the order of
 * addresses, and a unit goes back to the kernel when its last block is freed. No address is used
 * twice. What it withholds is set by the environment, in bytes:
 *
 *	TRUTH_UNIT      of a unit (4096): one that holds a block stays whole
 *	TRUTH_KEEP      of whole free units that stay
 *	TRUTH_CACHE     of freed blocks that each thread keeps for itself until it is told to flush
 *	TRUTH_METADATA  of tables that it writes for each unit
 *
 * It tells of it through truth_read(), which probe_truth.c calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define SMALLEST 16u
#define RANGE_BYTES (1ull << 38) /* of addresses, not of memory */

/* All blocks of a unit have one size; a larger block has units of its own, and this of the first. */
struct unit {
	uint64_t size;   /* of its blocks */
	uint64_t bytes;  /* that go back together; 0 while blocks are still put in */
	uint32_t blocks; /* in use or cached */
	uint32_t freed;  /* blocks */
};

/* As truth_read() gives it; the probe declares the same. */
struct truth {
	uint64_t unit;     /* free bytes of units that hold a block */
	uint64_t kept;     /* whole free units */
	uint64_t cached;   /* by threads */
	uint64_t metadata; /* resident tables */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *range, *tables;
static struct unit *units;
static uint64_t used;        /* bytes of the range that were ever handed out */
static uint64_t open_used;   /* bytes used of the unit that is being filled, which is the last one */
static uint64_t tables_used;
static struct truth truth;
static uint64_t unit_bytes = PAGE, keep_bytes, cache_bytes, metadata_bytes;

static __thread struct cached {
	struct cached *next;
} *cache __attribute__((tls_model("initial-exec")));
static __thread uint64_t cache_used __attribute__((tls_model("initial-exec")));

static void *reserve(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		_exit(70);
	madvise(at, bytes, MADV_NOHUGEPAGE); /* huge pages would hold more than is told */
	return at;
}

static uint64_t setting(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 10) : standard;
}

static uint64_t up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Under the lock. */
static void open_range(void)
{
	if (range)
		return;
	unit_bytes = up(setting("TRUTH_UNIT", PAGE), PAGE);
	keep_bytes = setting("TRUTH_KEEP", 0);
	cache_bytes = setting("TRUTH_CACHE", 0);
	metadata_bytes = setting("TRUTH_METADATA", 0);
	units = reserve(RANGE_BYTES / PAGE * sizeof *units);
	tables = reserve(RANGE_BYTES);
	range = reserve(RANGE_BYTES);
}

static struct unit *unit_of(uint64_t offset)
{
	return &units[offset / unit_bytes];
}

/* Under the lock: the unit goes back, or stays whole if that is wanted. */
static void release(uint64_t offset, struct unit *u)
{
	truth.unit -= u->freed * u->size;
	u->freed = 0;
	if (truth.kept + u->bytes <= keep_bytes)
		truth.kept += u->bytes;
	else
		madvise(range + offset / unit_bytes * unit_bytes, u->bytes, MADV_DONTNEED);
}

/* Under the lock: no more blocks are put into the unit that is being filled. */
static void close_unit(void)
{
	if (open_used == 0)
		return;
	uint64_t offset = used - unit_bytes;
	struct unit *u = unit_of(offset);
	u->bytes = unit_bytes;
	open_used = 0;
	if (u->blocks == 0)
		release(offset, u);
}

static void open_unit(uint64_t bytes)
{
	if (used + bytes > RANGE_BYTES)
		_exit(70);
	used += bytes;
	if (metadata_bytes) {
		memset(tables + tables_used, 1, metadata_bytes);
		tables_used += metadata_bytes;
	}
}

/* Under the lock: where a block of that size begins. */
static uint64_t take(uint64_t bytes)
{
	uint64_t offset;
	if (bytes > unit_bytes) {
		close_unit();
		uint64_t whole = up(bytes, unit_bytes);
		offset = used;
		open_unit(whole);
		unit_of(offset)->bytes = whole;
	} else {
		if (open_used == 0 || open_used + bytes > unit_bytes || unit_of(used - unit_bytes)->size != bytes) {
			close_unit();
			open_unit(unit_bytes);
		}
		offset = used - unit_bytes + open_used;
		open_used += bytes;
	}
	unit_of(offset)->blocks++;
	unit_of(offset)->size = bytes;
	return offset;
}

static void *allocate(size_t bytes, size_t alignment)
{
	if (bytes > RANGE_BYTES / 2) {
		errno = ENOMEM;
		return NULL;
	}
	uint64_t rounded = up(bytes ? bytes : 1, SMALLEST);
	pthread_mutex_lock(&lock);
	open_range();
	if (alignment > SMALLEST) /* whole units begin at their alignment; more than a unit's is never asked for here */
		rounded = up(rounded, unit_bytes);
	uint64_t offset = take(rounded);
	pthread_mutex_unlock(&lock);
	return range + offset;
}

static uint64_t offset_of(void *block)
{
	return (uint64_t)((char *)block - range);
}

size_t malloc_usable_size(void *block)
{
	return block ? unit_of(offset_of(block))->size : 0;
}

/* Under the lock. */
static void give_up(void *block)
{
	uint64_t offset = offset_of(block), bytes = malloc_usable_size(block);
	struct unit *u = unit_of(offset);
	truth.unit += bytes;
	u->freed++;
	if (--u->blocks == 0 && u->bytes)
		release(offset, u);
}

void free(void *block)
{
	if (!block)
		return;
	uint64_t bytes = malloc_usable_size(block);
	int saved = errno;
	pthread_mutex_lock(&lock);
	if (cache_used + bytes <= cache_bytes) {
		struct cached *c = block;
		c->next = cache;
		cache = c;
		cache_used += bytes;
		truth.cached += bytes;
	} else {
		give_up(block);
	}
	pthread_mutex_unlock(&lock);
	errno = saved;
}

/* The calling thread gives up what it has cached. */
void truth_flush(void)
{
	pthread_mutex_lock(&lock);
	for (struct cached *c = cache, *next; c; c = next) {
		next = c->next;
		truth.cached -= malloc_usable_size(c);
		give_up(c);
	}
	cache = NULL;
	cache_used = 0;
	pthread_mutex_unlock(&lock);
}

/* Whole free units go back. */
void truth_purge(void)
{
	pthread_mutex_lock(&lock);
	for (uint64_t offset = 0; truth.kept && offset < used; offset += unit_bytes)
		if (unit_of(offset)->bytes && unit_of(offset)->blocks == 0)
			madvise(range + offset, unit_of(offset)->bytes, MADV_DONTNEED);
	truth.kept = 0;
	pthread_mutex_unlock(&lock);
}

void truth_read(struct truth *to)
{
	pthread_mutex_lock(&lock);
	*to = truth;
	to->metadata = up(tables_used, PAGE) + up(used / unit_bytes * sizeof *units, PAGE);
	pthread_mutex_unlock(&lock);
}

void *malloc(size_t bytes)
{
	return allocate(bytes, 1);
}

void *calloc(size_t count, size_t bytes)
{
	size_t total;
	if (__builtin_mul_overflow(count, bytes, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return allocate(total, 1); /* no address is used twice, so it is zero */
}

void *realloc(void *block, size_t bytes)
{
	size_t had = malloc_usable_size(block);
	if (block && bytes <= had)
		return block;
	void *moved = malloc(bytes);
	if (moved && block) {
		memcpy(moved, block, had);
		free(block);
	}
	return moved;
}

int posix_memalign(void **block, size_t alignment, size_t bytes)
{
	if (alignment > PAGE)
		return ENOMEM;
	return (*block = allocate(bytes, alignment)) ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	void *block = NULL;
	errno = posix_memalign(&block, alignment, bytes);
	return block;
}

void *memalign(size_t alignment, size_t bytes)
{
	return aligned_alloc(alignment, bytes);
}
