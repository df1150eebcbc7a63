/*
 * iobuf_read.c - the socket's side: blocks are taken before it is known what
 * has arrived, 16 times the size of recent messages and 64 blocks at most; what arrives
 * fills them one after the other, so that requests share blocks; what stays unfilled goes
 * back to the thread's cache as one chain (brpc describes this in src/brpc/input_messenger.cpp
 * and IOPortal).
 */
#include "iobuf.h"

/* As many blocks as the next requests will take, before it is known what has arrived. */
static struct iobuf_block *prepare_read(struct kit_worker *w)
{
	struct iobuf_thread *t = w->state;
	uint64_t want = t->average * 16 < 4096 ? 4096 : t->average * 16 > 524288 ? 524288 : t->average * 16;
	uint64_t blocks = (want + IOBUF_PAYLOAD - 1) / IOBUF_PAYLOAD;
	struct iobuf_block *chain = NULL;
	for (uint64_t i = 0; i < blocks && i < IOBUF_READ_BLOCKS; i++) {
		struct iobuf_block *block = iobuf_acquire(w);
		block->next = chain;
		chain = block;
	}
	return chain;
}

static struct iobuf_entry *new_entry(struct kit_worker *w, uint32_t length)
{
	struct iobuf_server *s = kit_shared(w->kit);
	struct iobuf_thread *t = w->state;
	struct iobuf_entry *e = kit_malloc(w, sizeof *e);
	memset(e, 0, sizeof *e);
	e->self = e;
	e->length = length;
	e->number = t->number++;
	if (s->pool.per_chunk)
		e->task = iobuf_pool_get(w, &s->pool);
	return e;
}

/* Fills the portal's blocks with one request; several requests share a block. */
static struct iobuf_block *read_request(struct kit_worker *w, struct iobuf_block *portal, struct iobuf_entry *e)
{
	for (uint32_t left = e->length; left > 0;) {
		if (!portal)
			portal = prepare_read(w);
		uint32_t room = IOBUF_PAYLOAD - portal->size, n = left < room ? left : room;
		memset((char *)portal + IOBUF_HEADER + portal->size, 0x5a, n);
		iobuf_append(w, e, portal, n);
		left -= n;
		if (portal->size == IOBUF_PAYLOAD) { /* a full block is never cached */
			struct iobuf_block *next = portal->next;
			iobuf_release(w, portal);
			portal = next;
		}
	}
	return portal;
}

void iobuf_read_burst(struct kit_worker *w)
{
	struct iobuf_server *s = kit_shared(w->kit);
	struct iobuf_thread *t = w->state;
	for (uint64_t done = 0; done < s->quota;) {
		struct iobuf_block *portal = prepare_read(w);
		for (uint64_t batch = 1 + rng_below(&w->rng, 4); batch > 0 && done < s->quota; batch--) {
			uint32_t length = (s->smallest + (uint32_t)rng_below(&w->rng, s->largest - s->smallest + 1)) * 4096;
			struct iobuf_entry *e = new_entry(w, length);
			if (s->small)
				iobuf_append_small(w, e, s->small);
			portal = read_request(w, portal, e);
			t->average = (t->average * 9 + length) / 10;
			done += length;
			w->count.operations++;
			iobuf_queue_push(&s->to_log, e);
			if (w->count.operations % KIT_PUBLISH_EVERY == 0)
				kit_publish(w);
		}
		iobuf_recycle(w, portal);
	}
	if (atomic_fetch_sub(&s->reading, 1) == 1)
		iobuf_queue_close(&s->to_log);
}
