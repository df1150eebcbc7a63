/*
 * iobuf_block.c - blocks of 8 KiB, counted references, and the cache of eight
 * that each thread keeps: create_block, share_tls_block, acquire_tls_block and
 * release_tls_block_chain of brpc's src/butil/iobuf.cpp, in the same order of
 * calls to malloc and free.
 */
#include "iobuf.h"

#define CACHE_BLOCKS 8u

static struct iobuf_block *new_block(struct kit_worker *w)
{
	struct iobuf_block *b = kit_malloc(w, IOBUF_BLOCK_BYTES);
	atomic_init(&b->references, 1);
	b->used = 0;
	b->listed = 0;
	b->maker = w->index;
	b->next = NULL;
	b->cookie = iobuf_cookie(b);
	iobuf_own(w)->blocks++;
	return b;
}

void iobuf_block_drop(struct kit_worker *w, struct iobuf_block *b)
{
	if (atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
		return;
	struct iobuf_own *own = iobuf_own(w);
	iobuf_check(b, b->cookie, "block");
	*(b->maker == w->index ? &own->near_frees : &own->far_frees) += 1;
	b->cookie = 0;
	kit_free(w, b, IOBUF_BLOCK_BYTES);
}

/* Full blocks at the head are of no use to this thread any more. */
static void shed_full(struct kit_worker *w, struct iobuf_cache *cache)
{
	while (cache->head && iobuf_room(cache->head) == 0) {
		struct iobuf_block *b = cache->head;
		cache->head = b->next;
		cache->count--;
		b->next = NULL;
		iobuf_block_drop(w, b);
	}
}

struct iobuf_block *iobuf_cache_share(struct kit_worker *w)
{
	struct iobuf_cache *cache = &iobuf_own(w)->cache;
	shed_full(w, cache);
	if (!cache->head) {
		cache->head = new_block(w);
		cache->count = 1;
	}
	return cache->head;
}

struct iobuf_block *iobuf_cache_take(struct kit_worker *w)
{
	struct iobuf_cache *cache = &iobuf_own(w)->cache;
	shed_full(w, cache);
	struct iobuf_block *b = cache->head;
	if (!b)
		return new_block(w);
	cache->head = b->next;
	cache->count--;
	b->next = NULL;
	return b;
}

/*
 * The limit is looked at only before a chain is added, as brpc does it: a
 * thread with seven blocks takes a chain of sixty whole, and then holds 67.
 */
void iobuf_cache_give(struct kit_worker *w, struct iobuf_block *chain)
{
	struct iobuf_own *own = iobuf_own(w);
	if (own->cache.count >= CACHE_BLOCKS) {
		while (chain) {
			struct iobuf_block *next = chain->next;
			chain->next = NULL;
			iobuf_block_drop(w, chain);
			own->limit_hits++;
			chain = next;
		}
		return;
	}
	struct iobuf_block *last = chain;
	for (own->cache.count++; last->next; last = last->next)
		own->cache.count++;
	last->next = own->cache.head;
	own->cache.head = chain;
}
