/*
 * census.c - reports every block of a program that knows nothing of the lab.
 *
 * It is preloaded before the allocator, takes the calls of the malloc family,
 * hands them on and tells the lab of each block's address and usable size. That costs tens of
 * nanoseconds a call, so speeds are never taken where this is loaded. Only the
 * outermost call is reported: an operator new that calls malloc is one block.
 */
#define _GNU_SOURCE
#include "census.h"
#include "ring.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

__thread const void *agent_last;
static __thread int depth __attribute__((tls_model("initial-exec")));

int agent_enter(void)
{
	return depth++ == 0;
}

void agent_leave(void)
{
	depth--;
}

int agent_inside(void)
{
	return depth > 0;
}

/* The allocator's own. */
static struct {
	void *(*malloc)(size_t);
	void (*free)(void *);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*memalign)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	size_t (*usable)(void *);
} next;

/* What dlsym asks for while the functions above are not known yet. Never given back. */
static char early[16384] __attribute__((aligned(16)));
static size_t early_used;
static int finding;

static int is_early(const void *p)
{
	return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *from_early(size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (size > sizeof early - early_used)
		return NULL;
	void *p = early + early_used;
	early_used += size;
	return p;
}

static void *find(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);
	if (!p && strcmp(name, "pvalloc") && strcmp(name, "valloc") && strcmp(name, "memalign")) {
		static const char text[] = "alloclab: the allocator lacks a function of the malloc family\n";
		if (write(2, text, sizeof text - 1) < 0 || 1)
			_exit(127);
	}
	return p;
}

/* ready finds the allocator. The first call comes before main, from one thread. */
static int ready(void)
{
	if (next.malloc)
		return 1;
	if (finding)
		return 0;
	finding = 1;
	next.free = (void (*)(void *))find("free");
	next.calloc = (void *(*)(size_t, size_t))find("calloc");
	next.realloc = (void *(*)(void *, size_t))find("realloc");
	next.memalign = (void *(*)(size_t, size_t))find("memalign");
	next.posix_memalign = (int (*)(void **, size_t, size_t))find("posix_memalign");
	next.aligned_alloc = (void *(*)(size_t, size_t))find("aligned_alloc");
	next.valloc = (void *(*)(size_t))find("valloc");
	next.pvalloc = (void *(*)(size_t))find("pvalloc");
	next.usable = (size_t (*)(void *))find("malloc_usable_size");
	next.malloc = (void *(*)(size_t))find("malloc");
	ring_attach();
	finding = 0;
	return 1;
}

__attribute__((constructor)) static void start(void)
{
	ready();
}

/* agent_given reports a block that the allocator gave out, and hands it on. */
void *agent_given(int outermost, void *p, size_t asked)
{
	if (outermost && p) {
		size_t usable = next.usable(p);
		ring_put(RING_ALLOCATED, p, usable ? usable : asked);
		agent_last = p;
	}
	agent_leave();
	return p;
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size)
{
	if (!ready())
		return from_early(size);
	int outermost = agent_enter();
	return agent_given(outermost, next.malloc(size), size);
}

EXPORT void free(void *p)
{
	if (!p || is_early(p) || !ready())
		return;
	if (agent_enter())
		ring_put(RING_FREED, p, 0);
	next.free(p);
	agent_leave();
}

EXPORT void *calloc(size_t count, size_t size)
{
	if (!ready())
		return from_early(count * size); /* static memory is zero */
	int outermost = agent_enter();
	return agent_given(outermost, next.calloc(count, size), count * size);
}

EXPORT void *realloc(void *p, size_t size)
{
	if (!ready() || is_early(p)) {
		void *q = ready() ? malloc(size) : from_early(size);
		if (q && p) {
			size_t left = (size_t)(early + sizeof early - (char *)p);
			memcpy(q, p, size < left ? size : left);
		}
		return q;
	}
	int outermost = agent_enter();
	size_t before = outermost && p ? next.usable(p) : 0;
	if (before)
		ring_put(RING_FREED, p, 0); /* before another thread can be given it */
	void *q = next.realloc(p, size);
	if (!q && size && before)
		ring_put(RING_ALLOCATED, p, before); /* it failed, and p is as it was */
	return agent_given(outermost, q, size);
}

EXPORT void *reallocarray(void *p, size_t count, size_t size)
{
	size_t all;
	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

EXPORT int posix_memalign(void **p, size_t alignment, size_t size)
{
	if (!ready())
		return ENOMEM;
	int outermost = agent_enter();
	int failed = next.posix_memalign(p, alignment, size);
	agent_given(outermost, failed ? NULL : *p, size);
	return failed;
}

#define ALIGNED(name, arguments, call)                          \
	EXPORT void *name arguments                             \
	{                                                       \
		if (!ready() || !next.name) {                   \
			errno = ENOMEM;                         \
			return NULL;                            \
		}                                               \
		int outermost = agent_enter();                  \
		return agent_given(outermost, next.name call, size);        \
	}

ALIGNED(memalign, (size_t alignment, size_t size), (alignment, size))
ALIGNED(aligned_alloc, (size_t alignment, size_t size), (alignment, size))
ALIGNED(valloc, (size_t size), (size))
ALIGNED(pvalloc, (size_t size), (size))

/* Who serves malloc: for the agent that proves it. */
EXPORT const void *alloclab_next_malloc(void)
{
	return ready() ? (const void *)next.malloc : NULL;
}
