/*
 * purger.c - a thread that tells the allocator to give back, again and again:
 * what a program does that calls malloc_trim(0) every ten seconds. It exists
 * only where the lab asked for it, and its processor time counts as the
 * workload's.
 *
 * It calls nothing but the purge, once before baseline (an allocator may set
 * something up for a new thread then) and after that on its period. At marks
 * it is held, and the period stands still with it.
 */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>

#include "internal.h"

#ifdef __SANITIZE_THREAD__
#define STACK_BYTES (4u << 20) /* ThreadSanitizer keeps its own state there */
#else
#define STACK_BYTES (256u << 10)
#endif

static struct {
	pthread_t handle;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* any of what follows */
	bool started, held, ended;
	uint64_t due_ns, left_ns; /* the next purge; how far off it was when the thread was held */
	uint64_t cpu_ns, booked_cpu_ns; /* of purges; how much of it is in a lane */
	uint64_t count, total_ns, longest_ns;
} purger = { .lock = PTHREAD_MUTEX_INITIALIZER, .held = true };

static uint64_t cpu_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Under the lock: whoever holds the thread waits until a purge has ended. */
static void purge_once(const struct kit *kit)
{
	uint64_t start = kit_now(), cpu = cpu_now();
	kit->probe->purge();
	uint64_t took = kit_now() - start;
	purger.cpu_ns += cpu_now() - cpu;
	purger.total_ns += took;
	purger.count++;
	if (took > purger.longest_ns)
		purger.longest_ns = took;
	purger.due_ns = kit_now() + kit->purge_every_ns;
}

static void *purger_main(void *argument)
{
	const struct kit *kit = argument;
	kit->probe->purge(); /* whatever a first call sets up is there at baseline */
	pthread_mutex_lock(&purger.lock);
	purger.started = true;
	pthread_cond_broadcast(&purger.changed);
	while (!purger.ended) {
		if (purger.held) {
			pthread_cond_wait(&purger.changed, &purger.lock);
			continue;
		}
		struct timespec due = { .tv_sec = (time_t)(purger.due_ns / 1000000000u), .tv_nsec = (long)(purger.due_ns % 1000000000u) };
		if (pthread_cond_timedwait(&purger.changed, &purger.lock, &due) == ETIMEDOUT && !purger.held && !purger.ended)
			purge_once(kit);
	}
	pthread_mutex_unlock(&purger.lock);
	return NULL;
}

void kit_start_purger(struct kit *kit)
{
	if (kit->purge_every_ns == 0)
		return;
	if (!kit->probe->purge)
		kit_fail(KIT_USAGE, "purge_every: this allocator has no call to purge with");
	kit->purger_stack_bytes = STACK_BYTES;
	kit->purger_stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (kit->purger_stack == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap of %u bytes for a stack: %s", STACK_BYTES, strerror(errno));
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&purger.changed, &clock);
	pthread_condattr_destroy(&clock);
	purger.left_ns = kit->purge_every_ns;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, kit->purger_stack, STACK_BYTES);
	int error = pthread_create(&purger.handle, &attributes, purger_main, kit);
	if (error)
		kit_fail(KIT_INTERNAL, "pthread_create of the purging thread: %s", strerror(error));
	pthread_attr_destroy(&attributes);
	pthread_mutex_lock(&purger.lock);
	while (!purger.started)
		pthread_cond_wait(&purger.changed, &purger.lock);
	pthread_mutex_unlock(&purger.lock);
}

void kit_let_purger_run(struct kit *kit)
{
	if (kit->purge_every_ns == 0)
		return;
	pthread_mutex_lock(&purger.lock);
	purger.held = false;
	purger.due_ns = kit_now() + purger.left_ns;
	pthread_cond_broadcast(&purger.changed);
	pthread_mutex_unlock(&purger.lock);
}

void kit_hold_purger(struct kit *kit)
{
	if (kit->purge_every_ns == 0)
		return;
	pthread_mutex_lock(&purger.lock);
	uint64_t now = kit_now();
	purger.held = true;
	purger.left_ns = purger.due_ns > now ? purger.due_ns - now : 0;
	kit->workers[0].count.work_cpu_ns += purger.cpu_ns - purger.booked_cpu_ns;
	purger.booked_cpu_ns = purger.cpu_ns;
	pthread_mutex_unlock(&purger.lock);
	kit_publish(&kit->workers[0]);
}

void kit_purger_figures(const struct kit *kit)
{
	if (kit->purge_every_ns == 0)
		return;
	kit_figure(kit, "purges", (double)purger.count);
	kit_figure(kit, "purge_total_s", (double)purger.total_ns / 1e9);
	kit_figure(kit, "purge_longest_s", (double)purger.longest_ns / 1e9);
	kit_figure(kit, "purge_cpu_s", (double)purger.cpu_ns / 1e9);
}

void kit_end_purger(struct kit *kit)
{
	if (kit->purge_every_ns == 0 || purger.ended)
		return;
	pthread_mutex_lock(&purger.lock);
	purger.ended = true;
	pthread_cond_broadcast(&purger.changed);
	pthread_mutex_unlock(&purger.lock);
	pthread_join(purger.handle, NULL);
}
