/* victim.c - a user's program that behaves, or misbehaves, as its first argument says. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void note(int number)
{
	(void)number;
	asked = 1;
}

static void ready(void)
{
	puts("victim is ready");
	fflush(stdout);
}

static void *(*const volatile from)(size_t) = malloc;

static char *take(size_t bytes)
{
	char *p = from(bytes);
	if (p)
		memset(p, 1, bytes);
	return p;
}

/* Serves until it is asked to end; a system call that a stop interrupts is no reason to. */
static int serve(void)
{
	signal(SIGTERM, note);
	ready();
	while (!asked)
		usleep(1000);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	char *kept = take(1 << 20);
	if (!strcmp(mode, "serve"))
		return serve();
	if (!strcmp(mode, "early"))
		return 3;
	if (!strcmp(mode, "load")) {
		usleep(20000);
		return 0;
	}
	if (!strcmp(mode, "fail")) {
		puts("connection refused, say");
		return 7;
	}
	if (!strcmp(mode, "crash")) {
		ready();
		usleep(50000);
		raise(SIGSEGV);
	}
	if (!strcmp(mode, "family")) {
		char *shared = take(32 << 20); /* counted once, whoever holds it */
		for (int i = 0; i < 2; i++)
			if (fork() == 0) {
				char *own = take(8 << 20);
				for (;;)
					pause();
				free(own);
			}
		usleep(100000);
		serve();
		kill(0, SIGKILL);
		free(shared);
	}
	if (!strcmp(mode, "leave") && fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	if (!strcmp(mode, "leave"))
		return serve();
	if (!strcmp(mode, "background")) {
		if (fork() > 0)
			return 0;
		return serve();
	}
	if (!strcmp(mode, "exec"))
		execl(argv[0], argv[0], "serve", (char *)NULL);
	if (!strcmp(mode, "scrub")) {
		clearenv();
		execl(argv[0], argv[0], "serve", (char *)NULL);
	}
	if (!strcmp(mode, "spam")) {
		char *line = take(1 << 20);
		for (int i = 0; i < 1024; i++)
			if (write(STDOUT_FILENO, line, 1 << 20) < 0)
				return 9;
		return serve();
	}
	if (!strcmp(mode, "close")) {
		close_range(3, ~0u, 0);
		while (open("/dev/null", O_RDWR) >= 0 && fcntl(901, F_GETFD) < 0)
			; /* takes the numbers for itself */
		return serve();
	}
	if (!strcmp(mode, "greedy")) {
		ready();
		for (;;)
			if (!take(1 << 20))
				return 8;
	}
	if (!strcmp(mode, "burst")) { /* frees 32 MiB, all but the block that came last */
		enum { BLOCKS = 4096 };
		static char *blocks[BLOCKS];
		ready();
		usleep(50000);
		for (int i = 0; i < BLOCKS; i++)
			blocks[i] = take(8192);
		for (int i = 0; i < BLOCKS - 1; i++)
			free(blocks[i]);
		return serve();
	}
	if (!strcmp(mode, "stubborn")) {
		signal(SIGTERM, SIG_IGN);
		ready();
	}
	if (!strcmp(mode, "work")) {
		char *p = take(32 << 20);
		usleep(100000);
		free(p);
		free(kept);
		return 0;
	}
	for (;;)
		pause();
}
