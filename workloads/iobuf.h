/*
 * iobuf.h - the parts of the storage server's workload: blocks and chains
 * (iobuf_block.c), the pool (iobuf_pool.c), queues (iobuf_queue.c), reading
 * (iobuf_read.c) and the threads that do it all (iobuf.c).
 */
#ifndef ALLOCLAB_IOBUF_H
#define ALLOCLAB_IOBUF_H

#include <pthread.h>
#include <stdatomic.h>

#include "kit/kit.h"

#define IOBUF_BLOCK 8192u
#define IOBUF_HEADER 32u
#define IOBUF_PAYLOAD (IOBUF_BLOCK - IOBUF_HEADER) /* 8160 */
#define IOBUF_CACHE 8u          /* blocks that a thread caches; soft */
#define IOBUF_READ_BLOCKS 64u   /* most blocks taken before a read */
#define IOBUF_INLINE 2u         /* references that need no array */
#define IOBUF_FIRST_ARRAY 32u   /* references of the first array: 512 bytes */

/* 32 bytes, at the front of its own malloc(8192). */
struct iobuf_block {
	_Atomic int32_t shared; /* references */
	uint32_t origin;        /* thread that allocated it */
	uint32_t size;          /* payload bytes in use */
	uint32_t slot;          /* of origin's registry */
	struct iobuf_block *next; /* in a cache or portal */
	struct iobuf_block *self; /* checked before it is freed */
};

struct iobuf_reference {
	uint32_t offset, length;
	struct iobuf_block *block;
};

/* One request in the log: its own malloc, as a replicated log's entry is. */
struct iobuf_entry {
	struct iobuf_reference two[IOBUF_INLINE];
	struct iobuf_reference *array; /* NULL while two are enough */
	uint32_t count, capacity;
	uint32_t length; /* bytes of the request */
	uint32_t task;   /* pool object that goes with it */
	uint64_t number;
	struct iobuf_entry *self;
	char rest[128 - 2 * 16 - 8 - 16 - 8 - 8];
};

/*
 * Which memory a thread holds, for the block list: slots of the lab's memory.
 * A slot is taken by its owner and given back by whichever thread frees.
 */
struct iobuf_registry {
	struct iobuf_block *_Atomic *slots;
	uint32_t count, next;
};

/* What one thread has. */
struct iobuf_thread {
	struct iobuf_registry registry;
	struct iobuf_block *cache; /* blocks with room left */
	uint32_t cached;
	struct iobuf_block *small; /* the block that small appends share */
	uint64_t created, references, far_frees, frees, limit_hits, wal_bytes, pinned_by_small;
	uint32_t *tasks; /* free pool objects of this thread */
	uint32_t task_count;
	uint64_t average; /* bytes of a request, lately */
	struct iobuf_entry **kept;
	uint64_t kept_count, number, trickled;
};

/* iobuf_block.c */
struct iobuf_block *iobuf_acquire(struct kit_worker *w);
void iobuf_release(struct kit_worker *w, struct iobuf_block *block);
/* Gives a chain of unfilled blocks back to the thread's cache, or frees it. */
void iobuf_recycle(struct kit_worker *w, struct iobuf_block *chain);
void iobuf_append(struct kit_worker *w, struct iobuf_entry *entry, struct iobuf_block *block, uint32_t length);
void iobuf_clear(struct kit_worker *w, struct iobuf_entry *entry);
void iobuf_append_small(struct kit_worker *w, struct iobuf_entry *entry, uint32_t length);

/* iobuf_pool.c */
#define IOBUF_TASKS 256u /* objects of a chunk, and of a thread's free list */
struct iobuf_pool {
	pthread_mutex_t lock;
	uint32_t object, per_chunk; /* bytes of an object, objects of a chunk */
	char **chunks;              /* in the lab's memory; the chunks are malloc'ed */
	uint32_t chunk_count, chunk_room;
	uint32_t *free; /* the global list of free objects */
	uint32_t free_count;
};
size_t iobuf_pool_memory(uint64_t objects, uint32_t object);
void iobuf_pool_open(struct kit *kit, struct iobuf_pool *pool, uint64_t objects, uint32_t object);
uint32_t iobuf_pool_get(struct kit_worker *w, struct iobuf_pool *pool);
void iobuf_pool_put(struct kit_worker *w, struct iobuf_pool *pool, uint32_t task);
size_t iobuf_pool_chunk_bytes(const struct iobuf_pool *pool);

/* iobuf_queue.c: a bounded queue of entries in the lab's memory; waiting counts as waiting. */
struct iobuf_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct iobuf_entry **entries;
	uint64_t room, head, tail;
	bool closed;
};
void iobuf_queue_open(struct kit *kit, struct iobuf_queue *queue, uint64_t room);
void iobuf_queue_push(struct iobuf_queue *queue, struct iobuf_entry *entry);
/* NULL once the queue is closed and empty. */
struct iobuf_entry *iobuf_queue_pop(struct kit_worker *w, struct iobuf_queue *queue);
void iobuf_queue_close(struct iobuf_queue *queue);

/* What all threads share. */
struct iobuf_server {
	unsigned readers, loggers, appliers;
	uint64_t quota; /* bytes that each reader reads in a burst */
	uint32_t smallest, largest, small;
	int64_t keep, bursts;
	bool wal;
	double trickle;
	uint64_t idle_ns, backlog_peak;
	_Atomic uint32_t reading; /* readers that have not finished the burst */
	struct iobuf_queue to_log, backlog;
	struct iobuf_pool pool; /* per_chunk is 0 where there is none */
	pthread_barrier_t barrier;
};

/* iobuf_read.c: one reader's part of a burst. */
void iobuf_read_burst(struct kit_worker *w);

#endif
