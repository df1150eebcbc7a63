/*
 * iobuf_block.c - reference-counted blocks of 8 KiB and chains of them, after
 * brpc's IOBuf (src/butil/iobuf.cpp describes the rules that are kept here): a
 * block is one malloc(8192) with its header in front, so 8160 bytes carry
 * payload; whoever drops the last reference frees it; a thread caches up to 8
 * blocks that have room, and looks at that limit only before it adds a whole
 * chain, so that one drain can leave more; a chain of more than two references
 * needs an array, 512 bytes at first.
 */
#include "iobuf.h"

static uint32_t take_slot(struct iobuf_registry *r, struct iobuf_block *block)
{
	for (uint32_t tried = 0; tried < r->count; tried++) {
		uint32_t i = r->next;
		r->next = i + 1 < r->count ? i + 1 : 0;
		if (!atomic_load_explicit(&r->slots[i], memory_order_acquire)) {
			atomic_store_explicit(&r->slots[i], block, memory_order_release);
			return i;
		}
	}
	kit_fail(KIT_INTERNAL, "a thread holds more than the %u blocks that its registry has room for", r->count);
}

static struct iobuf_block *create(struct kit_worker *w)
{
	struct iobuf_thread *t = w->state;
	struct iobuf_block *block = kit_malloc(w, IOBUF_BLOCK);
	*block = (struct iobuf_block){ .shared = 1, .origin = w->index, .self = block };
	block->slot = take_slot(&t->registry, block);
	t->created++;
	return block;
}

/* A block with room: from the cache, else new. */
struct iobuf_block *iobuf_acquire(struct kit_worker *w)
{
	struct iobuf_thread *t = w->state;
	struct iobuf_block *block = t->cache;
	if (!block)
		return create(w);
	t->cache = block->next;
	t->cached--;
	return block;
}

void iobuf_release(struct kit_worker *w, struct iobuf_block *block)
{
	struct iobuf_thread *t = w->state;
	if (atomic_fetch_sub_explicit(&block->shared, 1, memory_order_acq_rel) != 1)
		return;
	if (block->self != block)
		kit_fail(KIT_CORRUPTION, "block %p holds %p where its own address was written", (void *)block, (void *)block->self);
	struct iobuf_thread *origin = kit_worker(w->kit, block->origin)->state;
	uint32_t slot = block->slot;
	t->frees++;
	t->far_frees += block->origin != w->index;
	kit_free(w, block, IOBUF_BLOCK);
	atomic_store_explicit(&origin->registry.slots[slot], NULL, memory_order_release);
}

void iobuf_recycle(struct kit_worker *w, struct iobuf_block *chain)
{
	struct iobuf_thread *t = w->state;
	bool full = t->cached >= IOBUF_CACHE; /* before the chain, not during it: the limit is soft */
	if (full && chain)
		t->limit_hits++;
	while (chain) {
		struct iobuf_block *next = chain->next;
		if (full) {
			iobuf_release(w, chain);
		} else {
			chain->next = t->cache;
			t->cache = chain;
			t->cached++;
		}
		chain = next;
	}
}

static void grow(struct kit_worker *w, struct iobuf_entry *e)
{
	uint32_t capacity = e->array ? 2 * e->capacity : IOBUF_FIRST_ARRAY;
	struct iobuf_reference *array = kit_malloc(w, capacity * sizeof *array);
	memcpy(array, e->array ? e->array : e->two, e->count * sizeof *array);
	if (e->array)
		kit_free(w, e->array, e->capacity * sizeof *array);
	e->array = array;
	e->capacity = capacity;
}

/* Refers to the next length bytes of the block's free room, which the caller has written. */
void iobuf_append(struct kit_worker *w, struct iobuf_entry *e, struct iobuf_block *block, uint32_t length)
{
	struct iobuf_thread *t = w->state;
	if (e->count == (e->array ? e->capacity : IOBUF_INLINE))
		grow(w, e);
	struct iobuf_reference *references = e->array ? e->array : e->two;
	references[e->count++] = (struct iobuf_reference){ block->size, length, block };
	block->size += length;
	atomic_fetch_add_explicit(&block->shared, 1, memory_order_relaxed);
	t->references++;
}

/* A few bytes go into the block that all small appends of the thread share, and pin it whole. */
void iobuf_append_small(struct kit_worker *w, struct iobuf_entry *e, uint32_t length)
{
	struct iobuf_thread *t = w->state;
	if (t->small && t->small->size + length > IOBUF_PAYLOAD) {
		iobuf_release(w, t->small);
		t->small = NULL;
	}
	if (!t->small)
		t->small = create(w);
	memset((char *)t->small + IOBUF_HEADER + t->small->size, 0x11, length);
	iobuf_append(w, e, t->small, length);
	t->pinned_by_small++;
}

void iobuf_clear(struct kit_worker *w, struct iobuf_entry *e)
{
	struct iobuf_reference *references = e->array ? e->array : e->two;
	for (uint32_t i = 0; i < e->count; i++)
		iobuf_release(w, references[i].block);
	if (e->array)
		kit_free(w, e->array, e->capacity * sizeof *e->array);
	e->array = NULL;
	e->count = e->capacity = 0;
}
