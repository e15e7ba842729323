/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_limits.c - rules for what the kernel measures and grants: memory, processors, disks, ulimits, sysctls.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/app_parts.h"
#include "specs/container.h"
#include "specs/limits.h"
#include "specs/problems.h"

enum { MEMORY_LEAST = 4 << 20, DISK_LEAST = 1 << 20, CPUS_MOST = 8191 };

int check_memory(const struct app *app, struct problems *p)
{
	const struct app_limits *l = &app->resources.limits;

	if (l->memory != LIMIT_UNSET && l->memory < MEMORY_LEAST) {
		error_set(p->e, ERROR_SPEC, "expected at least 4m: less cannot hold a process, found %jd bytes", (intmax_t)l->memory);
		error_at(p->e, "resources.limits.memory");
		if (problems_add(p))
			return -1;
	}
	if (l->swap != LIMIT_UNSET && l->memory == LIMIT_UNSET) {
		error_set(p->e, ERROR_SPEC, "a limit of swap needs one of memory beside it");
		error_at(p->e, "resources.limits.swap");
		if (problems_add(p))
			return -1;
	}
	if (l->memory != LIMIT_UNSET && app->resources.reservations.memory > l->memory) {
		error_set(p->e, ERROR_SPEC, "more is reserved than resources.limits.memory allows");
		error_at(p->e, "resources.reservations.memory");
		return problems_add(p);
	}
	return 0;
}

/* "0-1,4" */
static bool is_cpu_list(const char *text)
{
	autofree char *copy = alloc_copy(text);
	char *rest = copy;

	while (rest) {
		char *part = rest, *dash;
		int64_t first, last;

		rest = strchr(part, ',');
		if (rest)
			*rest++ = '\0';
		dash = strchr(part, '-');
		if (dash)
			*dash++ = '\0';
		if (number_parse(part, 0, CPUS_MOST, &first) || (dash && number_parse(dash, first, CPUS_MOST, &last)))
			return false;
	}
	return true;
}

int check_disk(const struct app *app, struct problems *p)
{
	int64_t disk = app->resources.limits.disk;

	if (disk == LIMIT_UNSET)
		return 0;
	if (disk < DISK_LEAST)
		error_set(p->e, ERROR_SPEC, "expected at least 1m: less holds hardly a folder, found %jd bytes", (intmax_t)disk);
	else if (app->read_only)
		error_set(p->e, ERROR_SPEC, "the app has no writable layer that it could limit: \"read_only\" is set");
	else if (app->security.userns == USERNS_HOST)
		error_set(p->e, ERROR_SPEC, "it needs ids of the app's own: \"userns\" is \"host\"");
	else
		return 0;
	error_at(p->e, "resources.limits.disk");
	return problems_add(p);
}

int check_cpusets(const struct app *app, struct problems *p)
{
	const struct app_limits *l = &app->resources.limits;

	if (l->cpuset && !is_cpu_list(l->cpuset) &&
	    app_unexpected(p, "processors such as \"0-1,4\"", l->cpuset, "resources.limits.cpuset"))
		return -1;
	if (l->cpuset_mems && !is_cpu_list(l->cpuset_mems))
		return app_unexpected(p, "memory nodes such as \"0\"", l->cpuset_mems, "resources.limits.cpuset_mems");
	return 0;
}

int check_io(const struct app *app, struct problems *p)
{
	const struct app_limits *l = &app->resources.limits;

	for (size_t i = 0; i < l->io_count; i++) {
		const struct io_rule *io = &l->io[i];
		size_t twin = 0;

		if (!text_starts(io->device, "/dev/") &&
		    app_unexpected(p, "a block device below /dev", io->device, "resources.limits.io[%zu].device", i))
			return -1;
		while (strcmp(l->io[twin].device, io->device) != 0)
			twin++;
		if (twin != i)
			error_set(p->e, ERROR_SPEC, "%.80s has limits already", io->device);
		else if (!io->read_bps && !io->write_bps && !io->read_iops && !io->write_iops)
			error_set(p->e, ERROR_SPEC, "expected one of \"read_bps\", \"write_bps\", \"read_iops\" and \"write_iops\"");
		else
			continue;
		error_at(p->e, "resources.limits.io[%zu]", i);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

int check_ulimits(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->ulimits.count; i++) {
		struct rlimit_entry entry;

		if (app_parse_ulimit(app->ulimits.items[i], &entry, p->e) == 0)
			continue;
		error_at(p->e, "ulimits");
		if (problems_add(p))
			return -1;
	}
	return 0;
}

/* Which settings belong to which namespace of the container's own. Everything else is the host's (CVE-2022-0811). */
static bool is_own_sysctl(const struct app *app, const char *key)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
					   "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced" };

	for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++)
		if (strcmp(key, ipc[i]) == 0)
			return true;
	if (text_starts(key, "fs.mqueue."))
		return true;
	return text_starts(key, "net.") && app->network_mode != NETWORK_CHOICE_HOST;
}

static int check_sysctl(const struct app *app, const char *key, const char *value, struct problems *p)
{
	if (strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != strlen(key) || strstr(key, "..") || key[0] == '.' ||
	    text_ends(key, "."))
		error_set(p->e, ERROR_SPEC, "expected letters, digits, \"_\", \"-\" and single dots in the name, found \"%.80s\"", key);
	else if (!*value || strpbrk(value, "\n\r"))
		error_set(p->e, ERROR_SPEC, *value ? "the value holds a line end" : "the value is empty");
	else if (!is_own_sysctl(app, key))
		error_set(p->e, ERROR_SPEC,
			  "the setting belongs to the whole host%s: allowed are net.* (without network_mode host), kernel.shm*, "
			  "kernel.msg*, kernel.sem and fs.mqueue.*",
			  text_starts(key, "net.") ? " here" : "");
	else
		return 0;
	error_at(p->e, "%s", key);
	error_at(p->e, "sysctls");
	return problems_add(p);
}

int check_sysctls(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->sysctls.count; i++) {
		autofree char *key = alloc_copy(app->sysctls.items[i]);
		char *value = strchr(key, '=');

		*value++ = '\0';
		if (check_sysctl(app, key, value, p))
			return -1;
	}
	return 0;
}
