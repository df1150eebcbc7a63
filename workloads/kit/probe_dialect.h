/*
 * probe_dialect.h - what the dialects of the probe share; nobody else needs it.
 *
 * No allocator's header is included by any of them: the probe is built once,
 * on machines that may have only some of the allocators.
 */
#ifndef ALLOCLAB_PROBE_DIALECT_H
#define ALLOCLAB_PROBE_DIALECT_H

#include "probe.h"

/* A function's address as data: ISO C has no direct conversion, POSIX dladdr needs one. */
#define PROBE_ADDRESS(function) ((const void *)(uintptr_t)(function))

/*
 * True if the object (program or library) that holds this address also serves
 * malloc. An allocator can be mapped, and answer calls about itself, without
 * serving malloc: with libc.so.6 preloaded, redis-server's malloc is glibc's
 * although libjemalloc is there. False for a null address.
 */
bool probe_serves_malloc(const void *address);

#endif
