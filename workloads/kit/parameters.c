/* parameters.c - the one true list of workloads and their parameters: declared beside each workload, printed, read. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "internal.h"

/* The linker makes these; weak, because this package alone is also linked once without any workload. */
extern const struct kit_workload *const __start_kit_workloads[] __attribute__((weak));
extern const struct kit_workload *const __stop_kit_workloads[] __attribute__((weak));

static const char *const kind_names[] = { "count", "bytes", "duration", "fraction", "bool", "choice" };

const struct kit_workload *kit_find_workload(const char *name)
{
	for (const struct kit_workload *const *w = __start_kit_workloads; w < __stop_kit_workloads; w++)
		if (strcmp((*w)->name, name) == 0)
			return *w;
	return NULL;
}

static int parameter_index(const struct kit_workload *workload, const char *name)
{
	for (int i = 0; workload->parameters[i].name; i++)
		if (strcmp(workload->parameters[i].name, name) == 0)
			return i;
	return -1;
}

static int must_have(const struct kit *kit, const char *name)
{
	int i = parameter_index(kit->workload, name);
	if (i < 0)
		kit_fail(KIT_INTERNAL, "workload %s asks for its parameter %s, which it does not declare", kit->workload->name, name);
	return i;
}

int64_t kit_count(const struct kit *kit, const char *name)
{
	return (int64_t)kit->numbers[must_have(kit, name)];
}

double kit_number(const struct kit *kit, const char *name)
{
	return kit->numbers[must_have(kit, name)];
}

const char *kit_choice(const struct kit *kit, const char *name)
{
	return kit->texts[must_have(kit, name)];
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);
	for (const char *c = choices; n && (c = strstr(c, value)); c += n)
		if ((c == choices || c[-1] == ' ') && (c[n] == ' ' || c[n] == 0))
			return true;
	return false;
}

static void read_value(struct kit *kit, int i, const char *value)
{
	const struct kit_parameter *p = &kit->workload->parameters[i];
	if (p->kind == KIT_CHOICE) {
		if (strlen(value) >= KIT_VALUE_MAX || !is_choice(p->choices, value))
			kit_fail(KIT_USAGE, "%s = %s is none of: %s", p->name, value, p->choices);
		strcpy(kit->texts[i], value);
		return;
	}
	char *end;
	errno = 0;
	double number = strtod(value, &end);
	if (errno || end == value || *end || !(number >= p->min && number <= p->max))
		kit_fail(KIT_USAGE, "%s = %s is not a %s from %g to %g", p->name, value, kind_names[p->kind], p->min, p->max);
	kit->numbers[i] = number;
}

void kit_read_parameters(struct kit *kit, char *lines)
{
	const struct kit_parameter *p = kit->workload->parameters;
	for (int i = 0; p[i].name; i++) {
		if (i >= (int)KIT_PARAMETERS_MAX)
			kit_fail(KIT_INTERNAL, "workload %s declares more than %u parameters", kit->workload->name, KIT_PARAMETERS_MAX);
		kit->numbers[i] = p[i].standard;
		if (p[i].kind == KIT_CHOICE)
			snprintf(kit->texts[i], KIT_VALUE_MAX, "%.*s", (int)strcspn(p[i].choices, " "), p[i].choices);
	}
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n")) {
		char *value = strchr(line, '=');
		if (!value)
			kit_fail(KIT_USAGE, "not name=value: %s", line);
		*value++ = 0;
		if (strcmp(line, "seed") == 0) {
			kit->seed = strtoull(value, NULL, 10);
			continue;
		}
		if (strcmp(line, "pass") == 0) {
			kit->times_calls = strcmp(value, "latency") == 0;
			continue;
		}
		if (strcmp(line, "purge_every") == 0) {
			kit->purge_every_ns = (uint64_t)(strtod(value, NULL) * 1e9);
			continue;
		}
		int i = parameter_index(kit->workload, line);
		if (i < 0)
			kit_fail(KIT_USAGE, "workload %s has no parameter %s", kit->workload->name, line);
		read_value(kit, i, value);
	}
}

static void write_default(FILE *out, const struct kit_parameter *p)
{
	if (p->kind == KIT_CHOICE)
		fprintf(out, "\"%.*s\"", (int)strcspn(p->choices, " "), p->choices);
	else if (p->kind == KIT_BOOL)
		fputs(p->standard != 0 ? "true" : "false", out);
	else
		fprintf(out, "%.17g", p->standard);
}

/* JSON, read by the runner: [{"name":…,"doc":…,"internal":…,"parameters":[…]}]. Docs hold no character that JSON escapes. */
int kit_write_manifest(int fd)
{
	FILE *out = fdopen(dup(fd), "w");
	if (!out)
		return 1;
	fputs("[", out);
	for (const struct kit_workload *const *w = __start_kit_workloads; w < __stop_kit_workloads; w++) {
		fprintf(out, "%s\n{\"name\":\"%s\",\"doc\":\"%s\",\"internal\":%s,\"options\":[", w == __start_kit_workloads ? "" : ",",
			(*w)->name, (*w)->doc, (*w)->internal ? "true" : "false");
		for (const struct kit_parameter *p = (*w)->parameters; p->name; p++) {
			fprintf(out, "%s\n {\"name\":\"%s\",\"kind\":\"%s\",\"min\":%.17g,\"max\":%.17g,\"default\":", p == (*w)->parameters ? "" : ",",
				p->name, kind_names[p->kind], p->min, p->max);
			write_default(out, p);
			if (p->kind == KIT_CHOICE) {
				fputs(",\"choices\":[\"", out);
				for (const char *c = p->choices; *c; c++)
					*c == ' ' ? fputs("\",\"", out) : fputc(*c, out);
				fputs("\"]", out);
			}
			fprintf(out, ",\"doc\":\"%s\"}", p->doc);
		}
		fputs("]}", out);
	}
	fputs("]\n", out);
	return fclose(out) != 0;
}

/* What a trial with these parameters needs, as "name value" lines: asked for without measuring anything. */
int kit_write_needs(int fd, char *lines)
{
	static struct kit kit;
	char *parameters = strchr(lines, '\n');
	if (strncmp(lines, "workload=", 9) != 0 || !parameters)
		return 1;
	*parameters++ = 0;
	kit.workload = kit_find_workload(lines + 9);
	if (!kit.workload)
		return 1;
	kit_read_parameters(&kit, parameters);
	kit.threads = kit.workload->threads(&kit);
	uint64_t lab = kit_memory_layout(kit.threads, kit.workload->memory ? kit.workload->memory(&kit) : 0, true);
	uint64_t peak = kit.workload->peak ? kit.workload->peak(&kit) : 0;
	double seconds = kit.workload->seconds ? kit.workload->seconds(&kit) : 0;
	const char *unfixed = kit.workload->unfixed ? kit.workload->unfixed(&kit) : NULL;
	if (unfixed && dprintf(fd, "unfixed %s\n", unfixed) < 0)
		return 1;
	return dprintf(fd, "threads %u\npeak %llu\nlab %llu\nseconds %.3f\n", kit.threads, (unsigned long long)peak, (unsigned long long)lab, seconds) < 0;
}
