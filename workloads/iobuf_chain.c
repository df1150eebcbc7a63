/*
 * iobuf_chain.c - a buffer as a queue of references: two inline, more in an
 * array of 32 and then twice as many, given up when two are left (SmallView
 * and BigView of brpc's src/butil/iobuf.cpp).
 */
#include "iobuf.h"

static void grow(struct kit_worker *w, struct iobuf *b)
{
	uint32_t capacity = b->array ? b->capacity * 2 : IOBUF_ARRAY;
	struct iobuf_ref *array = kit_malloc(w, capacity * sizeof *array);
	for (uint32_t i = 0; i < b->count; i++)
		array[i] = *iobuf_at(b, i);
	if (b->array)
		kit_free(w, b->array, b->capacity * sizeof *array);
	b->array = array;
	b->start = 0;
	b->capacity = capacity;
	iobuf_own(w)->arrays++;
}

/* Takes over the reference that the caller has, or drops it where it becomes part of the last one. */
static void push_owned(struct kit_worker *w, struct iobuf *b, struct iobuf_ref part)
{
	b->length += part.length;
	if (b->count > 0) {
		struct iobuf_ref *last = iobuf_at(b, b->count - 1);
		if (last->block == part.block && last->offset + last->length == part.offset) {
			last->length += part.length;
			iobuf_block_drop(w, part.block);
			return;
		}
	}
	if (b->count == (b->array ? b->capacity : IOBUF_INLINE))
		grow(w, b);
	b->count++;
	*iobuf_at(b, b->count - 1) = part;
	iobuf_own(w)->references++;
}

void iobuf_push(struct kit_worker *w, struct iobuf *b, struct iobuf_ref part)
{
	iobuf_block_hold(part.block);
	push_owned(w, b, part);
}

void iobuf_append(struct kit_worker *w, struct iobuf *b, const void *bytes, uint32_t length)
{
	const char *from = bytes;
	while (length > 0) {
		struct iobuf_block *block = iobuf_cache_share(w);
		uint32_t n = length < iobuf_room(block) ? length : iobuf_room(block);
		memcpy(block->payload + block->used, from, n);
		iobuf_push(w, b, (struct iobuf_ref){ block->used, n, block });
		block->used += n;
		from += n;
		length -= n;
	}
}

void iobuf_append_all(struct kit_worker *w, struct iobuf *b, const struct iobuf *other)
{
	for (uint32_t i = 0; i < other->count; i++)
		iobuf_push(w, b, *iobuf_at(other, i));
}

static struct iobuf_ref pop(struct kit_worker *w, struct iobuf *b)
{
	struct iobuf_ref first = *iobuf_at(b, 0);
	b->start++;
	b->count--;
	b->length -= first.length;
	if (b->array && b->count == IOBUF_INLINE) {
		struct iobuf_ref *array = b->array;
		uint32_t capacity = b->capacity;
		struct iobuf_ref few[IOBUF_INLINE] = { *iobuf_at(b, 0), *iobuf_at(b, 1) };
		memcpy(b->few, few, sizeof few);
		b->array = NULL;
		b->start = b->capacity = 0;
		kit_free(w, array, capacity * sizeof *array);
	}
	return first;
}

void iobuf_cut(struct kit_worker *w, struct iobuf *b, uint32_t length, struct iobuf *to)
{
	while (length > 0) {
		struct iobuf_ref *first = iobuf_at(b, 0);
		if (first->length > length) { /* the block belongs to both from now on */
			if (to)
				iobuf_push(w, to, (struct iobuf_ref){ first->offset, length, first->block });
			first->offset += length;
			first->length -= length;
			b->length -= length;
			return;
		}
		struct iobuf_ref whole = pop(w, b);
		length -= whole.length;
		if (to)
			push_owned(w, to, whole);
		else
			iobuf_block_drop(w, whole.block);
	}
}

void iobuf_copy(const struct iobuf *b, void *to, uint32_t length)
{
	char *at = to;
	for (uint32_t i = 0; length > 0; i++) {
		const struct iobuf_ref *r = iobuf_at(b, i);
		uint32_t n = length < r->length ? length : r->length;
		memcpy(at, r->block->payload + r->offset, n);
		at += n;
		length -= n;
	}
}

void iobuf_clear(struct kit_worker *w, struct iobuf *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		iobuf_block_drop(w, iobuf_at(b, i)->block);
	if (b->array)
		kit_free(w, b->array, b->capacity * sizeof *b->array);
	*b = (struct iobuf){ .array = NULL };
}
