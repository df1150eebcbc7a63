/*
 * iobuf_read.c - from the socket to the log. Up to 64 blocks are taken before
 * it is known how much there is to read (16 times the mean message, IOPortal of brpc's
 * src/butil/iobuf.cpp and src/brpc/input_messenger.cpp); messages are cut out of what was
 * read without a copy, so that neighbours share a block; blocks left over wait
 * while a message is incomplete, and else go to the thread's cache as one chain.
 */
#include "iobuf.h"

#define READ_BLOCKS 64u
#define READ_MIN 4096u
#define READ_MAX (512u << 10)

/* What a peer has sent: whole messages, and perhaps the first half of one more. */
struct arrival {
	struct iobuf_connection *from;
	unsigned messages;
	bool cut;
};

static void begin_message(struct iobuf_connection *c, uint64_t number, uint32_t bytes)
{
	c->head[0] = iobuf_cookie(c);
	c->head[1] = number;
	c->head[2] = bytes;
	c->sent = 0;
	c->until = c->size = IOBUF_HEAD + bytes;
}

/* True if there is something to be read. */
static bool more(struct kit_worker *w, struct arrival *a)
{
	struct iobuf_world *world = iobuf_world(w->kit);
	struct iobuf_own *own = iobuf_own(w);
	struct iobuf_connection *c = a->from;
	if (c->sent < c->until)
		return true;
	if (c->sent < c->size || (a->messages == 0 && !a->cut) || own->next == own->share)
		return false;
	uint64_t i = own->number + own->next++ * world->shape.readers;
	begin_message(c, own->event << 40 | i, world->requests[i].bytes);
	if (a->messages > 0) {
		a->messages--;
	} else {
		a->cut = false;
		c->until = c->size / 16 * 8; /* whole words, so that no word lies in two blocks */
	}
	return true;
}

/* The kernel's copy: at most n bytes of the message on its way. */
static uint32_t receive(const struct iobuf_world *world, struct iobuf_connection *c, char *to, uint32_t n)
{
	bool head = c->sent < IOBUF_HEAD;
	uint32_t end = head && c->until > IOBUF_HEAD ? IOBUF_HEAD : c->until;
	n = n < end - c->sent ? n : end - c->sent;
	if (head) {
		memcpy(to, (char *)c->head + c->sent, n);
	} else {
		memcpy(to, (const char *)world->source + (c->sent - IOBUF_HEAD), n);
		if (c->sent == IOBUF_HEAD)
			memcpy(to, &c->head[1], sizeof c->head[1]); /* data begin with the request's number */
	}
	c->sent += n;
	return n;
}

static void prepare(struct kit_worker *w, struct iobuf_connection *c, uint32_t bytes)
{
	struct iobuf_block **at = &c->ready;
	uint32_t room = 0;
	for (unsigned n = 0; n < READ_BLOCKS && room < bytes; n++, at = &(*at)->next) {
		if (!*at)
			*at = iobuf_cache_take(w);
		room += iobuf_room(*at);
	}
}

/* One readv. False if it took all there was. */
static bool read_once(struct kit_worker *w, struct arrival *a)
{
	struct iobuf_world *world = iobuf_world(w->kit);
	struct iobuf_connection *c = a->from;
	uint32_t most = c->average * 16 < READ_MIN ? READ_MIN : c->average * 16 > READ_MAX ? READ_MAX : c->average * 16;
	prepare(w, c, most);
	while (c->ready && most > 0) {
		struct iobuf_block *b = c->ready;
		if (!more(w, a))
			return false;
		uint32_t n = iobuf_room(b) < most ? iobuf_room(b) : most;
		n = receive(world, c, b->payload + b->used, n);
		iobuf_push(w, &c->buffer, (struct iobuf_ref){ b->used, n, b });
		b->used += n;
		most -= n;
		if (iobuf_room(b) == 0) {
			c->ready = b->next;
			b->next = NULL;
			iobuf_block_drop(w, b);
		}
	}
	return true;
}

static void cut_messages(struct kit_worker *w, struct iobuf_connection *c, const struct iobuf_request *only)
{
	struct iobuf_world *world = iobuf_world(w->kit);
	uint64_t head[3];
	while (c->buffer.length >= IOBUF_HEAD) {
		iobuf_copy(&c->buffer, head, sizeof head);
		if (head[0] != iobuf_cookie(c))
			kit_fail(KIT_CORRUPTION, "a message begins with %#llx where %#llx was received", (unsigned long long)head[0], (unsigned long long)iobuf_cookie(c));
		if (c->buffer.length < IOBUF_HEAD + head[2])
			return;
		struct iobuf data = { .array = NULL };
		iobuf_cut(w, &c->buffer, IOBUF_HEAD, NULL);
		iobuf_cut(w, &c->buffer, (uint32_t)head[2], &data);
		c->average = (c->average * 9 + IOBUF_HEAD + (uint32_t)head[2]) / 10;
		iobuf_propose(w, head[1], only ? only : &world->requests[head[1] & 0xffffffffffull], &data);
	}
}

static void serve(struct kit_worker *w, struct arrival a, const struct iobuf_request *only)
{
	struct iobuf_connection *c = a.from;
	if (c->sent < c->size) { /* the rest of a message that was cut */
		c->until = c->size;
		a.messages -= a.messages > 0;
	}
	for (bool again = true; again;) {
		again = read_once(w, &a);
		cut_messages(w, c, only);
	}
	if (c->buffer.length == 0 && c->ready) {
		iobuf_cache_give(w, c->ready);
		c->ready = NULL;
	}
	iobuf_flush(w);
	kit_publish(w);
}

void iobuf_read_burst(struct kit_worker *w)
{
	struct iobuf_world *world = iobuf_world(w->kit);
	struct iobuf_own *own = iobuf_own(w);
	while (own->next < own->share) {
		const struct iobuf_event *e = &world->events[(own->event++ + own->number * 97) % IOBUF_EVENTS];
		serve(w, (struct arrival){ &own->connections[e->connection], e->messages, e->cut }, NULL);
	}
	for (unsigned i = 0; i < IOBUF_CONNECTIONS; i++)
		serve(w, (struct arrival){ .from = &own->connections[i] }, NULL);
	own->next = 0;
}

void iobuf_read_one(struct kit_worker *w, uint64_t number, const struct iobuf_request *request)
{
	struct iobuf_connection *c = &iobuf_own(w)->connections[number % IOBUF_CONNECTIONS];
	begin_message(c, number, request->bytes);
	serve(w, (struct arrival){ .from = c }, request);
}
