/*
 * serve.c - the conversation of a linked workload with the lab: hello, go,
 * then from mark to mark. At a mark all threads are parked and this, the main
 * thread, answers commands until it is told to go on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "internal.h"

static struct kit kit;
static int lab = -1; /* the socket; -1 in a plain program */

struct kit_list {
	struct wire_block *at;
	size_t count, room;
};

/* ---- messages ---- */

static void send_message(uint32_t type, uint64_t a, uint64_t b, const char *text, size_t length)
{
	struct wire_message head = { .type = type, .length = (uint32_t)length, .a = a, .b = b };
	struct iovec parts[2] = { { &head, sizeof head }, { (void *)(uintptr_t)text, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = length ? 2 : 1 };
	ssize_t sent;
	while ((sent = sendmsg(lab, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (sent < 0)
		_exit(70 + KIT_INTERNAL); /* the lab is gone: nobody can be told */
}

static void receive(struct wire_message *head, char *text)
{
	struct iovec parts[2] = { { head, sizeof *head }, { text, WIRE_TEXT_MAX } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got;
	while ((got = recvmsg(lab, &message, 0)) < 0 && errno == EINTR)
		;
	if (got <= 0)
		_exit(70 + KIT_INTERNAL); /* the lab closed its side: so does this one */
	if ((size_t)got < sizeof *head || head->length != (size_t)got - sizeof *head || (message.msg_flags & MSG_TRUNC))
		kit_fail(KIT_INTERNAL, "malformed message of %zd bytes from the lab", got);
	text[head->length] = 0;
}

void kit_fail(enum kit_failure kind, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	if (lab >= 0)
		send_message(WIRE_FAIL, (uint64_t)kind, 0, text, length);
	dprintf(STDERR_FILENO, "workload: %.*s\n", (int)length, text);
	_exit(70 + (int)kind);
}

__attribute__((noreturn)) void kit_out_of_memory(size_t bytes)
{
	kit_fail(KIT_OUT_OF_MEMORY, "malloc(%zu) returned NULL", bytes);
}

/* ---- lists ---- */

static void wait_for_next_part(void)
{
	static char text[WIRE_TEXT_MAX + 1];
	struct wire_message head;
	receive(&head, text);
	if (head.type != WIRE_LIST || head.a != 0)
		kit_fail(KIT_INTERNAL, "message %u came in the middle of a block list", head.type);
}

/*
 * Where malloc keeps a block's size beside the block, each look is a cache and
 * often a TLB miss: they are made to overlap by asking ahead.
 */
static void fill_in_usable(struct kit_list *list)
{
	enum { AHEAD = 16, HEADER = 16 };
	extern size_t malloc_usable_size(void *);
	for (size_t i = 0; i < list->count; i++) {
		if (i + AHEAD < list->count)
			__builtin_prefetch((char *)(uintptr_t)list->at[i + AHEAD].address - HEADER);
		list->at[i].usable = malloc_usable_size((void *)(uintptr_t)list->at[i].address);
	}
}

void kit_block(struct kit_list *list, const void *address, size_t requested)
{
	if (list->count == list->room) {
		fill_in_usable(list);
		send_message(WIRE_DONE, list->count, 1, NULL, 0);
		wait_for_next_part();
		list->count = 0;
	}
	list->at[list->count++] = (struct wire_block){ (uint64_t)address, requested, 0 };
}

static void list_blocks(void)
{
	struct kit_list list = { .at = (struct wire_block *)kit.window, .room = kit.window_bytes / sizeof(struct wire_block) };
	kit.workload->list(&kit, &list);
	fill_in_usable(&list);
	send_message(WIRE_DONE, list.count, 0, NULL, 0);
}

/* ---- commands ---- */

static void visit_thread(struct kit_worker *worker)
{
	(void)worker;
	kit.probe->visit_thread();
}

static void flush_thread(struct kit_worker *worker)
{
	(void)worker;
	kit.probe->flush_thread();
}

static void answer_statistics(void)
{
	struct text t = { .at = kit.window, .size = kit.window_bytes };
	if (kit.probe->visit_thread)
		kit_everyone(&kit, visit_thread);
	kit.probe->statistics(&t);
	send_message(WIRE_DONE, t.used, t.truncated, NULL, 0);
}

static void answer_timed(void (*call)(void))
{
	uint64_t start = kit_now();
	if (call)
		call();
	send_message(WIRE_DONE, kit_now() - start, call != NULL, NULL, 0);
}

/* Callgrind knows the function by its name, so it must stay one. Returns what madvise does. */
__attribute__((noinline, used)) int kit_stamp(uint64_t number)
{
	return madvise((void *)(uintptr_t)(WIRE_STAMP_ADDRESS + number * WIRE_STAMP_STEP), 0, MADV_NORMAL);
}

static void flush_everyone(void)
{
	kit_everyone(&kit, flush_thread);
}

void kit_figure(const struct kit *k, const char *name, double value)
{
	text_add(k->figures, "%s %.17g\n", name, value);
}

static void add_figures(struct text *t, const char *mark)
{
	kit.figures = t;
	kit.mark = mark;
	if (kit.workload->figures)
		kit.workload->figures(&kit);
	kit_purger_figures(&kit);
}

/* What a purge did is for the workload to see too. */
static void answer_purge(void)
{
	static char buffer[WIRE_TEXT_MAX];
	struct text t = { .at = buffer, .size = sizeof buffer };
	uint64_t start = kit_now();
	if (kit.probe->purge)
		kit.probe->purge();
	uint64_t took = kit_now() - start;
	if (kit.probe->purge)
		add_figures(&t, "purged");
	send_message(WIRE_DONE, took, kit.probe->purge != NULL, t.at, t.used);
}

/* Answers until the lab says RESUME. */
static void obey(void)
{
	static char text[WIRE_TEXT_MAX + 1];
	struct wire_message head;
	for (;;) {
		receive(&head, text);
		switch (head.type) {
		case WIRE_STATS:
			answer_statistics();
			break;
		case WIRE_LIST:
			list_blocks();
			break;
		case WIRE_REGIONS:
			send_message(WIRE_DONE, kit_write_regions(&kit, (struct wire_region *)kit.window, kit.window_bytes / sizeof(struct wire_region)), 0, NULL, 0);
			break;
		case WIRE_PURGE:
			answer_purge();
			break;
		case WIRE_FLUSH:
			answer_timed(kit.probe->flush_thread ? flush_everyone : NULL);
			break;
		case WIRE_RETIRE:
			kit_retire_workers(&kit);
			kit_end_purger(&kit);
			send_message(WIRE_DONE, 0, 1, NULL, 0);
			break;
		case WIRE_STAMP:
			send_message(WIRE_DONE, 0, kit_stamp(head.a) == 0, NULL, 0);
			break;
		case WIRE_RESUME:
			return;
		case WIRE_BYE:
			exit(0); /* not _exit: the allocators print their statistics here */
		default:
			kit_fail(KIT_INTERNAL, "unknown message %u from the lab", head.type);
		}
	}
}

static void mark(uint32_t index, const char *name)
{
	static char buffer[WIRE_TEXT_MAX];
	struct text t = { .at = buffer, .size = sizeof buffer };
	text_add(&t, "%s\n", name);
	add_figures(&t, name);
	send_message(WIRE_MARK, index, 0, t.at, t.used);
	obey();
}

/* No step of the order: the phase goes on after it. */
static void look(void)
{
	kit_hold_purger(&kit);
	mark(UINT32_MAX, "look");
	kit_let_purger_run(&kit);
}

static void step(void (*order)(struct kit_worker *))
{
	kit_let_purger_run(&kit);
	if (order)
		kit_everyone(&kit, order);
	kit_hold_purger(&kit);
	if (!order)
		return;
	for (unsigned i = 1; i <= kit.threads; i++) /* it would still be parked, and take the next order in the middle of this one */
		if (kit.workers[i].looks != kit.workers[0].looks)
			kit_fail(KIT_INTERNAL, "worker %u has looked %u times and the main thread %u: all threads of a step look equally often", i,
				 kit.workers[i].looks, kit.workers[0].looks);
}

/* ---- beginning ---- */

static void say_hello(void)
{
	static char buffer[WIRE_TEXT_MAX];
	struct text t = { .at = buffer, .size = sizeof buffer };
	kit.probe = probe_open();
	text_add(&t, "version=%u\npid=%d\nruntime=%s\ndialect=%s\nserved_by=%s\n", WIRE_VERSION, (int)getpid(), kit_lab_wants_go() ? "go" : "c",
		 kit.probe->dialect, probe_served_by());
#ifdef __GLIBC__
	text_add(&t, "libc=glibc %s\n", gnu_get_libc_version());
#endif
	kit.probe->identify(&t);
	send_message(WIRE_HELLO, WIRE_VERSION, 0, t.at, t.used);
}

static void read_go(void)
{
	static char text[WIRE_TEXT_MAX + 1];
	struct wire_message head;
	receive(&head, text);
	if (head.type == WIRE_BYE)
		exit(0);
	char *parameters = strchr(text, '\n');
	if (head.type != WIRE_GO || strncmp(text, "workload=", 9) != 0 || !parameters)
		kit_fail(KIT_INTERNAL, "message %u came where GO was due", head.type);
	*parameters++ = 0;
	kit.workload = kit_find_workload(text + 9);
	if (!kit.workload)
		kit_fail(KIT_USAGE, "there is no workload %s in this program", text + 9);
	kit_read_parameters(&kit, parameters);
	kit.threads = kit.workload->threads(&kit);
	if (kit.threads > KIT_THREADS_MAX)
		kit_fail(KIT_USAGE, "%u threads are more than the %u this program can hold", kit.threads, KIT_THREADS_MAX);
}

/* What reading the clock costs: the median of many readings one after the other. */
static uint64_t timer_cost(void)
{
	enum { READINGS = 1001, LONGEST = 1000 };
	unsigned seen[LONGEST] = { 0 }, passed = 0;
	for (int i = 0; i < READINGS; i++) {
		uint64_t start = kit_now(), ns = kit_now() - start;
		seen[ns < LONGEST ? ns : LONGEST - 1]++;
	}
	for (uint64_t ns = 0; ns < LONGEST; ns++)
		if ((passed += seen[ns]) > READINGS / 2)
			return ns;
	return LONGEST;
}

static void place_histograms(void)
{
	struct wire_latency *histograms = kit_memory(&kit, (kit.threads + 1) * sizeof *histograms);
	for (unsigned i = 0; i <= kit.threads; i++)
		kit.workers[i].latency = &histograms[i];
	kit.header->latency_offset = (uint64_t)((char *)histograms - kit.memory);
	kit.header->timer_ns = timer_cost();
}

static void lay_out(int memory_fd)
{
	size_t own = kit.workload->memory ? kit.workload->memory(&kit) : 0;
	size_t histograms = kit.times_calls ? (kit.threads + 1) * sizeof(struct wire_latency) + 128 : 0;
	size_t bytes = kit_memory_layout(kit.threads, own + histograms, true);
	if (ftruncate(memory_fd, (off_t)bytes) != 0)
		kit_fail(KIT_INTERNAL, "ftruncate of the lab's memory to %zu bytes: %s", bytes, strerror(errno));
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	if (memory == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap of %zu bytes of the lab's memory: %s", bytes, strerror(errno));
	kit_memory_place(&kit, memory, bytes, true);
	if (kit.times_calls)
		place_histograms();
}

int kit_serve(int socket, int memory_fd)
{
	lab = socket;
	kit.look = look;
	say_hello();
	read_go();
	lay_out(memory_fd);
	if (kit.workload->setup)
		kit.workload->setup(&kit);
	kit_start_workers(&kit);
	kit_start_purger(&kit);
	send_message(WIRE_READY, kit.memory_bytes, 0, NULL, 0);
	mark(0, "baseline");
	step(kit.workload->fill);
	mark(1, "hold");
	step(kit.workload->drain);
	mark(2, "freed");
	step(kit.workload->idle);
	mark(3, "idle");
	for (;;) /* the lab leads from here: purge, flush, retire, each with its mark, then bye */
		obey();
}
