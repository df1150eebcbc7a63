/*
 * entry.c - takes the process over before the Go runtime starts.
 *
 * A live Go runtime adds threads, arenas and megabytes to what is measured. An
 * ELF constructor of the program runs after those of the libraries (so jemalloc and
 * tcmalloc are ready) and before main, which is the Go runtime's. It takes
 * over only when the lab says so by an environment variable and two
 * descriptors that are what they should be: no other program that links this
 * package, a test binary say, is ever taken over. musl passes constructors no
 * arguments, hence getenv.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "internal.h"

static int lab_socket = -1, lab_memory = -1;
static bool wants_go;

bool kit_lab_wants_go(void)
{
	return wants_go;
}

static bool is_lab_socket(int fd)
{
	int type = 0;
	socklen_t length = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

static bool is_lab_memory(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && fcntl(fd, F_GET_SEALS) >= 0; /* only memfds have seals */
}

/* Reads "socket:memory:runtime"; true if the lab is there. */
static bool attach(void)
{
	const char *value = getenv(WIRE_ENVIRONMENT);
	char runtime[8];
	if (!value || sscanf(value, "%d:%d:%7[a-z]", &lab_socket, &lab_memory, runtime) != 3)
		return false;
	if (!is_lab_socket(lab_socket) || !is_lab_memory(lab_memory))
		return false;
	fcntl(lab_socket, F_SETFD, FD_CLOEXEC);
	fcntl(lab_memory, F_SETFD, FD_CLOEXEC);
	unsetenv(WIRE_ENVIRONMENT); /* the workload's children are not the lab's, */
	unsetenv("LD_PRELOAD");     /* and run on the system's allocator */
	wants_go = strcmp(runtime, "go") == 0;
	return true;
}

__attribute__((constructor)) static void enter(void)
{
	if (attach() && !wants_go)
		exit(kit_serve(lab_socket, lab_memory));
}

/* From Go's main: serves where the lab asked for a live Go runtime, else returns -1. */
int kit_serve_from_go(void)
{
	return wants_go ? kit_serve(lab_socket, lab_memory) : -1;
}
