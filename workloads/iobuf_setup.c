/* iobuf_setup.c - lays the server out in the lab's memory, before baseline: no malloc here. */
#include "iobuf.h"

size_t iobuf_memory(const struct kit *kit)
{
	struct iobuf_shape s = iobuf_shape(kit);
	size_t bytes = sizeof(struct iobuf_world) + s.requests * sizeof(struct iobuf_request) + IOBUF_EVENTS * sizeof(struct iobuf_event);
	bytes += s.request_max + (s.request_max / IOBUF_SECTOR + 1) * sizeof(uint64_t);
	bytes += (s.loggers + s.appliers) * sizeof(struct iobuf_queue) + s.readers * IOBUF_CONNECTIONS * sizeof(struct iobuf_connection);
	bytes += (s.held + s.kept) * sizeof(void *) + s.pinned * sizeof(struct iobuf_ref);
	return bytes + kit_threads(kit) * (sizeof(struct iobuf_own) + 5 * 128) + 16 * 128;
}

static void open_queues(struct kit *kit, struct iobuf_queue **queues, unsigned count)
{
	*queues = kit_memory(kit, count * sizeof **queues);
	for (unsigned i = 0; i < count; i++) {
		pthread_mutex_init(&(*queues)[i].lock, NULL);
		pthread_cond_init(&(*queues)[i].filled, NULL);
		pthread_cond_init(&(*queues)[i].emptied, NULL);
	}
}

/* Threads 1 … are readers, then loggers, then appliers. */
static void name_threads(struct kit *kit, struct iobuf_world *world)
{
	const struct iobuf_shape *s = &world->shape;
	for (unsigned i = 0; i < kit_threads(kit); i++) {
		struct iobuf_own *own = kit_memory(kit, sizeof *own);
		own->role = i < s->readers ? IOBUF_READER : i < s->readers + s->loggers ? IOBUF_LOGGER : IOBUF_APPLIER;
		own->number = i - (own->role == IOBUF_READER ? 0 : own->role == IOBUF_LOGGER ? s->readers : s->readers + s->loggers);
		kit_worker(kit, i + 1)->state = own;
	}
}

/* How much of a burst falls to each thread. */
static void count_shares(struct kit *kit, struct iobuf_world *world)
{
	const struct iobuf_shape *s = &world->shape;
	for (uint64_t i = 0; i < s->requests; i++) {
		const struct iobuf_request *r = &world->requests[i];
		struct iobuf_own *applier = iobuf_own(kit_worker(kit, 1 + s->readers + s->loggers + r->apply));
		iobuf_own(kit_worker(kit, 1 + (unsigned)(i % s->readers)))->share++;
		iobuf_own(kit_worker(kit, 1 + s->readers + r->log))->share++;
		applier->share++;
		applier->held_room += r->held;
		applier->kept_room += r->keep;
		applier->pin_room += r->pin;
	}
}

static void open_thread(struct kit *kit, struct iobuf_world *world, struct iobuf_own *own)
{
	if (own->role == IOBUF_READER) {
		own->connections = kit_memory(kit, IOBUF_CONNECTIONS * sizeof *own->connections);
		for (unsigned c = 0; c < IOBUF_CONNECTIONS; c++)
			own->connections[c].average = IOBUF_HEAD + (world->shape.request_min + world->shape.request_max) / 2;
	}
	if (own->role == IOBUF_LOGGER)
		own->queue = &world->log_queues[own->number];
	if (own->role == IOBUF_APPLIER) {
		own->queue = &world->apply_queues[own->number];
		own->held = kit_memory(kit, own->held_room * sizeof *own->held);
		own->kept = kit_memory(kit, own->kept_room * sizeof *own->kept);
		own->pins = kit_memory(kit, own->pin_room * sizeof *own->pins);
	}
}

void iobuf_setup(struct kit *kit)
{
	struct iobuf_world *world = kit_memory(kit, sizeof *world);
	struct rng *rng = &kit_worker(kit, 0)->rng;
	const struct iobuf_shape *s = &world->shape;
	world->shape = iobuf_shape(kit);
	world->bursts = (uint64_t)kit_count(kit, "bursts");
	world->idle_ns = (uint64_t)(kit_number(kit, "idle") * 1e9);
	world->trickle = kit_number(kit, "trickle");
	world->trickled = (uint64_t)(world->trickle * kit_number(kit, "idle"));
	world->small_appends = (unsigned)kit_count(kit, "small_appends");
	world->pool.on = kit_count(kit, "pool");
	pthread_mutex_init(&world->pool.lock, NULL);
	pthread_barrier_init(&world->full, NULL, kit_threads(kit));
	pthread_barrier_init(&world->drained, NULL, kit_threads(kit));
	world->requests = kit_memory(kit, s->requests * sizeof *world->requests);
	iobuf_deal(world->requests, s, rng);
	world->events = kit_memory(kit, IOBUF_EVENTS * sizeof *world->events);
	iobuf_draw_events(world->events, rng);
	world->source = kit_memory(kit, s->request_max);
	world->sums = kit_memory(kit, (s->request_max / IOBUF_SECTOR + 1) * sizeof *world->sums);
	for (uint32_t i = 0, words = IOBUF_SECTOR / 8; i < s->request_max / 8; i++) {
		world->source[i] = rng_next(rng);
		world->sums[i / words + 1] += world->source[i] + (i % words ? 0 : world->sums[i / words]);
	}
	open_queues(kit, &world->log_queues, s->loggers);
	open_queues(kit, &world->apply_queues, s->appliers);
	name_threads(kit, world);
	count_shares(kit, world);
	for (unsigned i = 1; i <= kit_threads(kit); i++)
		open_thread(kit, world, iobuf_own(kit_worker(kit, i)));
	kit_share(kit, world);
}
