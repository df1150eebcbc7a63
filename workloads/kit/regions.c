/* regions.c - which ranges of the address space are no allocator's heap, as the process itself knows them. */
#define _GNU_SOURCE
#include <link.h>
#include <unistd.h>

#include "internal.h"

struct regions {
	struct wire_region *at;
	size_t count, room;
	uint64_t tls_start; /* lowest TLS block of the calling thread */
};

static void add(struct regions *r, uint64_t start, uint64_t end, uint32_t kind)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (start < end && r->count < r->room)
		r->at[r->count++] = (struct wire_region){ start / page * page, (end + page - 1) / page * page, kind, 0 };
}

static int add_object(struct dl_phdr_info *object, size_t size, void *context)
{
	struct regions *r = context;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		if (p->p_type == PT_LOAD) {
			uint64_t start = object->dlpi_addr + p->p_vaddr;
			add(r, start, start + p->p_memsz, WIRE_REGION_LOAD);
		}
		if (p->p_type == PT_TLS && size >= sizeof *object && object->dlpi_tls_data) {
			uint64_t start = (uint64_t)object->dlpi_tls_data;
			if (r->tls_start == 0 || start < r->tls_start)
				r->tls_start = start;
		}
	}
	return 0;
}

/*
 * Called on the main thread. Its static TLS ends at the thread pointer on
 * x86-64 and begins there on AArch64; glibc's thread descriptor lies beside it
 * (2304 bytes in 2.36), and the dynamic linker maps both by themselves before
 * any malloc. A module's TLS far from the thread pointer was allocated with
 * malloc, so only what is near counts.
 */
size_t kit_write_regions(const struct kit *kit, struct wire_region *at, size_t room)
{
	enum { DESCRIPTOR = 2304, NEAR = 1 << 20 };
	struct regions r = { .at = at, .room = room };
	add(&r, (uint64_t)kit->memory, (uint64_t)kit->memory + kit->memory_bytes, WIRE_REGION_LAB);
	add(&r, (uint64_t)kit->stacks, (uint64_t)kit->stacks + kit->stacks_bytes, WIRE_REGION_STACK);
	add(&r, (uint64_t)kit->purger_stack, (uint64_t)kit->purger_stack + kit->purger_stack_bytes, WIRE_REGION_STACK);
	dl_iterate_phdr(add_object, &r);
	uint64_t pointer = (uint64_t)__builtin_thread_pointer();
	uint64_t start = r.tls_start && r.tls_start < pointer && pointer - r.tls_start < NEAR ? r.tls_start : pointer - DESCRIPTOR;
	add(&r, start, pointer + DESCRIPTOR, WIRE_REGION_TLS);
	return r.count;
}
