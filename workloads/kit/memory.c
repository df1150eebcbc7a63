/*
 * memory.c - the lab's memory in the measured process: one mapping, laid out
 * as [header page][lanes][window][threads' descriptors][the workload's own],
 * every page touched before baseline. Bookkeeping in malloc'ed memory would be
 * counted as the program's heap and would move its blocks.
 */
#include <unistd.h>

#include "internal.h"

#define ALIGNMENT 128u

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static size_t lanes_bytes(size_t threads)
{
	return round_up((threads + 1) * sizeof(struct wire_lane), 4096);
}

size_t kit_memory_layout(size_t threads, size_t workload_bytes, bool wire)
{
	size_t bytes = 4096 + lanes_bytes(threads) + (wire ? KIT_WINDOW_BYTES : 0);
	bytes += round_up((threads + 1) * sizeof(struct kit_worker), ALIGNMENT);
	bytes += round_up((threads + 1) * sizeof(pthread_t), ALIGNMENT);
	return round_up(bytes + round_up(workload_bytes, ALIGNMENT), 4096);
}

void kit_memory_place(struct kit *kit, char *memory, size_t bytes, bool wire)
{
	kit->memory = memory;
	kit->memory_bytes = bytes;
	memset(memory, 0, bytes); /* touches every page, before baseline */
	size_t lane_offset = 4096, window_offset = lane_offset + lanes_bytes(kit->threads);
	struct wire_lane *lanes = (struct wire_lane *)(memory + lane_offset);
	kit->memory_used = window_offset;
	if (wire) {
		kit->window = memory + window_offset;
		kit->window_bytes = KIT_WINDOW_BYTES;
		kit->memory_used += KIT_WINDOW_BYTES;
		kit->header = (struct wire_header *)memory;
		*kit->header = (struct wire_header){
			.magic = WIRE_MAGIC, .version = WIRE_VERSION, .lane_count = kit->threads + 1, .lane_offset = lane_offset,
			.window_offset = window_offset, .window_bytes = KIT_WINDOW_BYTES, .total_bytes = bytes,
		};
	}
	kit->workers = kit_memory(kit, (kit->threads + 1) * sizeof *kit->workers);
	kit->handles = kit_memory(kit, (kit->threads + 1) * sizeof *kit->handles);
	for (unsigned i = 0; i <= kit->threads; i++) {
		struct kit_worker *w = &kit->workers[i];
		w->kit = kit;
		w->index = i;
		w->lane = &lanes[i];
		rng_seed(&w->rng, kit->seed * 0x9e3779b97f4a7c15ull + i);
	}
}

void *kit_memory(struct kit *kit, size_t bytes)
{
	bytes = round_up(bytes, ALIGNMENT);
	if (bytes > kit->memory_bytes - kit->memory_used)
		kit_fail(KIT_INTERNAL, "workload %s takes more of the lab's memory than its memory() said", kit->workload->name);
	void *at = kit->memory + kit->memory_used;
	kit->memory_used += bytes;
	return at;
}

void kit_share(struct kit *kit, void *shared)
{
	kit->shared = shared;
}

void *kit_shared(const struct kit *kit)
{
	return kit->shared;
}
