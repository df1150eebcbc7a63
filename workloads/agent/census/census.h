/* census.h - what the files of the census agent share. */
#ifndef ALLOCLAB_CENSUS_H
#define ALLOCLAB_CENSUS_H

#include <stddef.h>
#include <stdint.h>

/* ring_attach maps the lab's ring, if there is one for this process. */
void ring_attach(void);
/* ring_detach ends the reports of this process, for good. */
void ring_detach(void);
/* ring_put reports; it waits where the ring is full. */
void ring_put(unsigned kind, const void *address, uint64_t size);

/* enter and leave bracket a call of the allocator: what it calls in turn is its own business. enter is
 * true for the outermost. */
int agent_enter(void);
void agent_leave(void);
/* agent_inside is true within a call of the allocator. */
int agent_inside(void);
/* The block that this thread reported last. */
extern __thread const void *agent_last __attribute__((tls_model("initial-exec")));
/* agent_given leaves, and reports the block that the outermost call was given. It returns p. asked counts
 * where the allocator does not know the block's size, as tcmalloc does before it is set up. */
void *agent_given(int outermost, void *p, size_t asked);

#endif
