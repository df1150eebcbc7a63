/*
 * entry.c - the agent in a user's program: preloaded, it interposes nothing. A
 * constructor tells the lab who serves malloc, and leaves one sleeping thread
 * behind that answers at marks. A destructor lets the lab look once more
 * before a program that ends by itself is gone.
 *
 * The thread must not show. All signals are blocked in it, so that the
 * program's handlers run where they would; its stack is the agent's own; it
 * never calls malloc, which would give it an arena. A child that the program
 * forks has no such thread, and says nothing. A program that is executed in this one's place gets an
 * agent of its own, since environment and descriptors pass on.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

static char stack[64 << 10] __attribute__((aligned(4096)));
static pid_t owner;		       /* 0: no lab, or not the process that it started */
static _Atomic uint32_t alive;	       /* the thread answers */
static _Atomic uint32_t resumed;       /* how often the lab said so */

static void wake(void)
{
	atomic_fetch_add(&resumed, 1);
	syscall(SYS_futex, &resumed, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *serve(void *unused)
{
	(void)unused;
	while (agent_obey())
		wake();
	atomic_store(&alive, 0);
	wake();
	return NULL;
}

static void start_thread(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	sigset_t all, before;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstack(&attributes, stack, sizeof stack);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_store(&alive, 1);
	if (pthread_create(&thread, &attributes, serve, NULL) != 0)
		atomic_store(&alive, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
}

__attribute__((constructor)) static void enter(void)
{
	static char text[WIRE_TEXT_MAX + 1];
	struct wire_message head;
	int memory;
	if (!agent_attach(&memory))
		return;
	agent_note_main_thread();
	if (!agent_say_hello())
		return;
	do { /* a poll was meant for the program in whose place this one was executed */
		if (!agent_receive(&head, text))
			return;
	} while (head.type == WIRE_POLL);
	if (head.type != WIRE_GO || !agent_lay_out(memory) || !agent_obey())
		return;
	owner = getpid();
	start_thread();
}

__attribute__((destructor)) static void leave(void)
{
	uint32_t before = atomic_load(&resumed);
	if (owner != getpid() || !atomic_load(&alive) || !agent_send(WIRE_MARK, 0, 0, "exit", 4))
		return;
	while (atomic_load(&resumed) == before && atomic_load(&alive))
		syscall(SYS_futex, &resumed, FUTEX_WAIT_PRIVATE, before, NULL, NULL, 0);
}
