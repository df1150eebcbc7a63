/*
 * ranges.c - memory that is no allocator's heap though it is private and
 * anonymous: what the program maps itself, told by who calls mmap, and the
 * stacks of its threads, told by each thread when it first starts. glibc's own calls of mmap
 * (its heaps, thread stacks) do not pass here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "census.h"

#define EXPORT __attribute__((visibility("default")))
#define RANGES 4096u

struct range {
	uint64_t start, end; /* 0, 0: free */
	pid_t thread;	     /* of a stack; 0: mapped by the program */
};

static struct range ranges[RANGES];
static unsigned used; /* none is used from here on */
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void)
{
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		;
}

static void unlock(void)
{
	atomic_flag_clear_explicit(&busy, memory_order_release);
}

static void add(uint64_t start, uint64_t end, pid_t thread)
{
	unsigned i = 0;
	while (i < used && ranges[i].end)
		i++;
	if (i == RANGES || start >= end)
		return; /* counted as empty heap then */
	ranges[i] = (struct range){ start, end, thread };
	used = i >= used ? i + 1 : used;
}

/* Takes a range away from those that the program mapped. */
static void cut(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < used; i++) {
		struct range r = ranges[i];
		if (!r.end || r.thread || r.end <= start || r.start >= end)
			continue;
		ranges[i] = (struct range){ 0 };
		if (r.start < start)
			add(r.start, start, 0);
		if (r.end > end)
			add(end, r.end, 0);
	}
}

size_t census_regions(struct wire_region *at, size_t room)
{
	size_t count = 0;
	lock();
	for (unsigned i = 0; i < used && count < room; i++) {
		struct range *r = &ranges[i];
		if (r->thread && syscall(SYS_tgkill, getpid(), r->thread, 0) != 0)
			*r = (struct range){ 0 }; /* it has ended, and its stack may be something else now */
		if (r->end)
			at[count++] = (struct wire_region){ r->start, r->end, r->thread ? WIRE_REGION_STACK : WIRE_REGION_OWN, 0 };
	}
	unlock();
	return count;
}

static void note_map(void *p, size_t length, int flags, const void *caller)
{
	if (p == MAP_FAILED || census_is_caller(caller))
		return;
	lock();
	cut((uint64_t)p, (uint64_t)p + length);
	if ((flags & MAP_ANONYMOUS) && (flags & MAP_PRIVATE))
		add((uint64_t)p, (uint64_t)p + ((length + 4095) & ~(size_t)4095), 0);
	unlock();
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *p = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	note_map(p, length, flags, __builtin_return_address(0));
	return p;
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
	void *p = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	note_map(p, length, flags, __builtin_return_address(0));
	return p;
}

EXPORT int munmap(void *address, size_t length)
{
	if (!census_is_caller(__builtin_return_address(0))) {
		lock();
		cut((uint64_t)address, (uint64_t)address + length);
		unlock();
	}
	return (int)syscall(SYS_munmap, address, length);
}

/* ---- stacks ---- */

/*
 * glibc puts a thread's descriptor at the top of its stack, so that the stack is found
 * without pthread_getattr_np, which calls malloc and would give every thread an arena.
 */
enum { DESCRIPTOR = 2304 };

struct start {
	void *(*routine)(void *);
	void *argument;
	size_t stack;
	_Atomic int taken;
};
static struct start starts[256]; /* between pthread_create and the thread's first step */
static size_t default_stack;
bool census_own_thread;

__attribute__((constructor)) static void note_default(void)
{
	pthread_attr_t attributes;
	if (pthread_getattr_default_np(&attributes) == 0) {
		pthread_attr_getstacksize(&attributes, &default_stack);
		pthread_attr_destroy(&attributes);
	}
}

static void *first_step(void *context)
{
	struct start *start = context;
	void *(*routine)(void *) = start->routine;
	void *argument = start->argument;
	uint64_t top = ((uint64_t)__builtin_thread_pointer() + DESCRIPTOR + 4095) & ~4095ull;
	lock();
	add(top - start->stack, top, (pid_t)syscall(SYS_gettid));
	unlock();
	atomic_store(&start->taken, 0);
	return routine(argument);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
	static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
	for (unsigned i = 0; i < sizeof starts / sizeof starts[0] && !census_own_thread; i++) {
		int no = 0;
		if (!atomic_compare_exchange_strong(&starts[i].taken, &no, 1))
			continue;
		starts[i].routine = routine;
		starts[i].argument = argument;
		starts[i].stack = default_stack;
		if (attributes)
			pthread_attr_getstacksize(attributes, &starts[i].stack);
		int error = next(thread, attributes, first_step, &starts[i]);
		if (error)
			atomic_store(&starts[i].taken, 0);
		return error;
	}
	return next(thread, attributes, routine, argument);
}
