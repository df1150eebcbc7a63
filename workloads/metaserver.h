/* metaserver.h - what the files of workload metaserver share. */
#ifndef ALLOCLAB_METASERVER_H
#define ALLOCLAB_METASERVER_H

#include "kit/kit.h"

/* Bytes of a directory entry with its name, an inode and a list of chunks; multiples of 8. */
enum { DENTRY_MIN = 64, DENTRY_MAX = 144, INODE = 224, CHUNKS_MIN = 64, CHUNKS_MAX = 512 };
#define FILE_MEAN ((DENTRY_MIN + DENTRY_MAX) / 2 + INODE + (CHUNKS_MIN + CHUNKS_MAX) / 2)

enum behaviour { GROW, RETAIN, FRAGMENT };

struct metaserver {
	enum behaviour behaviour;
	uint64_t files, base, bursts, lookups; /* of each shard; lookups for each file made */
	uint64_t duration_ns, idle_ns, idle_took_ns, looks;
};

/* A shard belongs to one thread. A file is its directory entry. */
struct shard {
	struct record **files;
	uint64_t count, made, deleted, looked_up, day_ns;
	int64_t bytes, bytes_made, bytes_peak;
};

/* metaserver_file.c */
void metaserver_make(struct kit_worker *w, struct shard *s);
void metaserver_look_up(struct kit_worker *w, struct shard *s);
/* Deletes one file and puts the last one in its place. */
void metaserver_delete(struct kit_worker *w, struct shard *s, uint64_t victim);
void metaserver_list(const struct kit *kit, struct kit_list *blocks);
void metaserver_figures(const struct kit *kit);

#endif
