/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_parts.c - texts of app.json that stand for a small struct.
 */
#include "specs/app_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/number.h"
#include "base/text.h"
#include "specs/container.h"
#include "specs/paths.h"
#include "specs/shorthand.h"

static int parse_bound(const char *text, uint64_t *ret)
{
	int64_t value;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	if (number_parse(text, 0, INT64_MAX, &value))
		return -1;
	*ret = (uint64_t)value;
	return 0;
}

int app_parse_ulimit(const char *text, struct rlimit_entry *ret, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *value = strchr(copy, '='), *hard;

	*value++ = '\0';
	ret->resource = rlimit_number(copy);
	if (ret->resource < 0) {
		error_set(e, ERROR_SPEC, "unknown limit: expected nofile, nproc, core, memlock, stack and the like");
		return error_at(e, "%s", copy);
	}
	hard = strchr(value, ':');
	if (hard)
		*hard++ = '\0';
	if (parse_bound(value, &ret->soft) || parse_bound(hard ? hard : value, &ret->hard) || ret->soft > ret->hard) {
		error_set(e, ERROR_SPEC, "expected a number, or {\"soft\": n, \"hard\": m} with n <= m, found \"%s\"", strchr(text, '=') + 1);
		return error_at(e, "%s", copy);
	}
	return 0;
}

int app_parse_device(const char *text, struct device_entry *ret, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *parts[3] = { NULL };
	size_t count = split_text(copy, ':', parts, 3);
	const char *source = parts[0], *target = count > 1 ? parts[1] : source, *access = count > 2 ? parts[2] : "rwm";

	if (!count || !text_starts(source, "/dev/") || strstr(source, "/..") || !text_starts(target, "/dev/") ||
	    strstr(target, "/..") || !target[5] || strlen(access) > 3 || !*access || strspn(access, "rwm") != strlen(access))
		return error_set(e, ERROR_SPEC, "expected \"/dev/x\" or \"/dev/x:/dev/y:rwm\", found \"%.80s\"", text);
	ret->source = alloc_copy(source);
	ret->target = alloc_copy(target);
	memcpy(ret->access, access, strlen(access) + 1);
	return 0;
}

static int take_tmpfs_option(const char *option, struct mount_entry *ret)
{
	if (text_starts(option, "size="))
		return size_parse(option + 5, &ret->size);
	if (text_starts(option, "mode="))
		return mode_parse(option + 5, &ret->mode);
	if (strcmp(option, "ro") == 0)
		ret->attributes |= MOUNT_ATTR_RDONLY;
	else if (strcmp(option, "noexec") == 0)
		ret->attributes |= MOUNT_ATTR_NOEXEC;
	else if (strcmp(option, "exec") == 0)
		ret->attributes &= ~(uint64_t)MOUNT_ATTR_NOEXEC;
	else if (strcmp(option, "rw") != 0 && strcmp(option, "nosuid") != 0 && strcmp(option, "nodev") != 0)
		return -1;
	return 0;
}

int app_parse_tmpfs(const char *text, struct mount_entry *ret, struct error *e)
{
	autofree char *copy = alloc_copy(text);
	char *options = strchr(copy, ':'), *state = NULL;

	if (options)
		*options++ = '\0';
	(void)path_clean(copy); /* what is wrong with it is told where the target is checked */
	*ret = (struct mount_entry){ .kind = MOUNT_TMPFS, .target = alloc_copy(copy), .size = LIMIT_UNSET, .mode = 01777,
				     .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };
	for (char *option = options ? strtok_r(options, ",", &state) : NULL; option; option = strtok_r(NULL, ",", &state))
		if (take_tmpfs_option(option, ret))
			return error_set(e, ERROR_SPEC, "expected \"/target:size=64m,mode=1777\" (also ro, noexec), found \"%.80s\"", text);
	return 0;
}

void mount_entry_release(struct mount_entry *mount)
{
	free(mount->source);
	free(mount->target);
	free(mount->field);
	free(mount->type);
	free(mount->id_map);
	list_release(&mount->data);
	*mount = (struct mount_entry){ 0 };
}

void device_entry_release(struct device_entry *device)
{
	free(device->source);
	free(device->target);
	free(device->field);
	*device = (struct device_entry){ 0 };
}
