/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property.c - "Name=VALUE".
 */
#include "cgroups/scope/property.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

static const struct {
	const char *name;
	int since; /* systemd's NEWS */
} optional[] = {
	{ "CPUQuotaPeriodUSec", 242 },
	{ "AllowedCPUs", 244 },
	{ "AllowedMemoryNodes", 244 },
	{ "CollectMode", 236 },
};

enum { IDLE_SINCE = 252, NAME_LENGTH_MIN = 3 };

void property_release(struct property *property)
{
	free(property->name);
	variant_release(&property->value);
	*property = (struct property){ 0 };
}

static int check_name(const char *name, size_t length, struct error *e)
{
	size_t letters = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (letters == length && length >= NAME_LENGTH_MIN)
		return 0;
	return error_set(e, ERROR_SPEC, "\"%.*s\" is no property of a unit: their names have letters alone", length > 60 ? 60 : (int)length, name);
}

/* "TimeoutStopSec" is how the manual calls what D-Bus knows as TimeoutStopUSec. */
static bool is_in_seconds(const char *name)
{
	size_t length = strlen(name);

	return text_ends(name, "Sec") && length > 3 && name[length - 4] >= 'a' && name[length - 4] <= 'z';
}

int property_parse(const char *line, struct property *ret, struct error *e)
{
	size_t length = strcspn(line, "=");
	struct property property = { 0 };
	int result;

	if (line[length] != '=')
		return error_set(e, ERROR_SPEC, "expected NAME=VALUE, found \"%.60s\"", line);
	if (check_name(line, length, e))
		return -1;
	property.name = alloc_copy_bytes(line, length);
	result = variant_parse(line + length + 1, &property.value, e);
	if (result == 0 && is_in_seconds(property.name)) {
		autofree char *seconds = take_ptr(&property.name);

		property.name = text_format("%.*sUSec", (int)(length - strlen("Sec")), seconds);
		result = variant_to_microseconds(&property.value, e);
	}
	if (result) {
		property_release(&property);
		return error_in(e, "property %.*s", (int)length, line);
	}
	*ret = property;
	return 0;
}

int property_since(const struct property *property)
{
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
		if (strcmp(optional[i].name, property->name) == 0)
			return optional[i].since;
	/* 0 means "idle". */
	return strcmp(property->name, "CPUWeight") == 0 && property->value.bits == 0 ? IDLE_SINCE : 0;
}
