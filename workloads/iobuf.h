/*
 * iobuf.h - what the files of the workload iobuf share; iobuf.c says what it
 * is. The shapes are those of brpc (src/butil/iobuf*, src/butil/resource_pool*)
 * and of Curve's chunkserver on top of it.
 */
#ifndef ALLOCLAB_IOBUF_H
#define ALLOCLAB_IOBUF_H

#include <pthread.h>

#include "iobuf_block.h"

/* ---- plan (iobuf_plan.c): every number that is drawn, drawn before baseline ---- */

#define IOBUF_SECTOR 4096u          /* requests are multiples of it: Curve's block_size */
#define IOBUF_REQUEST_MAX (1u << 20)
#define IOBUF_EVENTS 4096u          /* draws of what a socket has ready; used in a circle */

struct iobuf_request {
	uint32_t bytes;
	uint16_t log, apply; /* which thread of each role serves it */
	bool held;           /* its raft group lags: the entry stays in memory until the drain */
	bool keep, pin;      /* it leaves metadata, or a small reference, behind */
};

struct iobuf_event {
	uint8_t connection, messages;
	bool cut; /* the last message has come only in part */
};

/* What the parameters say. */
struct iobuf_shape {
	unsigned readers, loggers, appliers;
	uint64_t requests, held, kept, pinned; /* of one burst, over all threads */
	uint32_t request_min, request_max;
};

struct iobuf_shape iobuf_shape(const struct kit *kit);
void iobuf_deal(struct iobuf_request *requests, const struct iobuf_shape *shape, struct rng *rng);
void iobuf_draw_events(struct iobuf_event *events, struct rng *rng);

/* ---- calls and their pool (iobuf_pool.c) ---- */

#define IOBUF_SMALL 64u     /* one small append: 4 bytes of length, 60 of serialized header */
#define IOBUF_METADATA 128u /* what a request may leave behind */

/* One request under way: what brpc keeps in pools of its own (bthread, id, socket, write request). */
struct iobuf_call {
	uint64_t cookie, number;
	struct iobuf_request request;
	struct iobuf attachment; /* the request's data, shared with the log entry */
	void *metadata;
	char rest[256 - 2 * 8 - sizeof(struct iobuf_request) - sizeof(struct iobuf) - sizeof(void *) - 4];
};
_Static_assert(sizeof(struct iobuf_call) == 256, "256 calls fill a chunk of 64 KiB");

#define IOBUF_POOL_ITEMS 256u  /* of a chunk: min(65536 / sizeof, 256) */
#define IOBUF_POOL_LIST 256u   /* free objects that a thread keeps before it gives them to all */
#define IOBUF_POOL_CHUNKS (1u << 16)

struct iobuf_pool_chunk {
	struct iobuf_call items[IOBUF_POOL_ITEMS];
	uint64_t used;
	char to_cache_line[56];
};

/* A full free list, on its way from the thread that frees to one that asks. */
struct iobuf_pool_spill {
	struct iobuf_pool_spill *next;
	uint64_t count;
	struct iobuf_call *calls[IOBUF_POOL_LIST];
};

struct iobuf_pool_local {
	struct iobuf_pool_chunk *chunk;
	uint64_t count;
	struct iobuf_call *calls[IOBUF_POOL_LIST];
};

struct iobuf_pool {
	pthread_mutex_t lock;
	bool on;
	struct iobuf_pool_chunk **chunks; /* the directory: 512 KiB, filled when the pool is first used */
	uint64_t count;
	struct iobuf_pool_spill *spills;
};

struct iobuf_call *iobuf_call_new(struct kit_worker *worker);
void iobuf_call_free(struct kit_worker *worker, struct iobuf_call *call);
uint64_t iobuf_pool_list(const struct kit *kit, struct kit_list *list); /* list NULL: only the bytes */

/* ---- from thread to thread (iobuf_queue.c) ---- */

#define IOBUF_QUEUE 64u

struct iobuf_entry;

struct iobuf_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	uint64_t pushed, taken;
	struct iobuf_entry *ring[IOBUF_QUEUE];
} __attribute__((aligned(128)));

void iobuf_queue_push(struct kit_worker *worker, struct iobuf_queue *queue, struct iobuf_entry *const *entries, unsigned count);
unsigned iobuf_queue_take(struct kit_worker *worker, struct iobuf_queue *queue, struct iobuf_entry **entries, unsigned most);
void iobuf_meet(struct kit_worker *worker, pthread_barrier_t *barrier);

/* ---- a request's way (iobuf_read.c, iobuf_request.c) ---- */

/* What is written ahead and applied; held in memory until both are done. */
struct iobuf_entry {
	uint64_t cookie;
	struct iobuf_call *call;
	struct iobuf data;
};

#define IOBUF_HEAD 128u /* of a message: 12 bytes and the serialized meta data */
#define IOBUF_CONNECTIONS 4u

struct iobuf_connection {
	struct iobuf buffer;       /* read and not yet cut into messages */
	struct iobuf_block *ready; /* taken for the next read; the first may be partly full */
	uint32_t average;          /* message size, over the last ten or so */
	/* The peer's side: the message on its way. */
	uint32_t sent, until, size; /* sent of size bytes; as much as until is there to be read */
	uint64_t head[IOBUF_HEAD / 8];
};

void iobuf_read_burst(struct kit_worker *worker);
void iobuf_read_one(struct kit_worker *worker, uint64_t number, const struct iobuf_request *request);
void iobuf_propose(struct kit_worker *worker, uint64_t number, const struct iobuf_request *request, const struct iobuf *data);
void iobuf_flush(struct kit_worker *worker); /* hands what was proposed to the log threads */
void iobuf_log(struct kit_worker *worker, uint64_t count);
void iobuf_receive(struct kit_worker *worker, uint64_t count);
void iobuf_drain_held(struct kit_worker *worker);

/* ---- state, all of it in the lab's memory ---- */

enum iobuf_role { IOBUF_READER, IOBUF_LOGGER, IOBUF_APPLIER };

/* A thread's own. */
struct iobuf_own {
	enum iobuf_role role;
	unsigned number; /* within its role */
	uint64_t share;  /* requests of a burst that it serves */
	bool timed;      /* waiting counts as part of timed work */
	struct iobuf_cache cache;
	struct iobuf_pool_local *pool; /* malloc'ed, as in brpc */

	/* reader */
	struct iobuf_connection *connections;
	struct iobuf_entry *proposed[IOBUF_QUEUE]; /* on their way to the log threads */
	unsigned proposed_count;
	uint64_t next, event;

	/* applier */
	struct iobuf_queue *queue; /* logger too */
	struct iobuf_entry **held;
	void **kept;
	struct iobuf_ref *pins;
	uint64_t held_room, kept_room, pin_room; /* what a burst brings it */
	uint64_t held_count, kept_count, pin_count, held_bytes, held_peak;

	/* counts */
	uint64_t blocks, references, applied, applied_held, near_frees, far_frees, limit_hits, arrays, small_bytes, log_bytes, requests, request_bytes, trickled;
} __attribute__((aligned(128)));

struct iobuf_world {
	struct iobuf_shape shape;
	uint64_t bursts, idle_ns, trickled; /* requests of the idle window */
	double trickle;
	unsigned small_appends;
	struct iobuf_request *requests;
	struct iobuf_event *events;
	uint64_t *source, *sums; /* every request's data, and the sum of its words up to each sector */
	struct iobuf_queue *log_queues, *apply_queues;
	pthread_barrier_t full, drained;
	struct iobuf_pool pool;
	uint32_t listing;
};

size_t iobuf_memory(const struct kit *kit); /* iobuf_setup.c */
void iobuf_setup(struct kit *kit);

/* iobuf_list.c */
void iobuf_list(const struct kit *kit, struct kit_list *list);
void iobuf_figures(const struct kit *kit);

static inline struct iobuf_world *iobuf_world(const struct kit *kit)
{
	return kit_shared(kit);
}

static inline struct iobuf_own *iobuf_own(const struct kit_worker *worker)
{
	return worker->state;
}

/* What a block, call or entry carries, so that a heap that hands out memory twice is found. */
static inline uint64_t iobuf_cookie(const void *at)
{
	return (uint64_t)(uintptr_t)at ^ 0xc0de5afe10bfb10cull;
}

static inline void iobuf_check(const void *at, uint64_t cookie, const char *what)
{
	if (__builtin_expect(cookie != iobuf_cookie(at), 0))
		kit_fail(KIT_CORRUPTION, "%s %p holds %#llx where %#llx was written", what, at, (unsigned long long)cookie, (unsigned long long)iobuf_cookie(at));
}

#endif
