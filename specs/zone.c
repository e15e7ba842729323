/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.c - time zones, as the host has them below /usr/share/zoneinfo.
 */
#include "specs/zone.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

#define FOLDER "/usr/share/zoneinfo/"

enum { MAGIC = 4, FILE_LIMIT = 1 << 20 };

/* It becomes part of a path, and of a variable in which the C library gives ":" and "," a meaning. */
static bool is_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_+-/", *c))
			return false;
	/* "right/…" counts leap seconds, which no clock of the kernel does. */
	return *name && *name != '/' && strncmp(name, "right/", strlen("right/")) != 0;
}

/* The C library takes what it cannot read for UTC. */
static bool is_zone(const char *path)
{
	autorelease(text) struct text file = { 0 };
	struct error ignored = { 0 };

	return file_read(AT_FDCWD, path, FILE_LIMIT, &file, &ignored) == 0 && file.length > MAGIC && memcmp(file.data, "TZif", MAGIC) == 0;
}

static void set(const char *value)
{
	if (value)
		(void)setenv("TZ", value, 1); /* without memory the process ends in alloc before */
	else
		(void)unsetenv("TZ");
	tzset();
}

int zone_open(const char *name, struct zone *ret, struct error *e)
{
	bool is_local = text_equal(name, ZONE_LOCAL);
	autofree char *path = is_local ? alloc_copy("/etc/localtime") : text_format(FOLDER "%s", name ? name : ZONE_UTC);
	autofree char *value = text_format(":%s", path);

	*ret = (struct zone){ .is_utc = !name || strcmp(name, ZONE_UTC) == 0 };
	if (ret->is_utc)
		return 0;
	if (is_local && access(path, F_OK)) { /* a host without it goes by UTC */
		ret->is_utc = true;
		return 0;
	}
	if (!is_local && !is_name(name))
		return error_set(e, ERROR_SPEC, "expected a time zone such as \"Europe/Berlin\", \"UTC\" or \"local\", found \"%.80s\"", name);
	if (!is_zone(path)) {
		error_set(e, ERROR_SPEC, "this host has no time zone \"%.80s\" (%s)", name, path);
		return error_hint(e, "their names are those of the files in " FOLDER ", which Debian has in the package tzdata");
	}
	if (getenv("TZ"))
		ret->before = alloc_copy(getenv("TZ"));
	set(value);
	return 0;
}

void zone_close(struct zone *zone)
{
	if (!zone->is_utc)
		set(zone->before);
	free(zone->before);
	*zone = (struct zone){ .is_utc = true };
}

int64_t zone_offset(const struct zone *zone, int64_t time)
{
	const time_t then = time;
	struct tm tm = { 0 };

	return zone->is_utc || !localtime_r(&then, &tm) ? 0 : tm.tm_gmtoff;
}
