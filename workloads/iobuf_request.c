/*
 * iobuf_request.c - what becomes of a request, after Curve's chunkserver
 * (src/chunkserver/op_request.cpp, raftlog/curve_segment.cpp) and braft: the read thread makes a log
 * entry that shares the request's blocks, a log thread writes it ahead, an
 * apply thread answers, and drops what are the last references.
 */
#include "iobuf.h"

#define LOG_HEADER 28u
#define BATCH 32u /* raft_apply_batch */

/* Hands entries to the threads of the next role, each thread its own at once. */
static void hand_over(struct kit_worker *w, struct iobuf_queue *queues, bool to_log, struct iobuf_entry **entries, unsigned count)
{
	struct iobuf_entry *same[IOBUF_QUEUE];
	while (count > 0) {
		unsigned n = 0, left = 0, to = to_log ? entries[0]->call->request.log : entries[0]->call->request.apply;
		for (unsigned i = 0; i < count; i++) {
			const struct iobuf_request *r = &entries[i]->call->request;
			if ((to_log ? r->log : r->apply) == to)
				same[n++] = entries[i];
			else
				entries[left++] = entries[i];
		}
		iobuf_queue_push(w, &queues[to], same, n);
		count = left;
	}
}

/* ---- read threads ---- */

static void *new_metadata(struct kit_worker *w)
{
	uint64_t *m = kit_malloc(w, IOBUF_METADATA);
	memset(m, 0x6d, IOBUF_METADATA);
	*m = iobuf_cookie(m);
	return m;
}

static void free_metadata(struct kit_worker *w, void *metadata)
{
	iobuf_check(metadata, *(uint64_t *)metadata, "metadata");
	kit_free(w, metadata, IOBUF_METADATA);
}

void iobuf_propose(struct kit_worker *w, uint64_t number, const struct iobuf_request *request, const struct iobuf *data)
{
	static const char header[IOBUF_SMALL] = "length and serialized request";
	struct iobuf_world *world = iobuf_world(w->kit);
	struct iobuf_own *own = iobuf_own(w);
	struct iobuf_call *call = iobuf_call_new(w);
	call->number = number;
	call->request = *request;
	call->attachment = *data;
	if (request->keep)
		call->metadata = new_metadata(w);
	struct iobuf_entry *entry = kit_malloc(w, sizeof *entry);
	*entry = (struct iobuf_entry){ .cookie = iobuf_cookie(entry), .call = call };
	for (unsigned i = 0; i < world->small_appends; i++)
		iobuf_append(w, &entry->data, header, sizeof header);
	own->small_bytes += world->small_appends * sizeof header;
	iobuf_append_all(w, &entry->data, &call->attachment);
	own->requests++;
	own->request_bytes += request->bytes;
	own->proposed[own->proposed_count++] = entry;
	if (own->proposed_count == IOBUF_QUEUE)
		iobuf_flush(w);
}

void iobuf_flush(struct kit_worker *w)
{
	struct iobuf_own *own = iobuf_own(w);
	hand_over(w, iobuf_world(w->kit)->log_queues, true, own->proposed, own->proposed_count);
	own->proposed_count = 0;
}

/* ---- log threads ---- */

/* Direct I/O wants whole, aligned sectors: the entry is copied into a buffer that lives for one write. */
static void write_ahead(struct kit_worker *w, const struct iobuf_entry *entry)
{
	size_t used = LOG_HEADER + entry->data.length, bytes = (used + IOBUF_SECTOR - 1) / IOBUF_SECTOR * IOBUF_SECTOR;
	char *buffer = kit_aligned(w, IOBUF_SECTOR, bytes);
	memset(buffer, 0, LOG_HEADER);
	iobuf_copy(&entry->data, buffer + LOG_HEADER, entry->data.length);
	memset(buffer + used, 0, bytes - used);
	__asm__ volatile("" : : "r"(buffer) : "memory"); /* pwrite would be here */
	kit_free(w, buffer, bytes);
	iobuf_own(w)->log_bytes += bytes;
}

void iobuf_log(struct kit_worker *w, uint64_t count)
{
	struct iobuf_entry *batch[BATCH];
	while (count > 0) {
		unsigned n = iobuf_queue_take(w, iobuf_own(w)->queue, batch, count < BATCH ? (unsigned)count : BATCH);
		for (unsigned i = 0; i < n; i++)
			write_ahead(w, batch[i]);
		hand_over(w, iobuf_world(w->kit)->apply_queues, false, batch, n);
		kit_publish(w);
		count -= n;
	}
}

/* ---- apply threads ---- */

/* Reads all of the data, as writing it to the chunk file does, and finds any word that is not as it was received. */
static void check_data(const struct iobuf_world *world, const struct iobuf_call *call)
{
	uint64_t sum = 0, want = world->sums[call->request.bytes / IOBUF_SECTOR] - world->source[0] + call->number;
	for (uint32_t i = 0; i < call->attachment.count; i++) {
		const struct iobuf_ref *r = iobuf_at(&call->attachment, i);
		const uint64_t *words = (const uint64_t *)(const void *)(r->block->payload + r->offset);
		for (uint32_t j = 0; j < r->length / 8; j++)
			sum += words[j];
	}
	if (sum != want)
		kit_fail(KIT_CORRUPTION, "the words of request %llu add up to %#llx, as received to %#llx", (unsigned long long)call->number, (unsigned long long)sum,
			 (unsigned long long)want);
}

static void answer(struct kit_worker *w)
{
	static const char text[IOBUF_SMALL] = "response";
	struct iobuf response = { .array = NULL };
	iobuf_append(w, &response, text, sizeof text);
	iobuf_clear(w, &response); /* written to the socket at once */
}

/* What the last burst left in a place goes when this one takes it. */
static void leave_behind(struct kit_worker *w, struct iobuf_own *own, const struct iobuf_entry *entry)
{
	struct iobuf_call *call = entry->call;
	if (call->request.keep) {
		void **place = &own->kept[own->kept_count++];
		if (*place)
			free_metadata(w, *place);
		*place = call->metadata;
	}
	if (call->request.pin && iobuf_world(w->kit)->small_appends > 0) {
		struct iobuf_ref *place = &own->pins[own->pin_count++];
		if (place->block)
			iobuf_block_drop(w, place->block);
		*place = (struct iobuf_ref){ iobuf_at(&entry->data, 0)->offset, 4, iobuf_at(&entry->data, 0)->block };
		iobuf_block_hold(place->block);
	}
}

static void apply(struct kit_worker *w, struct iobuf_entry *entry)
{
	struct iobuf_own *own = iobuf_own(w);
	struct iobuf_call *call = entry->call;
	iobuf_check(entry, entry->cookie, "entry");
	check_data(iobuf_world(w->kit), call);
	answer(w);
	leave_behind(w, own, entry);
	iobuf_clear(w, &call->attachment);
	iobuf_call_free(w, call);
	iobuf_clear(w, &entry->data);
	entry->cookie = 0;
	kit_free(w, entry, sizeof *entry);
	own->applied++;
	w->count.operations++;
}

void iobuf_receive(struct kit_worker *w, uint64_t count)
{
	struct iobuf_own *own = iobuf_own(w);
	struct iobuf_entry *batch[BATCH];
	while (count > 0) {
		unsigned n = iobuf_queue_take(w, own->queue, batch, count < BATCH ? (unsigned)count : BATCH);
		for (unsigned i = 0; i < n; i++) {
			if (batch[i]->call->request.held) {
				own->held[own->held_count++] = batch[i];
				own->held_bytes += batch[i]->call->request.bytes;
			} else {
				apply(w, batch[i]);
			}
		}
		kit_publish(w);
		count -= n;
	}
	own->held_peak = own->held_bytes > own->held_peak ? own->held_bytes : own->held_peak;
}

void iobuf_drain_held(struct kit_worker *w)
{
	struct iobuf_own *own = iobuf_own(w);
	for (uint64_t i = 0; i < own->held_count; i++) {
		own->applied_held++;
		apply(w, own->held[i]);
		if (i % BATCH == 0)
			kit_publish(w);
	}
	own->held_count = own->held_bytes = own->kept_count = own->pin_count = 0;
}
