/* iobuf_queue.c - how entries pass from thread to thread. Queues are the lab's memory, not the server's. */
#include "iobuf.h"

void iobuf_queue_open(struct kit *kit, struct iobuf_queue *q, uint64_t room)
{
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	q->room = room;
	q->entries = kit_memory(kit, room * sizeof *q->entries);
}

void iobuf_queue_push(struct iobuf_queue *q, struct iobuf_entry *entry)
{
	pthread_mutex_lock(&q->lock);
	if (q->tail - q->head == q->room)
		kit_fail(KIT_INTERNAL, "a queue holds more than %llu entries", (unsigned long long)q->room);
	q->entries[q->tail++ % q->room] = entry;
	pthread_cond_signal(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

struct iobuf_entry *iobuf_queue_pop(struct kit_worker *w, struct iobuf_queue *q)
{
	struct iobuf_entry *entry = NULL;
	pthread_mutex_lock(&q->lock);
	if (q->head == q->tail && !q->closed) {
		uint64_t start = kit_now();
		while (q->head == q->tail && !q->closed)
			pthread_cond_wait(&q->filled, &q->lock);
		w->count.wait_ns += kit_now() - start;
	}
	if (q->head != q->tail)
		entry = q->entries[q->head++ % q->room];
	pthread_mutex_unlock(&q->lock);
	return entry;
}

void iobuf_queue_close(struct iobuf_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}
