/*
 * probe_text.c - text without malloc, into memory that the caller owns.
 *
 * vsnprintf itself allocates only for wide strings, positional arguments and
 * very wide fields (glibc, stdio-common/vfprintf-internal.c): use none of them.
 */
#include "probe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *t, const char *format, ...)
{
	va_list arguments;
	size_t room = t->size - t->used;
	int length;

	va_start(arguments, format);
	length = vsnprintf(t->at + t->used, room, format, arguments);
	va_end(arguments);
	/* Dropped whole rather than cut: half a number reads like a number. */
	if (length < 0 || (size_t)length >= room) {
		if (room > 0)
			t->at[t->used] = '\0';
		t->truncated = true;
		return;
	}
	t->used += (size_t)length;
}

void text_number(struct text *t, const char *name, int64_t value)
{
	text_add(t, "%s %" PRId64 "\n", name, value);
}
