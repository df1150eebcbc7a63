/*
 * iobuf_list.c - every block that the server holds, found by walking what
 * it holds them with. A block of 8 KiB has many references and is reported once: it
 * carries the number of the last listing that met it.
 */
#include "iobuf.h"

struct walk {
	struct kit_list *list; /* NULL: only counts */
	uint32_t number;
	uint64_t blocks;
};

static void visit(struct walk *walk, struct iobuf_block *b)
{
	if (b->listed == walk->number)
		return;
	b->listed = walk->number;
	walk->blocks++;
	if (walk->list)
		kit_block(walk->list, b, IOBUF_BLOCK_BYTES);
}

static void visit_buffer(struct walk *walk, const struct iobuf *buffer)
{
	for (uint32_t i = 0; i < buffer->count; i++)
		visit(walk, iobuf_at(buffer, i)->block);
	if (buffer->array)
		kit_block(walk->list, buffer->array, buffer->capacity * sizeof *buffer->array);
}

static void visit_entry(struct walk *walk, const struct iobuf_world *world, const struct iobuf_entry *entry)
{
	const struct iobuf_call *call = entry->call;
	kit_block(walk->list, entry, sizeof *entry);
	visit_buffer(walk, &entry->data);
	visit_buffer(walk, &call->attachment);
	if (!world->pool.on)
		kit_block(walk->list, call, sizeof *call);
	if (call->metadata)
		kit_block(walk->list, call->metadata, IOBUF_METADATA);
}

static void visit_pins(struct walk *walk, const struct iobuf_own *own)
{
	for (uint64_t i = 0; i < own->pin_room && own->pins[i].block; i++)
		visit(walk, own->pins[i].block);
}

static void visit_thread(struct walk *walk, const struct iobuf_world *world, const struct iobuf_own *own)
{
	for (struct iobuf_block *b = own->cache.head; b; b = b->next)
		visit(walk, b);
	for (unsigned i = 0; own->role == IOBUF_READER && i < IOBUF_CONNECTIONS; i++) {
		visit_buffer(walk, &own->connections[i].buffer);
		for (struct iobuf_block *b = own->connections[i].ready; b; b = b->next)
			visit(walk, b);
	}
	for (uint64_t i = 0; i < own->held_count; i++)
		visit_entry(walk, world, own->held[i]);
	for (uint64_t i = 0; i < own->kept_room && own->kept[i]; i++)
		kit_block(walk->list, own->kept[i], IOBUF_METADATA);
	visit_pins(walk, own);
}

void iobuf_list(const struct kit *kit, struct kit_list *list)
{
	struct iobuf_world *world = iobuf_world(kit);
	struct walk walk = { .list = list, .number = ++world->listing };
	for (unsigned i = 1; i <= kit_threads(kit); i++)
		visit_thread(&walk, world, iobuf_own(kit_worker(kit, i)));
	iobuf_pool_list(kit, list);
}

void iobuf_figures(const struct kit *kit)
{
	struct iobuf_world *world = iobuf_world(kit);
	struct walk pins = { .number = ++world->listing };
	struct iobuf_own sum = { .blocks = 0 };
	uint64_t kept = 0, cached = 0;
	for (unsigned t = 1; t <= kit_threads(kit); t++) {
		const struct iobuf_own *own = iobuf_own(kit_worker(kit, t));
		visit_pins(&pins, own);
		for (uint64_t i = 0; i < own->kept_room && own->kept[i]; i++)
			kept++;
		cached += own->cache.count;
		sum.held_peak += own->held_peak;
		sum.blocks += own->blocks;
		sum.references += own->references;
		sum.near_frees += own->near_frees;
		sum.far_frees += own->far_frees;
		sum.limit_hits += own->limit_hits;
		sum.arrays += own->arrays;
		sum.small_bytes += own->small_bytes;
		sum.log_bytes += own->log_bytes;
		sum.requests += own->requests;
		sum.request_bytes += own->request_bytes;
		sum.applied += own->applied;
		sum.applied_held += own->applied_held;
		sum.trickled += own->trickled;
	}
	kit_figure(kit, "read_threads", world->shape.readers);
	kit_figure(kit, "log_threads", world->shape.loggers);
	kit_figure(kit, "apply_threads", world->shape.appliers);
	kit_figure(kit, "requests", (double)sum.requests);
	kit_figure(kit, "trickled", (double)sum.trickled);
	kit_figure(kit, "backlog_peak_bytes", (double)sum.held_peak);
	kit_figure(kit, "blocks_made", (double)sum.blocks);
	kit_figure(kit, "cached_blocks", (double)cached);
	kit_figure(kit, "cache_limit_hits", (double)sum.limit_hits);
	kit_figure(kit, "reference_arrays", (double)sum.arrays);
	kit_figure(kit, "small_append_bytes", (double)sum.small_bytes);
	kit_figure(kit, "log_buffer_bytes", (double)sum.log_bytes);
	kit_figure(kit, "pool_bytes", (double)iobuf_pool_list(kit, NULL));
	kit_figure(kit, "kept_metadata", (double)kept);
	kit_figure(kit, "pinned_by_small_appends", (double)(pins.blocks * IOBUF_BLOCK_BYTES));
	if (sum.requests > 0)
		kit_figure(kit, "request_bytes_mean", (double)sum.request_bytes / (double)sum.requests);
	if (sum.applied > 0)
		kit_figure(kit, "held_share", (double)sum.applied_held / (double)sum.applied);
	if (sum.blocks > 0)
		kit_figure(kit, "references_per_block", (double)sum.references / (double)sum.blocks);
	if (sum.near_frees + sum.far_frees > 0)
		kit_figure(kit, "far_free_share", (double)sum.far_frees / (double)(sum.near_frees + sum.far_frees));
}
