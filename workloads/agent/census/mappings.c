/*
 * mappings.c - what the program maps itself, and its threads' stacks: memory
 * that no allocator manages and that the ledger must not take for a heap.
 *
 * A mapping that the allocator asks for is the allocator's: the caller's
 * object tells, and that it happens inside a call of malloc. glibc's own do not come by here.
 */
#define _GNU_SOURCE
#include "census.h"
#include "ring.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* by_program: the call does not come from the object that serves malloc, nor from within it. */
static int by_program(const void *caller)
{
	static _Atomic(void *) allocator; /* where its object begins */
	Dl_info info;
	if (agent_inside())
		return 0;
	if (!allocator) {
		void *served_by = dlsym(RTLD_NEXT, "malloc");
		if (served_by && dladdr(served_by, &info))
			allocator = info.dli_fbase;
	}
	return !(dladdr(caller, &info) && info.dli_fbase == allocator);
}

/* The kernel is called directly: dlsym here, before the program begins, would recurse. */
EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *p = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	if (p != MAP_FAILED && flags & MAP_ANONYMOUS && by_program(__builtin_return_address(0)))
		ring_put(RING_MAPPED, p, length);
	return p;
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *p = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	if (p != MAP_FAILED && flags & MAP_ANONYMOUS && by_program(__builtin_return_address(0)))
		ring_put(RING_MAPPED, p, length);
	return p;
}

EXPORT int munmap(void *address, size_t length)
{
	if (by_program(__builtin_return_address(0)))
		ring_put(RING_UNMAPPED, address, length);
	return (int)syscall(SYS_munmap, address, length);
}

EXPORT void *mremap(void *old, size_t old_length, size_t new_length, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	void *to = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
	va_end(list);
	int ours = by_program(__builtin_return_address(0));
	void *p = (void *)syscall(SYS_mremap, old, old_length, new_length, flags, to);
	if (p != MAP_FAILED && ours) {
		ring_put(RING_UNMAPPED, old, old_length);
		ring_put(RING_MAPPED, p, new_length);
	}
	return p;
}

/* Threads on their way, between pthread_create and their first step. The program's heap is not used:
 * a thread whose first act is a free would get an arena for it. */
static struct thread {
	_Atomic int taken;
	void *(*run)(void *);
	void *argument;
} starting[64];

static struct thread *take(void)
{
	for (unsigned i = 0;; i = (i + 1) % (sizeof starting / sizeof *starting)) {
		int no = 0;
		if (atomic_compare_exchange_strong(&starting[i].taken, &no, 1))
			return &starting[i];
		if (i == 0)
			sched_yield();
	}
}

static void *begin(void *of)
{
	struct thread *t = of;
	void *(*run)(void *) = t->run, *argument = t->argument;
	atomic_store(&t->taken, 0);
	ring_put(RING_STACK, (void *)pthread_self(), (uint64_t)(uintptr_t)__builtin_frame_address(0));
	return run(argument);
}

EXPORT int pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	typedef int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	static _Atomic(create) next;
	if (!next)
		next = (create)dlsym(RTLD_NEXT, "pthread_create");
	struct thread *t = take();
	t->run = run;
	t->argument = argument;
	int failed = next(id, attributes, begin, t);
	if (failed)
		atomic_store(&t->taken, 0);
	return failed;
}
