/*
 * main.c - any workload as an ordinary program: the same file, linked with
 * this instead of the wire. It takes the same steps with nothing watching.
 *
 * It is what the lab's own cost is measured against, and an unmodified program
 * to try "bring your own" on:
 *
 *	bin/plain-threads4k threads=2 duration=1
 *
 * Values are in base units. It prints one line of JSON on its standard output, and "idle" on
 * the other one once it has freed all that it will: there alloclab can take its "ready".
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit/internal.h"

extern const struct kit_workload *const __start_kit_workloads[];

static struct kit kit;
static FILE *out;

void kit_fail(enum kit_failure kind, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%s: ", kit.workload ? kit.workload->name : "workload");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	_exit(70 + (int)kind);
}

__attribute__((noreturn)) void kit_out_of_memory(size_t bytes)
{
	kit_fail(KIT_OUT_OF_MEMORY, "malloc(%zu) returned NULL", bytes);
}

void kit_block(struct kit_list *list, const void *address, size_t requested)
{
	(void)list, (void)address, (void)requested; /* nobody asks for a list */
}

void kit_figure(const struct kit *k, const char *name, double value)
{
	(void)k;
	fprintf(out, ",\"%s\":%.17g", name, value);
}

static void read_arguments(int argc, char **argv)
{
	static char lines[8192];
	size_t used = 0;
	for (int i = 1; i < argc; i++) {
		int n = snprintf(lines + used, sizeof lines - used, "%s\n", argv[i]);
		if (n < 0 || (size_t)n >= sizeof lines - used)
			kit_fail(KIT_USAGE, "the arguments are longer than %zu bytes", sizeof lines);
		used += (size_t)n;
	}
	kit.seed = 1;
	kit_read_parameters(&kit, lines);
}

static void lay_out(void)
{
	size_t bytes = kit_memory_layout(kit.threads, kit.workload->memory ? kit.workload->memory(&kit) : 0, false);
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		kit_fail(KIT_INTERNAL, "mmap of %zu bytes: %s", bytes, strerror(errno));
	kit_memory_place(&kit, memory, bytes, false);
}

static void report(void)
{
	uint64_t operations = 0, slowest = 0, cpu = 0;
	for (unsigned i = 0; i <= kit.threads; i++) {
		const struct wire_lane *count = &kit.workers[i].count;
		operations += count->operations;
		cpu += count->work_cpu_ns;
		slowest = count->work_ns > slowest ? count->work_ns : slowest;
	}
	out = stdout;
	kit.mark = "end";
	fprintf(out, "{\"workload\":\"%s\",\"operations\":%llu,\"work_s\":%.9f,\"cpu_s\":%.9f", kit.workload->name, (unsigned long long)operations,
		(double)slowest / 1e9, (double)cpu / 1e9);
	if (kit.workload->figures)
		kit.workload->figures(&kit);
	fprintf(out, "}\n");
}

int main(int argc, char **argv)
{
	kit.workload = __start_kit_workloads[0];
	read_arguments(argc, argv);
	kit.threads = kit.workload->threads(&kit);
	if (kit.threads > KIT_THREADS_MAX)
		kit_fail(KIT_USAGE, "%u threads are more than the %u this program can hold", kit.threads, KIT_THREADS_MAX);
	lay_out();
	if (kit.workload->setup)
		kit.workload->setup(&kit);
	kit_start_workers(&kit);
	if (kit.workload->fill)
		kit_everyone(&kit, kit.workload->fill);
	if (kit.workload->drain)
		kit_everyone(&kit, kit.workload->drain);
	dprintf(STDERR_FILENO, "idle\n");
	if (kit.workload->idle)
		kit_everyone(&kit, kit.workload->idle);
	kit_retire_workers(&kit);
	report();
	return 0;
}
