/*
 * probe.c - which dialect this process speaks, and who serves malloc in it.
 *
 * A weak undefined symbol of position-independent code is read through the
 * global offset table, which the dynamic linker fills in: so the program that
 * was linked without jemalloc finds mallctl when libjemalloc is preloaded,
 * also where it is not a PIE (tried with binutils 2.40, both ways). Code that
 * is not built with -fPIC would have a constant null there.
 */
#define _GNU_SOURCE
#include "probe_dialect.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#if !defined(__PIC__)
#error "build the probe with -fPIC: its weak symbols would be constants"
#endif

static const char *served_by = "";
static const void *served_base;

/* Of an agent that takes malloc and hands it on: who is next, and serves it. */
extern const void *alloclab_next_malloc(void) __attribute__((weak));

/*
 * The malloc to be judged. Where a program that is no PIE takes malloc's address, that is for all a place in the
 * program itself, by which it calls on (Debian's python3 does): preloaded, one asks for the next malloc behind.
 */
static const void *malloc_address(void)
{
	if (alloclab_next_malloc)
		return alloclab_next_malloc();
#ifdef PROBE_PRELOADED
	return dlsym(RTLD_NEXT, "malloc");
#else
	return PROBE_ADDRESS(malloc);
#endif
}

#ifndef PROBE_PRELOADED /* which nothing can be into a static program */
/* Set by the linker: where the program itself lies. */
extern const char __executable_start[], end[];

static const void *static_program(const void *address, const char **name)
{
	static char program[4096];

	if ((const char *)address < __executable_start || (const char *)address >= end)
		return NULL;
	if (name != NULL && readlink("/proc/self/exe", program, sizeof program - 1) > 0)
		*name = program;
	return __executable_start;
}
#else
static const void *static_program(const void *address, const char **name)
{
	(void)address, (void)name;
	return NULL;
}
#endif

/*
 * The object that holds an address: its base and, where name is not null, its
 * path. In a static program dladdr knows nothing, and there is only the program.
 */
static const void *object_of(const void *address, const char **name)
{
	Dl_info info;

	if (address == NULL)
		return NULL;
	if (dladdr(address, &info) != 0) {
		if (name != NULL)
			*name = info.dli_fname;
		return info.dli_fbase;
	}
	return static_program(address, name);
}

const char *probe_served_by(void)
{
	if (served_base == NULL)
		served_base = object_of(malloc_address(), &served_by);
	return served_by;
}

bool probe_serves_malloc(const void *address)
{
	const void *base = object_of(address, NULL);

	probe_served_by();
	return base != NULL && base == served_base;
}

static bool unknown_present(void)
{
	return true;
}

static void unknown_open(void)
{
}

static void unknown_say_nothing(struct text *t)
{
	(void)t;
}

const struct probe probe_unknown = {
	.dialect = "unknown",
	.present = unknown_present,
	.open = unknown_open,
	.identify = unknown_say_nothing,
	.statistics = unknown_say_nothing,
};

const struct probe *probe_open(void)
{
	/* ptmalloc after the others: in a static program they all share one object with libc. */
	static const struct probe *const dialects[] = {
		&probe_jemalloc, &probe_tcmalloc, &probe_mimalloc, &probe_truth, &probe_ptmalloc, &probe_unknown,
	};
	const struct probe *const *dialect = dialects;

	while (!(*dialect)->present())
		dialect++;
	(*dialect)->open();
	return *dialect;
}
