/*
 * operators.c - the operators new and delete of C++, under their names in the
 * Itanium ABI. An allocator may serve them without calling malloc, as
 * tcmalloc and jemalloc do, so they are taken too.
 */
#define _GNU_SOURCE
#include "census.h"
#include "ring.h"

#include <dlfcn.h>

#define EXPORT __attribute__((visibility("default")))

/* A program that calls an operator has a library that defines it. */
#define NEXT(type, name)                                                    \
	static type next;                                                   \
	type function = __atomic_load_n(&next, __ATOMIC_RELAXED);           \
	if (!function) {                                                    \
		function = (type)dlsym(RTLD_NEXT, #name);                   \
		__atomic_store_n(&next, function, __ATOMIC_RELAXED);        \
	}

/* What a new calls in turn reports for itself, be it malloc or, where it fails, the block of the exception: a
 * new reports what nobody has. */
#define NEW(name, arguments, types, call)                                   \
	EXPORT void *name arguments                                         \
	{                                                                   \
		typedef void *(*type) types;                                \
		NEXT(type, name)                                            \
		agent_last = NULL;                                          \
		void *p = function call;                                    \
		if (agent_last == p)                                        \
			return p;                                           \
		int outermost = agent_enter();                              \
		return agent_given(outermost, p, n);                        \
	}

#define DELETE(name, arguments, types, call)                                \
	EXPORT void name arguments                                          \
	{                                                                   \
		typedef void (*type) types;                                 \
		NEXT(type, name)                                            \
		if (agent_enter() && p)                                     \
			ring_put(RING_FREED, p, 0);                         \
		function call;                                              \
		agent_leave();                                              \
	}

NEW(_Znwm, (size_t n), (size_t), (n))
NEW(_Znam, (size_t n), (size_t), (n))
NEW(_ZnwmRKSt9nothrow_t, (size_t n, const void *t), (size_t, const void *), (n, t))
NEW(_ZnamRKSt9nothrow_t, (size_t n, const void *t), (size_t, const void *), (n, t))
NEW(_ZnwmSt11align_val_t, (size_t n, size_t a), (size_t, size_t), (n, a))
NEW(_ZnamSt11align_val_t, (size_t n, size_t a), (size_t, size_t), (n, a))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (size_t, size_t, const void *), (n, a, t))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t n, size_t a, const void *t), (size_t, size_t, const void *), (n, a, t))

DELETE(_ZdlPv, (void *p), (void *), (p))
DELETE(_ZdaPv, (void *p), (void *), (p))
DELETE(_ZdlPvm, (void *p, size_t n), (void *, size_t), (p, n))
DELETE(_ZdaPvm, (void *p, size_t n), (void *, size_t), (p, n))
DELETE(_ZdlPvRKSt9nothrow_t, (void *p, const void *t), (void *, const void *), (p, t))
DELETE(_ZdaPvRKSt9nothrow_t, (void *p, const void *t), (void *, const void *), (p, t))
DELETE(_ZdlPvSt11align_val_t, (void *p, size_t a), (void *, size_t), (p, a))
DELETE(_ZdaPvSt11align_val_t, (void *p, size_t a), (void *, size_t), (p, a))
DELETE(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t a), (void *, size_t, size_t), (p, n, a))
DELETE(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t a), (void *, size_t, size_t), (p, n, a))
