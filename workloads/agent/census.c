/*
 * census.c - interposes the malloc family in pass census and counts, for each
 * page, the usable bytes of the blocks that lie on it: two bytes a page, in a
 * sparse table of which a process touches 4 KiB for each 8 MiB of heap. So it stays
 * small, and there is no list of blocks that could be lost or grow.
 *
 * A block is counted once, whoever calls whom: an allocator's operator new may
 * itself call malloc, through the same symbols that are interposed here, and
 * throw an exception whose object is a block too. A block that is just being handed out when the process is stopped is not counted yet.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "census.h"

#define EXPORT __attribute__((visibility("default")))
#define PAGE ((uintptr_t)1 << CENSUS_PAGE_BITS)

char *census_memory;
static _Atomic uint16_t *table;	     /* live bytes of each page */
static struct wire_size *sizes;    /* [WIRE_CENSUS_STRIPES][WIRE_CENSUS_CLASSES] */
static uintptr_t allocator_start, allocator_end;
static _Thread_local int depth __attribute__((tls_model("initial-exec"))); /* of wrappers within wrappers */
static bool warm; /* the allocator has handed out a block, so that it can be asked about blocks */
/* The block that a wrapper within the present one has counted already, as given or as freed. */
static _Thread_local const void *newest __attribute__((tls_model("initial-exec")));
static _Thread_local const void *dying __attribute__((tls_model("initial-exec")));

static void *(*next_malloc)(size_t), *(*next_calloc)(size_t, size_t), *(*next_realloc)(void *, size_t);
static void *(*next_memalign)(size_t, size_t), *(*next_aligned_alloc)(size_t, size_t);
static int (*next_posix_memalign)(void **, size_t, size_t);
static void (*next_free)(void *);
static size_t (*next_usable)(void *);

/* ---- what dlsym itself may ask for while it looks the next malloc up ---- */

static char early[64 << 10] __attribute__((aligned(16)));
static size_t early_used;

static void *take_early(size_t bytes)
{
	size_t at = (early_used + 15) & ~(size_t)15;
	if (bytes > sizeof early - at)
		return NULL;
	early_used = at + bytes;
	return early + at;
}

static bool is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof early;
}

/* ---- beginning ---- */

bool census_is_caller(const void *address)
{
	return (uintptr_t)address >= allocator_start && (uintptr_t)address < allocator_end;
}

static int find_allocator(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size;
	uintptr_t start = UINTPTR_MAX, end = 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		if (p->p_type != PT_LOAD)
			continue;
		uintptr_t from = object->dlpi_addr + p->p_vaddr;
		start = from < start ? from : start;
		end = from + p->p_memsz > end ? from + p->p_memsz : end;
	}
	if ((uintptr_t)context < start || (uintptr_t)context >= end)
		return 0;
	allocator_start = start;
	allocator_end = end;
	return 1;
}

static void stop_counting(void)
{
	table = NULL; /* a child of the program: its memory is not what the lab counts */
}

static void map_table(void)
{
	int fd;
	if (!agent_attach(&fd) || ftruncate(fd, (off_t)CENSUS_BYTES) != 0)
		return;
	/* What a program left that this one was executed in place of. */
	size_t length = CENSUS_BYTES - WIRE_CENSUS_SIZES;
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, WIRE_CENSUS_SIZES, (off_t)length);
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, WIRE_CENSUS_SIZES);
	if (memory == MAP_FAILED)
		return;
	madvise(memory, length, MADV_DONTDUMP); /* a core of 64 GiB helps nobody */
	census_memory = memory;
	sizes = (struct wire_size *)memory;
	table = (_Atomic uint16_t *)(memory + WIRE_CENSUS_PAGES - WIRE_CENSUS_SIZES);
}

#define NEXT(name) (*(void **)&next_##name = dlsym(RTLD_NEXT, #name))

static void begin(void)
{
	static bool begun;
	if (begun)
		return; /* in dlsym: what it wants it gets from the early memory */
	begun = true;
	NEXT(calloc);
	NEXT(realloc);
	NEXT(memalign);
	NEXT(aligned_alloc);
	NEXT(posix_memalign);
	NEXT(free);
	*(void **)&next_usable = dlsym(RTLD_NEXT, "malloc_usable_size");
	void *real = dlsym(RTLD_NEXT, "malloc");
	if (!real || !next_free || !next_usable || !next_calloc || !next_realloc)
		abort(); /* no program runs without */
	dl_iterate_phdr(find_allocator, real);
	map_table();
	*(void **)&next_malloc = real;
}

__attribute__((constructor)) static void mind_children(void)
{
	pthread_atfork(NULL, NULL, stop_counting);
}

/* ---- counting ---- */

static struct wire_size *size_class(size_t usable)
{
	unsigned stripe = (unsigned)((uintptr_t)__builtin_thread_pointer() >> 12) % WIRE_CENSUS_STRIPES;
	size_t n = usable < 8 ? 8 : usable;
	unsigned top = 63 - (unsigned)__builtin_clzl(n);	      /* 3 and up */
	unsigned index = (top - 3) * 8 + (unsigned)(n >> (top - 3) & 7); /* eight to a doubling */
	return &sizes[stripe * WIRE_CENSUS_CLASSES + (index < WIRE_CENSUS_CLASSES ? index : WIRE_CENSUS_CLASSES - 1)];
}

static void count(const void *block, size_t usable, int sign)
{
	struct wire_size *s = size_class(usable);
	__atomic_fetch_add(&s->blocks, sign, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->bytes, sign * (int64_t)usable, __ATOMIC_RELAXED);
	for (uintptr_t at = (uintptr_t)block, end = at + usable; at < end;) {
		uintptr_t stop = (at | (PAGE - 1)) + 1;
		if (stop > end)
			stop = end;
		atomic_fetch_add_explicit(&table[at >> CENSUS_PAGE_BITS], (uint16_t)(sign * (int)(stop - at)), memory_order_relaxed);
		at = stop;
	}
}

/*
 * What the allocator calls within one of its own functions is its own business,
 * and counted by the outer wrapper. What others call there is not: an
 * exception's object, or malloc in the operator new of libstdc++.
 */
static bool is_internal(const void *caller)
{
	return depth > 1 && (!warm || census_is_caller(caller));
}

static void *born(void *p, const void *caller)
{
	if (!p || !table || is_internal(caller))
		return p;
	if (newest != p)
		count(p, next_usable(p), 1);
	newest = p;
	warm = true;
	return p;
}

/* Before the allocator frees it: afterwards another thread may have it. Returns what dying was. */
static const void *dies(void *p, const void *caller)
{
	const void *before = dying;
	if (!p || !table || is_internal(caller))
		return before;
	if (dying != p)
		count(p, next_usable(p), -1);
	dying = p;
	return before;
}

static void leave(int *entered)
{
	(void)entered;
	depth--; /* also when operator new throws */
}

#define ENTER \
	int entered __attribute__((cleanup(leave), unused)) = ++depth; \
	const void *caller = __builtin_return_address(0)

EXPORT void *malloc(size_t bytes)
{
	if (!next_malloc) {
		begin();
		if (!next_malloc)
			return take_early(bytes);
	}
	ENTER;
	newest = NULL;
	return born(next_malloc(bytes), caller);
}

EXPORT void *calloc(size_t n, size_t bytes)
{
	if (!next_malloc) {
		begin();
		if (!next_malloc)
			return take_early(n * bytes); /* never used before, so zero */
	}
	ENTER;
	newest = NULL;
	return born(next_calloc(n, bytes), caller);
}

EXPORT void free(void *p)
{
	if (!p || is_early(p))
		return;
	if (!next_malloc)
		begin();
	ENTER;
	const void *before = dies(p, caller);
	next_free(p);
	dying = before;
}

EXPORT void *realloc(void *p, size_t bytes)
{
	if (!next_malloc)
		begin();
	if (is_early(p)) {
		void *moved = malloc(bytes);
		if (moved)
			memcpy(moved, p, bytes < (size_t)(early + sizeof early - (char *)p) ? bytes : (size_t)(early + sizeof early - (char *)p));
		return moved;
	}
	ENTER;
	const void *before = dies(p, caller);
	newest = NULL;
	void *moved = next_realloc(p, bytes);
	dying = before;
	if (!moved && p && bytes)
		return born(p, caller), NULL; /* it failed, and the old block lives on */
	return born(moved, caller);
}

EXPORT void *reallocarray(void *p, size_t n, size_t bytes)
{
	size_t all;
	if (__builtin_mul_overflow(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
	if (!next_malloc)
		begin();
	ENTER;
	newest = NULL;
	return born(next_memalign(alignment, bytes), caller);
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
	if (!next_malloc)
		begin();
	ENTER;
	newest = NULL;
	return born(next_aligned_alloc(alignment, bytes), caller);
}

EXPORT int posix_memalign(void **p, size_t alignment, size_t bytes)
{
	if (!next_malloc)
		begin();
	ENTER;
	newest = NULL;
	int error = next_posix_memalign(p, alignment, bytes);
	if (error == 0)
		born(*p, caller);
	return error;
}

EXPORT void *valloc(size_t bytes)
{
	return memalign(PAGE, bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
	return memalign(PAGE, (bytes + PAGE - 1) & ~(PAGE - 1));
}

/*
 * Allocators bring operators new and delete of their own, and a C++ program
 * calls those. Where none does, those of libstdc++ call malloc and free above.
 */
#define LOOK(symbol) \
	static void *next; \
	if (!next) \
		next = dlsym(RTLD_NEXT, symbol); \
	if (!next_malloc) \
		begin()
#define NEW(symbol, parameters, arguments) \
	EXPORT void *operator_##symbol parameters __asm__(#symbol); \
	void *operator_##symbol parameters \
	{ \
		LOOK(#symbol); \
		ENTER; \
		newest = NULL; \
		return born(((void *(*)parameters)next)arguments, caller); \
	}
#define DELETE(symbol, parameters, arguments) \
	EXPORT void operator_##symbol parameters __asm__(#symbol); \
	void operator_##symbol parameters \
	{ \
		LOOK(#symbol); \
		ENTER; \
		const void *before = dies(p, caller); \
		((void (*)parameters)next)arguments; \
		dying = before; \
	}

NEW(_Znwm, (size_t n), (n))
NEW(_Znam, (size_t n), (n))
NEW(_ZnwmRKSt9nothrow_t, (size_t n, const void *t), (n, t))
NEW(_ZnamRKSt9nothrow_t, (size_t n, const void *t), (n, t))
NEW(_ZnwmSt11align_val_t, (size_t n, size_t a), (n, a))
NEW(_ZnamSt11align_val_t, (size_t n, size_t a), (n, a))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (n, a, t))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (n, a, t))
DELETE(_ZdlPv, (void *p), (p))
DELETE(_ZdaPv, (void *p), (p))
DELETE(_ZdlPvm, (void *p, size_t n), (p, n))
DELETE(_ZdaPvm, (void *p, size_t n), (p, n))
DELETE(_ZdlPvRKSt9nothrow_t, (void *p, const void *t), (p, t))
DELETE(_ZdaPvRKSt9nothrow_t, (void *p, const void *t), (p, t))
DELETE(_ZdlPvSt11align_val_t, (void *p, size_t a), (p, a))
DELETE(_ZdaPvSt11align_val_t, (void *p, size_t a), (p, a))
DELETE(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t a), (p, n, a))
DELETE(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t a), (p, n, a))
