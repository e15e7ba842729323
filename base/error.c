/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - set, wrap and name errors.
 *
 * Texts are bounded; a text that would not fit loses its end, never its beginning, since the beginning says
 * what was attempted.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum error_kind kind_of(int sys)
{
	switch (sys) {
	case EACCES:
	case EPERM:
		return ERROR_DENIED;
	case ENOENT:
		return ERROR_MISSING;
	case EEXIST:
		return ERROR_EXISTS;
	case ENOSYS:
	case EOPNOTSUPP:
		return ERROR_UNSUPPORTED;
	default:
		return ERROR_KERNEL;
	}
}

int error_set(struct error *e, enum error_kind kind, const char *format, ...)
{
	va_list args;

	error_clear(e);
	e->kind = kind;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args); /* cut is fine */
	va_end(args);
	return -1;
}

int error_sys(struct error *e, const char *format, ...)
{
	int sys = errno;
	size_t used;
	va_list args;

	error_clear(e);
	e->kind = kind_of(sys);
	e->sys = sys;
	va_start(args, format);
	(void)vsnprintf(e->text, sizeof e->text, format, args); /* cut is fine */
	va_end(args);
	used = strlen(e->text);
	(void)snprintf(e->text + used, sizeof e->text - used, ": %s [%s]", strerror(sys), error_name(sys));
	return -1;
}

/* Puts context in front of what buffer holds, cutting the end where both do not fit. */
static void prepend(char *buffer, size_t size, const char *context, const char *separator)
{
	size_t length = strlen(context), gap = strlen(separator), kept = strlen(buffer);

	if (length + gap >= size) {
		length = size - 1;
		gap = 0;
	}
	if (length + gap + kept >= size)
		kept = size - 1 - length - gap;
	memmove(buffer + length + gap, buffer, kept);
	memcpy(buffer, context, length);
	memcpy(buffer + length, separator, gap);
	buffer[length + gap + kept] = '\0';
}

int error_in(struct error *e, const char *format, ...)
{
	char context[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(context, sizeof context, format, args); /* cut is fine */
	va_end(args);
	prepend(e->text, sizeof e->text, context, ": ");
	return -1;
}

int error_at(struct error *e, const char *format, ...)
{
	char step[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(step, sizeof step, format, args); /* cut is fine */
	va_end(args);
	prepend(e->field, sizeof e->field, step, e->field[0] && e->field[0] != '[' ? "." : "");
	return -1;
}

int error_hint(struct error *e, const char *format, ...)
{
	va_list args;

	if (e->hint[0])
		return -1;
	va_start(args, format);
	(void)vsnprintf(e->hint, sizeof e->hint, format, args); /* cut is fine */
	va_end(args);
	return -1;
}

int error_as(struct error *e, enum error_kind kind)
{
	e->kind = kind;
	return -1;
}

void error_clear(struct error *e)
{
	e->kind = ERROR_NONE;
	e->sys = 0;
	e->field[0] = e->hint[0] = e->text[0] = '\0';
}

const char *error_name(int sys)
{
	static char unknown[24];
	const char *name = strerrorname_np(sys);

	if (name)
		return name;
	(void)snprintf(unknown, sizeof unknown, "errno %d", sys); /* always fits */
	return unknown;
}
