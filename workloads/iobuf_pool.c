/*
 * iobuf_pool.c - a pool that never gives back: objects in chunks of 64 KiB,
 * free ones on a list of each thread, full lists handed over through a global
 * one (brpc's src/butil/resource_pool_inl.h). Calls are taken by the thread that reads and
 * returned by the one that applies, so full lists travel all the time.
 *
 * The first use of a pool also allocates and fills a directory of 65,536
 * pointers: 512 KiB for one object.
 */
#include "iobuf.h"

/* Called with the lock held, but may allocate: so does brpc. */
static struct iobuf_pool_chunk *new_chunk(struct kit_worker *w, struct iobuf_pool *pool)
{
	if (!pool->chunks) {
		pool->chunks = kit_malloc(w, IOBUF_POOL_CHUNKS * sizeof *pool->chunks);
		memset(pool->chunks, 0, IOBUF_POOL_CHUNKS * sizeof *pool->chunks);
	}
	if (pool->count == IOBUF_POOL_CHUNKS)
		kit_fail(KIT_USAGE, "more than %u calls at once: raise request_min or lower backlog", IOBUF_POOL_CHUNKS * IOBUF_POOL_ITEMS);
	struct iobuf_pool_chunk *chunk = kit_malloc(w, sizeof *chunk);
	chunk->used = 0;
	pool->chunks[pool->count++] = chunk;
	return chunk;
}

static struct iobuf_pool_spill *pop_spill(struct iobuf_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct iobuf_pool_spill *spill = pool->spills;
	if (spill)
		pool->spills = spill->next;
	pthread_mutex_unlock(&pool->lock);
	return spill;
}

static struct iobuf_call *from_pool(struct kit_worker *w, struct iobuf_pool *pool)
{
	struct iobuf_pool_local *local = iobuf_own(w)->pool;
	if (!local) {
		local = iobuf_own(w)->pool = kit_malloc(w, sizeof *local);
		local->chunk = NULL;
		local->count = 0;
	}
	if (local->count > 0)
		return local->calls[--local->count];
	struct iobuf_pool_spill *spill = pop_spill(pool);
	if (spill) {
		memcpy(local->calls, spill->calls, spill->count * sizeof *spill->calls);
		local->count = spill->count;
		kit_free(w, spill, sizeof *spill);
		return local->calls[--local->count];
	}
	if (!local->chunk || local->chunk->used == IOBUF_POOL_ITEMS) {
		pthread_mutex_lock(&pool->lock);
		local->chunk = new_chunk(w, pool);
		pthread_mutex_unlock(&pool->lock);
	}
	return &local->chunk->items[local->chunk->used++];
}

static void to_pool(struct kit_worker *w, struct iobuf_pool *pool, struct iobuf_call *call)
{
	struct iobuf_pool_local *local = iobuf_own(w)->pool;
	if (!local) {
		local = iobuf_own(w)->pool = kit_malloc(w, sizeof *local);
		local->chunk = NULL;
		local->count = 0;
	}
	if (local->count == IOBUF_POOL_LIST) {
		struct iobuf_pool_spill *spill = kit_malloc(w, sizeof *spill);
		spill->count = local->count;
		memcpy(spill->calls, local->calls, sizeof spill->calls);
		pthread_mutex_lock(&pool->lock);
		spill->next = pool->spills;
		pool->spills = spill;
		pthread_mutex_unlock(&pool->lock);
		local->count = 0;
	}
	local->calls[local->count++] = call;
}

struct iobuf_call *iobuf_call_new(struct kit_worker *w)
{
	struct iobuf_pool *pool = &iobuf_world(w->kit)->pool;
	struct iobuf_call *call = pool->on ? from_pool(w, pool) : kit_malloc(w, sizeof *call);
	memset(call, 0, sizeof *call);
	call->cookie = iobuf_cookie(call);
	return call;
}

void iobuf_call_free(struct kit_worker *w, struct iobuf_call *call)
{
	struct iobuf_pool *pool = &iobuf_world(w->kit)->pool;
	iobuf_check(call, call->cookie, "call");
	call->cookie = 0;
	if (pool->on)
		to_pool(w, pool, call);
	else
		kit_free(w, call, sizeof *call);
}

static uint64_t report(struct kit_list *list, const void *block, uint64_t bytes)
{
	if (block && list)
		kit_block(list, block, bytes);
	return block ? bytes : 0;
}

uint64_t iobuf_pool_list(const struct kit *kit, struct kit_list *list)
{
	const struct iobuf_pool *pool = &iobuf_world(kit)->pool;
	uint64_t bytes = report(list, pool->chunks, IOBUF_POOL_CHUNKS * sizeof *pool->chunks);
	for (uint64_t i = 0; i < pool->count; i++)
		bytes += report(list, pool->chunks[i], sizeof *pool->chunks[i]);
	for (const struct iobuf_pool_spill *s = pool->spills; s; s = s->next)
		bytes += report(list, s, sizeof *s);
	for (unsigned t = 1; t <= kit_threads(kit); t++)
		bytes += report(list, iobuf_own(kit_worker(kit, t))->pool, sizeof(struct iobuf_pool_local));
	return bytes;
}
