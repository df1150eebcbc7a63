/*
 * iobuf_queue.c - how work passes from thread to thread. The queues are the
 * lab's, not the program's: bounded, in the lab's memory, without a malloc of
 * their own. A thread that finds nothing to do sleeps, and that time is
 * counted: it is no lack of processor.
 */
#include "iobuf.h"

static void wait_on(struct kit_worker *w, pthread_cond_t *condition, pthread_mutex_t *lock)
{
	uint64_t start = kit_now();
	kit_publish(w);
	pthread_cond_wait(condition, lock);
	if (iobuf_own(w)->timed)
		w->count.wait_ns += kit_now() - start;
}

void iobuf_queue_push(struct kit_worker *w, struct iobuf_queue *q, struct iobuf_entry *const *entries, unsigned count)
{
	pthread_mutex_lock(&q->lock);
	for (unsigned i = 0; i < count; i++) {
		while (q->pushed - q->taken == IOBUF_QUEUE) {
			pthread_cond_signal(&q->filled);
			wait_on(w, &q->emptied, &q->lock);
		}
		q->ring[q->pushed++ % IOBUF_QUEUE] = entries[i];
	}
	pthread_cond_signal(&q->filled); /* one thread takes from a queue */
	pthread_mutex_unlock(&q->lock);
}

unsigned iobuf_queue_take(struct kit_worker *w, struct iobuf_queue *q, struct iobuf_entry **entries, unsigned most)
{
	unsigned n = 0;
	pthread_mutex_lock(&q->lock);
	while (q->pushed == q->taken)
		wait_on(w, &q->filled, &q->lock);
	while (n < most && q->taken < q->pushed)
		entries[n++] = q->ring[q->taken++ % IOBUF_QUEUE];
	pthread_cond_broadcast(&q->emptied); /* several push */
	pthread_mutex_unlock(&q->lock);
	return n;
}

void iobuf_meet(struct kit_worker *w, pthread_barrier_t *barrier)
{
	uint64_t start = kit_now();
	kit_publish(w);
	pthread_barrier_wait(barrier);
	if (iobuf_own(w)->timed)
		w->count.wait_ns += kit_now() - start;
}
