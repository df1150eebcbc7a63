/*
 * iobuf_plan.c - which requests a burst consists of. Sizes are dealt like
 * cards, all of them equally often, and then shuffled: their sum is the same for
 * every seed, so that two allocators, and two rounds, hold the same bytes.
 */
#include "iobuf.h"

static uint64_t sizes_of(const struct iobuf_shape *s)
{
	return (s->request_max - s->request_min) / IOBUF_SECTOR + 1;
}

static uint32_t size_of(const struct iobuf_shape *s, uint64_t i)
{
	return s->request_min + (uint32_t)(i % sizes_of(s)) * IOBUF_SECTOR;
}

/* The fewest requests whose bytes reach the backlog. */
static uint64_t requests_for(const struct iobuf_shape *s, uint64_t backlog)
{
	uint64_t sizes = sizes_of(s), deck = sizes * ((uint64_t)s->request_min + s->request_max) / 2;
	uint64_t n = backlog / deck * sizes, bytes = backlog / deck * deck;
	while (bytes < backlog)
		bytes += size_of(s, n++);
	return n;
}

struct iobuf_shape iobuf_shape(const struct kit *kit)
{
	unsigned threads = (unsigned)kit_count(kit, "threads");
	struct iobuf_shape s = {
		.loggers = threads / 4 ? threads / 4 : 1,
		.request_min = (uint32_t)kit_count(kit, "request_min"),
		.request_max = (uint32_t)kit_count(kit, "request_max"),
	};
	s.readers = (threads - s.loggers) / 2;
	s.appliers = threads - s.loggers - s.readers;
	if (s.request_min % IOBUF_SECTOR || s.request_max % IOBUF_SECTOR || s.request_min > s.request_max)
		kit_fail(KIT_USAGE, "request_min = %u and request_max = %u: both are multiples of 4096, and request_min is not the larger", s.request_min, s.request_max);
	s.held = requests_for(&s, (uint64_t)kit_count(kit, "backlog"));
	s.requests = (uint64_t)((double)s.held / kit_number(kit, "lagging") + 0.5);
	s.kept = (uint64_t)((double)s.requests * kit_number(kit, "keep") + 0.5);
	s.pinned = (uint64_t)((double)s.requests * kit_number(kit, "pin") + 0.5);
	return s;
}

/* True for exactly so many of those left (Knuth's selection sampling). */
static bool chosen(struct rng *rng, uint64_t *wanted, uint64_t left)
{
	if (rng_below(rng, left) >= *wanted)
		return false;
	--*wanted;
	return true;
}

void iobuf_deal(struct iobuf_request *requests, const struct iobuf_shape *s, struct rng *rng)
{
	uint64_t keep = s->kept, pin = s->pinned;
	for (uint64_t i = 0; i < s->requests; i++) {
		bool held = i < s->held;
		requests[i] = (struct iobuf_request){ .bytes = size_of(s, held ? i : i - s->held), .held = held };
	}
	for (uint64_t i = s->requests - 1; i > 0; i--) {
		uint64_t j = rng_below(rng, i + 1);
		struct iobuf_request other = requests[j];
		requests[j] = requests[i];
		requests[i] = other;
	}
	for (uint64_t i = 0; i < s->requests; i++) {
		requests[i].log = (uint16_t)rng_below(rng, s->loggers);
		requests[i].apply = (uint16_t)rng_below(rng, s->appliers);
		requests[i].keep = chosen(rng, &keep, s->requests - i);
		requests[i].pin = chosen(rng, &pin, s->requests - i);
	}
}

void iobuf_draw_events(struct iobuf_event *events, struct rng *rng)
{
	for (unsigned i = 0; i < IOBUF_EVENTS; i++)
		events[i] = (struct iobuf_event){
			.connection = (uint8_t)rng_below(rng, IOBUF_CONNECTIONS),
			.messages = (uint8_t)(1 + rng_below(rng, 16)),
			.cut = rng_below(rng, 8) == 0,
		};
}
