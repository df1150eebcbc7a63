/*
 * from_inside.c - settings made by a program itself, and what the allocator
 * says of them afterwards. The test adds the settings as settings.h: lines at
 * file scope under AT_FILE_SCOPE, lines of a function under IN_A_FUNCTION.
 */
#include "probe.h"

#include <stdio.h>

#ifdef MALLOPT_IS_CHECKED /* glibc tells nothing, but whether it took a value */
#include <malloc.h>
#include <stdlib.h>
static void must(int option, int value)
{
	if (mallopt(option, value) != 1) {
		fprintf(stderr, "mallopt(%d, %d) refused\n", option, value);
		exit(1);
	}
}
#define mallopt must
#endif

#define AT_FILE_SCOPE
#include "settings.h"
#undef AT_FILE_SCOPE

static void set(void)
{
#define IN_A_FUNCTION
#include "settings.h"
}

int main(void)
{
	static char said[1 << 16];
	struct text t = { .at = said, .size = sizeof said };

	set();
	const struct probe *probe = probe_open();
	printf("dialect %s\n", probe->dialect);
	probe->identify(&t);
	fwrite(said, 1, t.used, stdout);
	return 0;
}
