/*
 * metaserver_file.c - the files of a shard: three blocks each, in a chain, each
 * beginning with its own address and ending with a known byte.
 */
#include "metaserver.h"

#define FILL 0x5a

struct record {
	struct record *self, *next; /* directory entry -> inode -> list of chunks */
	uint32_t bytes;
};

static struct record *record(struct kit_worker *w, size_t bytes, struct record *next)
{
	struct record *r = kit_malloc(w, bytes);
	memset(r, FILL, bytes);
	r->self = r;
	r->next = next;
	r->bytes = (uint32_t)bytes;
	return r;
}

static void check(const struct record *r)
{
	if (r->self != r || ((const uint8_t *)r)[r->bytes - 1] != FILL)
		kit_fail(KIT_CORRUPTION, "record %p of a file does not hold what was written to it", (const void *)r);
}

static size_t between(struct kit_worker *w, size_t low, size_t high)
{
	return low + 8 * (size_t)rng_below(&w->rng, (high - low) / 8 + 1);
}

void metaserver_make(struct kit_worker *w, struct shard *s)
{
	struct record *chunks = record(w, between(w, CHUNKS_MIN, CHUNKS_MAX), NULL);
	struct record *inode = record(w, INODE, chunks);
	struct record *entry = record(w, between(w, DENTRY_MIN, DENTRY_MAX), inode);
	int64_t bytes = (int64_t)chunks->bytes + inode->bytes + entry->bytes;
	s->files[s->count++] = entry;
	s->bytes_made += bytes;
	s->bytes += bytes;
	if (s->bytes > s->bytes_peak)
		s->bytes_peak = s->bytes;
	s->made++;
	w->count.operations++;
}

void metaserver_look_up(struct kit_worker *w, struct shard *s)
{
	for (const struct record *r = s->files[rng_below(&w->rng, s->count)]; r; r = r->next)
		check(r);
	s->looked_up++;
	w->count.operations++;
}

void metaserver_delete(struct kit_worker *w, struct shard *s, uint64_t victim)
{
	for (struct record *r = s->files[victim], *next; r; r = next) {
		check(r);
		next = r->next;
		s->bytes -= r->bytes;
		kit_free(w, r, r->bytes);
	}
	s->files[victim] = s->files[--s->count];
	s->deleted++;
	w->count.operations++;
}

void metaserver_list(const struct kit *kit, struct kit_list *blocks)
{
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		const struct shard *s = kit_worker(kit, i)->state;
		for (uint64_t j = 0; j < s->count; j++)
			for (const struct record *r = s->files[j]; r; r = r->next)
				kit_block(blocks, r, r->bytes);
	}
}

void metaserver_figures(const struct kit *kit)
{
	const struct metaserver *m = kit_shared(kit);
	struct shard sum = { 0 };
	for (unsigned i = 1; i <= kit_threads(kit); i++) {
		const struct shard *s = kit_worker(kit, i)->state;
		sum.count += s->count;
		sum.made += s->made;
		sum.deleted += s->deleted;
		sum.looked_up += s->looked_up;
		sum.bytes += s->bytes;
		sum.bytes_made += s->bytes_made;
		sum.bytes_peak += s->bytes_peak;
		sum.day_ns = s->day_ns > sum.day_ns ? s->day_ns : sum.day_ns;
	}
	kit_figure(kit, "shards", kit_threads(kit));
	kit_figure(kit, "files", (double)sum.count);
	kit_figure(kit, "files_made", (double)sum.made);
	kit_figure(kit, "files_deleted", (double)sum.deleted);
	kit_figure(kit, "lookups", (double)sum.looked_up);
	kit_figure(kit, "metadata_bytes", (double)sum.bytes);
	kit_figure(kit, "metadata_bytes_peak", (double)sum.bytes_peak);
	kit_figure(kit, "day_s", (double)sum.day_ns / 1e9);
	kit_figure(kit, "idle_s", (double)m->idle_took_ns / 1e9);
	if (sum.made)
		kit_figure(kit, "file_bytes_mean", (double)sum.bytes_made / (double)sum.made);
}
