/*
 * iobuf_pool.c - objects by number from chunks that are never given back,
 * after brpc's ResourcePool (src/butil/resource_pool_inl.h describes the
 * rules): a chunk of 64 KiB or 256 objects, a thread's own free list, and a
 * global one that takes a thread's list when it is full. Objects come back on
 * another thread than the one that took them. What a burst took stays.
 */
#include "iobuf.h"

#define CHUNK_BYTES 65536u

static uint32_t objects_per_chunk(uint32_t object)
{
	uint32_t n = CHUNK_BYTES / object;
	return n < 1 ? 1 : n < IOBUF_TASKS ? n : IOBUF_TASKS;
}

static uint64_t chunks_for(uint64_t objects, uint32_t object)
{
	return objects / objects_per_chunk(object) + 2 * IOBUF_TASKS; /* and what waits in the lists of threads */
}

size_t iobuf_pool_memory(uint64_t objects, uint32_t object)
{
	uint64_t chunks = chunks_for(objects, object);
	return chunks * sizeof(char *) + chunks * objects_per_chunk(object) * sizeof(uint32_t) + 256;
}

void iobuf_pool_open(struct kit *kit, struct iobuf_pool *p, uint64_t objects, uint32_t object)
{
	pthread_mutex_init(&p->lock, NULL);
	p->object = object;
	p->per_chunk = objects_per_chunk(object);
	p->chunk_room = (uint32_t)chunks_for(objects, object);
	p->chunks = kit_memory(kit, p->chunk_room * sizeof *p->chunks);
	p->free = kit_memory(kit, (size_t)p->chunk_room * p->per_chunk * sizeof *p->free);
}

size_t iobuf_pool_chunk_bytes(const struct iobuf_pool *p)
{
	return (size_t)p->per_chunk * p->object;
}

/* Under the lock: up to a list full of free objects for a thread whose list is empty. */
static void refill(struct kit_worker *w, struct iobuf_pool *p, struct iobuf_thread *t)
{
	while (p->free_count && t->task_count < IOBUF_TASKS / 2)
		t->tasks[t->task_count++] = p->free[--p->free_count];
	if (t->task_count)
		return;
	if (p->chunk_count == p->chunk_room)
		kit_fail(KIT_INTERNAL, "the pool has more than %u chunks", p->chunk_room);
	uint32_t first = p->chunk_count * p->per_chunk;
	p->chunks[p->chunk_count++] = kit_malloc(w, iobuf_pool_chunk_bytes(p));
	for (uint32_t i = p->per_chunk; i > 0; i--)
		t->tasks[t->task_count++] = first + i - 1;
}

uint32_t iobuf_pool_get(struct kit_worker *w, struct iobuf_pool *p)
{
	struct iobuf_thread *t = w->state;
	if (t->task_count == 0) {
		pthread_mutex_lock(&p->lock);
		refill(w, p, t);
		pthread_mutex_unlock(&p->lock);
	}
	uint32_t task = t->tasks[--t->task_count];
	memset(p->chunks[task / p->per_chunk] + (size_t)(task % p->per_chunk) * p->object, 0x77, p->object); /* constructed */
	return task;
}

void iobuf_pool_put(struct kit_worker *w, struct iobuf_pool *p, uint32_t task)
{
	struct iobuf_thread *t = w->state;
	if (t->task_count == IOBUF_TASKS) {
		pthread_mutex_lock(&p->lock);
		memcpy(p->free + p->free_count, t->tasks, IOBUF_TASKS * sizeof *t->tasks);
		p->free_count += IOBUF_TASKS;
		pthread_mutex_unlock(&p->lock);
		t->task_count = 0;
	}
	t->tasks[t->task_count++] = task;
}
