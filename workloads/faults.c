/*
 * faults.c - workloads that go wrong, for the lab's own tests: each way in
 * which a measured program can end badly must come out under its own name.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"

static const struct kit_parameter parameters[] = {
	{ "kind", KIT_CHOICE, 0, 0, 0,
	  "none segv abort exit hang ignore_term grandchild flip huge double_free overflow spam close_wire fork quit_early overlap child_env orphan", "what goes wrong" },
	{ "bytes", KIT_BYTES, 1 << 20, 0, 1e15, NULL, "memory to hold, for memory limits" },
	{ .name = NULL },
};

static unsigned threads(const struct kit *kit)
{
	(void)kit;
	return 1;
}

static uint64_t peak(const struct kit *kit)
{
	return (uint64_t)kit_count(kit, "bytes");
}

static char *held;
static size_t held_bytes;

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

/* A child of a child, in a session of its own, holding standard output open: it outlives every polite end. */
static void leave_grandchild(void)
{
	pid_t child = fork();
	if (child == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		signal(SIGTERM, SIG_IGN);
		sleep_for_ever();
	}
	waitpid(child, NULL, 0);
}

static void go_wrong(struct kit_worker *w, const char *kind)
{
	if (strcmp(kind, "segv") == 0)
		raise(SIGSEGV);
	if (strcmp(kind, "abort") == 0) {
		fprintf(stderr, "about to abort\n");
		abort();
	}
	if (strcmp(kind, "exit") == 0)
		exit(3);
	if (strcmp(kind, "quit_early") == 0)
		exit(0);
	if (strcmp(kind, "ignore_term") == 0)
		signal(SIGTERM, SIG_IGN);
	if (strcmp(kind, "hang") == 0 || strcmp(kind, "ignore_term") == 0)
		sleep_for_ever();
	if (strcmp(kind, "grandchild") == 0)
		leave_grandchild();
	if (strcmp(kind, "fork") == 0 && fork() == 0)
		sleep_for_ever();
	if (strcmp(kind, "child_env") == 0 && system("env >&2") != 0)
		kit_fail(KIT_INTERNAL, "env did not run");
	if (strcmp(kind, "orphan") == 0) { /* the end of a process whose child still holds the wire */
		leave_grandchild();
		raise(SIGSEGV);
	}
	if (strcmp(kind, "flip") == 0) {
		held[100] ^= 1;
		if (held[100] != 0x5a)
			kit_fail(KIT_CORRUPTION, "byte 100 of a block changed from 0x5a to %#x", held[100]);
	}
	if (strcmp(kind, "huge") == 0)
		kit_malloc(w, (size_t)1 << 50);
	if (strcmp(kind, "double_free") == 0) {
		void *volatile block = malloc(4096);
		void *volatile again = malloc(4096);
		free(block);
		free(block);
		free(again);
	}
	if (strcmp(kind, "overflow") == 0) {
		char *volatile block = malloc(40);
		memset(block, 0xff, 400);
		free(block);
		free(malloc(5000));
	}
	if (strcmp(kind, "spam") == 0)
		for (int i = 0; i < 100000; i++)
			fprintf(stderr, "line %d of a hundred thousand\n", i);
	if (strcmp(kind, "close_wire") == 0)
		for (int fd = 3; fd < 64; fd++)
			close(fd);
}

static void fill(struct kit_worker *w)
{
	if (w->index != 1)
		return;
	held_bytes = (size_t)kit_count(w->kit, "bytes");
	held = kit_malloc(w, held_bytes);
	memset(held, 0x5a, held_bytes);
	go_wrong(w, kit_choice(w->kit, "kind"));
}

static void drain(struct kit_worker *w)
{
	if (w->index == 1) {
		kit_free(w, held, held_bytes);
		held = NULL;
	}
}

static void list(const struct kit *kit, struct kit_list *blocks)
{
	if (!held)
		return;
	kit_block(blocks, held, held_bytes);
	if (strcmp(kit_choice(kit, "kind"), "overlap") == 0)
		kit_block(blocks, held, held_bytes); /* as if malloc had given the same memory twice */
}

static const struct kit_workload faults = {
	.name = "faults",
	.doc = "goes wrong in the way it is told",
	.internal = true,
	.parameters = parameters,
	.threads = threads,
	.peak = peak,
	.fill = fill,
	.drain = drain,
	.list = list,
};
KIT_WORKLOAD(faults);
