/*
 * answers.c - what the agent says and does for the lab: who serves malloc, the
 * allocator's statistics, its purge. Nothing here calls malloc once hello is said.
 *
 * An allocator whose threads must speak for themselves (mimalloc) is not asked:
 * the agent's thread has nothing to say for the program's.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "agent.h"

#define WINDOW_BYTES (1u << 20)
#define WINDOW_OFFSET 8192u /* behind the header's page and that of one lane */

static const struct probe *probe;
static char *memory;
static char words[WIRE_TEXT_MAX]; /* of hello, and then of polls, which are shorter: no page is touched anew */

static bool speaks(void)
{
	return probe->visit_thread == NULL;
}

bool agent_say_hello(void)
{
	struct text t = { .at = words, .size = sizeof words };
	probe = probe_open();
	text_add(&t, "version=%u\npid=%d\nruntime=agent\ndialect=%s\nserved_by=%s\nspeaks=%d\npolls=%d\n", WIRE_VERSION, (int)getpid(), probe->dialect,
		 probe_served_by(), speaks(), probe->poll != NULL);
#ifdef __GLIBC__
	text_add(&t, "libc=glibc %s\n", gnu_get_libc_version());
#endif
	probe->identify(&t);
	return agent_send(WIRE_HELLO, WIRE_VERSION, 0, t.at, t.used);
}

bool agent_lay_out(int fd)
{
	size_t bytes = WINDOW_OFFSET + WINDOW_BYTES;
	if (ftruncate(fd, (off_t)bytes) != 0)
		return false;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return false;
	madvise(memory, bytes, MADV_DONTFORK); /* the program's children hold none of it */
	memset(memory, 0, bytes);	       /* touches every page, before baseline */
	*(struct wire_header *)memory = (struct wire_header){
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .lane_count = 1, .lane_offset = 4096,
		.window_offset = WINDOW_OFFSET, .window_bytes = WINDOW_BYTES, .total_bytes = bytes,
	};
	return agent_send(WIRE_READY, bytes, 0, NULL, 0);
}

static bool answer_statistics(void)
{
	struct text t = { .at = memory + WINDOW_OFFSET, .size = WINDOW_BYTES };
	if (speaks())
		probe->statistics(&t);
	return agent_send(WIRE_DONE, t.used, t.truncated, NULL, 0);
}

static uint64_t now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The answer goes into the message, not into the window: then the lab need not map what is shared. */
static bool answer_poll(void)
{
	struct text t = { .at = words, .size = sizeof words };
	uint64_t start = now(CLOCK_THREAD_CPUTIME_ID);
	if (probe->poll != NULL)
		probe->poll(&t);
	return agent_send(WIRE_DONE, now(CLOCK_THREAD_CPUTIME_ID) - start, t.truncated, t.at, t.used);
}

static bool answer_purge(void)
{
	bool can = probe->purge != NULL && speaks();
	uint64_t start = now(CLOCK_MONOTONIC);
	if (can)
		probe->purge();
	return agent_send(WIRE_DONE, now(CLOCK_MONOTONIC) - start, can, NULL, 0);
}

static bool answer_regions(void)
{
	struct wire_region *window = (struct wire_region *)(memory + WINDOW_OFFSET);
	size_t count = agent_write_regions(window, WINDOW_BYTES / sizeof *window, memory, WINDOW_OFFSET + WINDOW_BYTES);
	return agent_send(WIRE_DONE, count, 0, NULL, 0);
}

bool agent_obey(void)
{
	static char text[WIRE_TEXT_MAX + 1];
	struct wire_message head;
	bool alive = true;
	while (alive && agent_receive(&head, text)) {
		switch (head.type) {
		case WIRE_STATS:
			alive = answer_statistics();
			break;
		case WIRE_POLL:
			alive = answer_poll();
			break;
		case WIRE_PURGE:
			alive = answer_purge();
			break;
		case WIRE_REGIONS:
			alive = answer_regions();
			break;
		case WIRE_RESUME:
			return true;
		default:
			return false;
		}
	}
	return false;
}
