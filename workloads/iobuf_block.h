/* iobuf_block.h - blocks of 8 KiB with counted references, and buffers that are chains of references to them. */
#ifndef ALLOCLAB_IOBUF_BLOCK_H
#define ALLOCLAB_IOBUF_BLOCK_H

#include <stdatomic.h>

#include "kit/kit.h"

/* ---- blocks and each thread's cache of them (iobuf_block.c) ---- */

#define IOBUF_BLOCK_BYTES 8192u
#define IOBUF_PAYLOAD_BYTES (IOBUF_BLOCK_BYTES - 32u)

struct iobuf_block {
	_Atomic uint32_t references;
	uint32_t used;   /* of the payload; changed only by the thread that has the block in hand */
	uint32_t listed; /* the last listing that reported it */
	uint32_t maker;  /* index of the thread that allocated it */
	struct iobuf_block *next; /* in a cache, or waiting to be read into */
	uint64_t cookie;
	char payload[];
};
_Static_assert(sizeof(struct iobuf_block) == 32, "the header leaves 8160 bytes of a block");

struct iobuf_cache {
	struct iobuf_block *head;
	unsigned count;
};

static inline uint32_t iobuf_room(const struct iobuf_block *block)
{
	return IOBUF_PAYLOAD_BYTES - block->used;
}

static inline void iobuf_block_hold(struct iobuf_block *block)
{
	atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
}

/* Drops a reference; the last one frees, on whichever thread that happens. */
void iobuf_block_drop(struct kit_worker *worker, struct iobuf_block *block);
/* A block with room that stays in the cache: what is appended shares it with all that went before. */
struct iobuf_block *iobuf_cache_share(struct kit_worker *worker);
/* A block with room, out of the cache or new: the caller has its reference. */
struct iobuf_block *iobuf_cache_take(struct kit_worker *worker);
void iobuf_cache_give(struct kit_worker *worker, struct iobuf_block *chain);

/* ---- a chain of references to parts of blocks (iobuf_chain.c) ---- */

struct iobuf_ref {
	uint32_t offset, length;
	struct iobuf_block *block;
};

#define IOBUF_INLINE 2u /* the third reference needs an array of its own */
#define IOBUF_ARRAY 32u /* references of the first one: 512 bytes; then doubled */

/* All zero is empty. May be moved by assignment. */
struct iobuf {
	struct iobuf_ref *array; /* NULL: the references are inline */
	uint32_t start, count, capacity; /* a ring; capacity counts only the array */
	uint32_t length;
	struct iobuf_ref few[IOBUF_INLINE];
};

static inline struct iobuf_ref *iobuf_at(const struct iobuf *buffer, uint32_t i)
{
	if (buffer->array)
		return &buffer->array[(buffer->start + i) & (buffer->capacity - 1)];
	return (struct iobuf_ref *)&buffer->few[(buffer->start + i) & (IOBUF_INLINE - 1)];
}

/* Appends a part of a block, holding it; a part that goes on where the last one ends becomes one with it. */
void iobuf_push(struct kit_worker *worker, struct iobuf *buffer, struct iobuf_ref part);
/* Copies bytes into the thread's shared block and appends a reference to them. */
void iobuf_append(struct kit_worker *worker, struct iobuf *buffer, const void *bytes, uint32_t length);
/* Appends all of the other's references: no byte is copied. */
void iobuf_append_all(struct kit_worker *worker, struct iobuf *buffer, const struct iobuf *other);
/* Moves the first bytes to the end of another chain, or nowhere. */
void iobuf_cut(struct kit_worker *worker, struct iobuf *buffer, uint32_t length, struct iobuf *to);
void iobuf_copy(const struct iobuf *buffer, void *to, uint32_t length);
void iobuf_clear(struct kit_worker *worker, struct iobuf *buffer);

#endif
