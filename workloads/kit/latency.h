/*
 * latency.h - how long each malloc and each free took, in pass "latency" only:
 * reading the clock twice turns 6 to 21 ns of work into 90 to 110, so a
 * trial that times each call says nothing about throughput.
 *
 * Histograms are log-linear: 16 buckets for each power of two, so a bucket is
 * at most 1/16 of its value wide, in memory of the lab's.
 */
#ifndef ALLOCLAB_LATENCY_H
#define ALLOCLAB_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

static inline unsigned latency_bucket(uint64_t ns)
{
	if (ns < 2 * WIRE_LATENCY_SUB)
		return (unsigned)ns;
	unsigned power = 63u - (unsigned)__builtin_clzll(ns); /* >= 5 */
	unsigned bucket = 2 * WIRE_LATENCY_SUB + (power - 5) * WIRE_LATENCY_SUB + (unsigned)(ns >> (power - 4)) % WIRE_LATENCY_SUB;
	return bucket < WIRE_LATENCY_BUCKETS ? bucket : WIRE_LATENCY_BUCKETS - 1;
}

/* Size classes: up to 64 bytes, 256, 1 Ki, 4 Ki, 16 Ki, 64 Ki, 256 Ki, and all above. */
static inline unsigned latency_class(size_t bytes)
{
	unsigned class = 0;
	for (size_t limit = 64; bytes > limit && class < WIRE_LATENCY_CLASSES - 1; limit *= 4)
		class++;
	return class;
}

static inline void latency_add(struct wire_latency *l, unsigned operation, size_t bytes, uint64_t ns)
{
	unsigned class = latency_class(bytes);
	l->count[operation][class][latency_bucket(ns)]++;
	if (ns > l->max[operation][class])
		l->max[operation][class] = ns;
}

#endif
