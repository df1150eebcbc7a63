/*
 * regions.c - which ranges of the address space are no allocator's heap: the
 * segments of the program and its libraries, the agent's stack among them, and
 * the first thread's TLS. Stacks of the program's other threads are not known here.
 */
#define _GNU_SOURCE
#include <link.h>
#include <unistd.h>

#include "agent.h"

enum { DESCRIPTOR = 2304 }; /* glibc's thread descriptor, beside the TLS (2.36) */

struct regions {
	struct wire_region *at;
	size_t count, room;
};

static uint64_t main_thread;

void agent_note_main_thread(void)
{
	main_thread = (uint64_t)__builtin_thread_pointer();
}

static void add(struct regions *r, uint64_t start, uint64_t end, uint32_t kind)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (start < end && r->count < r->room)
		r->at[r->count++] = (struct wire_region){ start / page * page, (end + page - 1) / page * page, kind, 0 };
}

static int add_object(struct dl_phdr_info *object, size_t size, void *context)
{
	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		if (p->p_type == PT_LOAD)
			add(context, object->dlpi_addr + p->p_vaddr, object->dlpi_addr + p->p_vaddr + p->p_memsz, WIRE_REGION_LOAD);
	}
	return 0;
}

size_t agent_write_regions(struct wire_region *at, size_t room, const char *memory, size_t bytes)
{
	struct regions r = { .at = at, .room = room };
	add(&r, (uint64_t)memory, (uint64_t)memory + bytes, WIRE_REGION_LAB);
	dl_iterate_phdr(add_object, &r);
	add(&r, main_thread - DESCRIPTOR, main_thread + DESCRIPTOR, WIRE_REGION_TLS);
	return r.count;
}
