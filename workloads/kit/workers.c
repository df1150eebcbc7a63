/*
 * workers.c - the workload's threads. They live from before baseline until the
 * lab retires them: a thread's end makes jemalloc purge and mimalloc abandon
 * its heap, so a workload whose threads ended at "freed" would measure that.
 *
 * Between orders they wait on a futex word: no thread spins and none calls
 * malloc. Their stacks are one mapping of the kit's own, so that the lab can
 * tell them from a heap.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#ifndef STACK_BYTES /* ThreadSanitizer puts most of a megabyte there itself */
#ifdef __SANITIZE_THREAD__
#define STACK_BYTES (4u << 20) /* ThreadSanitizer keeps its own state there */
#else
#define STACK_BYTES (256u << 10)
#endif
#endif
#define GUARD_BYTES 4096u

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

uint64_t kit_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t thread_cpu_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void kit_sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

void kit_work_begin(struct kit_worker *w)
{
	w->work_started_cpu_ns = thread_cpu_now();
	w->work_started_ns = kit_now();
}

void kit_work_end(struct kit_worker *w)
{
	w->count.work_ns += kit_now() - w->work_started_ns;
	w->count.work_cpu_ns += thread_cpu_now() - w->work_started_cpu_ns;
	kit_publish(w);
}

/* Each field is one aligned store, so a reader never sees half a number; fields may be of different instants. */
void kit_publish(struct kit_worker *w)
{
	const uint64_t *from = (const uint64_t *)&w->count;
	uint64_t *to = (uint64_t *)w->lane;
	for (size_t i = 0; i < offsetof(struct wire_lane, reserved) / sizeof *to; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

unsigned kit_threads(const struct kit *kit)
{
	return kit->threads;
}

const char *kit_mark(const struct kit *kit)
{
	return kit->mark;
}

struct kit_worker *kit_worker(const struct kit *kit, unsigned index)
{
	return &kit->workers[index];
}

static void finish(struct kit *kit)
{
	if (atomic_fetch_sub(&kit->busy, 1) == 1)
		futex_wake_all(&kit->busy);
}

/*
 * Does what it is told until it is told the last order. Every thread sees every
 * generation: the next is given only when all have finished.
 */
static void follow_orders(struct kit_worker *w, void (*last)(struct kit_worker *))
{
	struct kit *kit = w->kit;
	for (;;) {
		while (atomic_load(&kit->generation) == w->generation)
			futex_wait(&kit->generation, w->generation);
		w->generation++;
		if (kit->order == last)
			return;
		kit->order(w);
		kit_publish(w);
		finish(kit);
	}
}

static void *worker_main(void *argument)
{
	struct kit_worker *w = argument;
	struct kit *kit = w->kit;
	finish(kit); /* the start itself is waited for */
	follow_orders(w, NULL);
	return NULL;
}

static void wait_until_idle(struct kit *kit)
{
	for (uint32_t busy; (busy = atomic_load(&kit->busy)) != 0;)
		futex_wait(&kit->busy, busy);
}

size_t kit_stack_bytes(unsigned threads)
{
	return (size_t)threads * (STACK_BYTES + GUARD_BYTES);
}

void kit_start_workers(struct kit *kit)
{
	if (kit->threads == 0)
		return;
	kit->stacks_bytes = kit_stack_bytes(kit->threads);
	kit->stacks = mmap(NULL, kit->stacks_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (kit->stacks == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap of %zu bytes for stacks: %s", kit->stacks_bytes, strerror(errno));
	atomic_store(&kit->busy, kit->threads);
	for (unsigned i = 1; i <= kit->threads; i++) {
		char *stack = kit->stacks + (size_t)(i - 1) * (STACK_BYTES + GUARD_BYTES);
		pthread_attr_t attributes;
		pthread_attr_init(&attributes);
		mprotect(stack, GUARD_BYTES, PROT_NONE);
		pthread_attr_setstack(&attributes, stack + GUARD_BYTES, STACK_BYTES);
		int error = pthread_create(&kit->handles[i], &attributes, worker_main, &kit->workers[i]);
		if (error)
			kit_fail(KIT_INTERNAL, "pthread_create of worker %u of %u: %s", i, kit->threads, strerror(error));
		pthread_attr_destroy(&attributes);
	}
	wait_until_idle(kit);
}

static void give_order(struct kit *kit, void (*order)(struct kit_worker *))
{
	kit->order = order;
	atomic_store(&kit->busy, kit->threads);
	atomic_fetch_add(&kit->generation, 1);
	futex_wake_all(&kit->generation);
}

void kit_everyone(struct kit *kit, void (*order)(struct kit_worker *))
{
	if (!kit->retired)
		give_order(kit, order);
	order(&kit->workers[0]);
	kit_publish(&kit->workers[0]);
	if (!kit->retired)
		wait_until_idle(kit);
}

/* Ends a look for all workers; one that has finished its step already has nothing to end. */
static void go_on(struct kit_worker *w)
{
	(void)w;
}

/*
 * A worker that looks is parked like one that has finished its step: it follows
 * orders (flush, visit) until it is told to go on. The main thread waits until
 * all are parked and lets the lab look.
 */
uint64_t kit_look(struct kit_worker *w)
{
	struct kit *kit = w->kit;
	if (!kit->look || w->looks == KIT_LOOKS_MAX)
		return 0;
	w->looks++;
	uint64_t since = kit_now();
	kit_publish(w);
	if (w->index > 0) {
		finish(kit);
		follow_orders(w, go_on);
	} else {
		wait_until_idle(kit);
		kit->look();
		give_order(kit, go_on);
	}
	uint64_t parked = kit_now() - since;
	w->work_started_ns += parked;
	return parked;
}

void kit_retire_workers(struct kit *kit)
{
	if (kit->retired)
		return;
	give_order(kit, NULL);
	for (unsigned i = 1; i <= kit->threads; i++)
		pthread_join(kit->handles[i], NULL);
	kit->retired = true;
}
