/*
 * census.h - what pass census adds to the agent: how many live bytes each page
 * holds, live blocks by size, and which memory is the program's own. All of it lies in the
 * lab's memfd, behind the window: package runner reads it while the process is stopped.
 */
#ifndef ALLOCLAB_CENSUS_H
#define ALLOCLAB_CENSUS_H

#include <stdint.h>

#include "agent.h"

#define CENSUS_PAGE_BITS 12
#define CENSUS_BYTES (WIRE_CENSUS_PAGES + ((uint64_t)sizeof(uint16_t) << (WIRE_CENSUS_ADDRESS_BITS - CENSUS_PAGE_BITS)))

/* census.c */
extern char *census_memory;		     /* from WIRE_CENSUS_SIZES on; NULL: nothing is counted */
bool census_is_caller(const void *address); /* code of the allocator */

/* ranges.c */
size_t census_regions(struct wire_region *at, size_t room);
extern bool census_own_thread; /* the thread that is being created is the agent's */

#endif
