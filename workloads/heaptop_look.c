/*
 * heaptop_look.c - break, top and RSS after a step, and the figures of all
 * steps. Nothing here calls malloc, and what is read goes into the lab's
 * memory: a stream's buffer would lie in the heap that is looked at.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include "heaptop.h"

/* As in glibc 2.33 and later, malloc/malloc.h; weak, for others have none. */
struct mallinfo2 {
	size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
extern struct mallinfo2 mallinfo2(void) __attribute__((weak));
extern const char *gnu_get_libc_version(void) __attribute__((weak));

static const char *read_proc(struct heaptop *h, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	for (ssize_t n; fd >= 0 && used < sizeof h->text - 1 && (n = read(fd, h->text + used, sizeof h->text - 1 - used)) > 0;)
		used += (size_t)n;
	if (fd < 0 || used == 0)
		kit_fail(KIT_INTERNAL, "%s cannot be read", path);
	close(fd);
	h->text[used] = 0;
	return h->text;
}

/*
 * RSS of anonymous memory: code that runs for the first time is no part of it.
 * smaps_rollup counts pages; statm may be off by a batch of pages for each CPU.
 */
static size_t rss_now(struct heaptop *h)
{
	const char name[] = "\nAnonymous:", *rss = strstr(read_proc(h, "/proc/self/smaps_rollup"), name);
	if (!rss)
		kit_fail(KIT_INTERNAL, "/proc/self/smaps_rollup has no Anonymous");
	return strtoull(rss + sizeof name - 1, NULL, 10) * 1024;
}

/* start_brk, field 47 of proc_pid_stat(5); the second field may hold blanks and ends with the last parenthesis. */
static char *heap_start(struct heaptop *h)
{
	const char *at = strrchr(read_proc(h, "/proc/self/stat"), ')');
	for (int field = 2; at && field < 47; field++)
		at = strchr(at + 1, ' ');
	return at ? (char *)(uintptr_t)strtoull(at, NULL, 10) : NULL;
}

/* keepcost is glibc's: it means something only where glibc serves malloc. */
static bool has_top(void)
{
	Dl_info of_malloc, of_libc;
	return mallinfo2 && gnu_get_libc_version && dladdr((void *)(uintptr_t)malloc, &of_malloc) &&
	       dladdr((void *)(uintptr_t)gnu_get_libc_version, &of_libc) && of_malloc.dli_fbase == of_libc.dli_fbase;
}

void heaptop_look_open(struct heaptop *h)
{
	h->has_top = has_top();
	h->start = heap_start(h);
	rss_now(h); /* once, so that what the reading itself touches is resident */
}

void heaptop_note(struct heaptop *h, struct heaptop_step step)
{
	step.brk = (size_t)((char *)sbrk(0) - h->start);
	step.top = h->has_top ? mallinfo2().keepcost : 0;
	step.rss = rss_now(h);
	if (h->count < HEAPTOP_STEPS_MAX)
		h->steps[h->count++] = step;
}

struct heaptop_step heaptop_step_of(const struct heaptop *h, const struct heaptop_block *b)
{
	bool in_heap = b->at >= h->start && b->at < (char *)sbrk(0);
	return (struct heaptop_step){ .in_heap = in_heap, .at = in_heap ? (size_t)(b->at - h->start) : 0 };
}

static void figure(const struct kit *kit, int step, const char *what, double value)
{
	char name[] = "step_00_rss_anon_bytes";
	name[5] = (char)('0' + step / 10);
	name[6] = (char)('0' + step % 10);
	strcpy(name + 8, what);
	kit_figure(kit, name, value);
}

/* The lab purges and looks; whoever is told to give back the second time has nothing left. */
void heaptop_figures(const struct kit *kit)
{
	struct heaptop *h = kit_shared(kit);
	if (strcmp(kit_mark(kit), "purged") == 0 && !h->steps[h->count - 1].purged)
		heaptop_note(h, (struct heaptop_step){ .purged = true });
	for (int i = 0; i < h->count; i++) {
		const struct heaptop_step *s = &h->steps[i];
		if (s->allocated)
			figure(kit, i, "malloc_bytes", (double)s->allocated);
		if (s->freed)
			figure(kit, i, "free_bytes", (double)s->freed);
		if (s->idle_s > 0)
			figure(kit, i, "idle_s", s->idle_s);
		if (s->purged)
			figure(kit, i, "purged", 1);
		if (s->in_heap)
			figure(kit, i, "at_bytes", (double)s->at);
		if (s->brk) /* no heap below a break: nothing to say */
			figure(kit, i, "break_bytes", (double)s->brk);
		if (h->has_top)
			figure(kit, i, "top_bytes", (double)s->top);
		figure(kit, i, "rss_anon_bytes", (double)s->rss);
	}
}
