/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_mounts.c - rules for what appears in the container's tree: volumes, tmpfs, secrets, devices.
 */
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "base/text.h"
#include "specs/app_check.h"
#include "specs/app_fields.h"
#include "specs/app_mounts.h"
#include "specs/app_parts.h"
#include "specs/container.h"
#include "specs/paths.h"
#include "specs/problems.h"

enum { SPOTS_MOST = 1000, PATH_MOST = 4096 };

int app_check_target(const char *target, struct error *e)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };

	if (target[0] != '/' || !target[1] || strlen(target) >= PATH_MOST || strstr(target, "/../") || text_ends(target, "/.."))
		return error_set(e, ERROR_SPEC, "expected an absolute path below \"/\" without \"..\", found \"%.80s\"", target);
	if (!path_is_own(target))
		return 0;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (path_is_below(target, own[i]))
			error_set(e, ERROR_SPEC, "%s is box's own: nothing can be mounted there", own[i]);
	return path_is_below(target, "/dev/shm") ? error_hint(e, "\"shm_size\" is its size") : -1;
}

int app_check_volume(const struct volume *v, struct error *e)
{
	const char *other = NULL;

	if (app_check_target(v->target, e))
		return error_at(e, "target");
	if (v->type == VOLUME_TMPFS && v->source) {
		error_set(e, ERROR_SPEC, "expected no source for a tmpfs, found \"%.80s\"", v->source);
		return error_at(e, "source");
	}
	if (v->type != VOLUME_TMPFS && (!v->source || !*v->source))
		return error_set(e, ERROR_SPEC, "missing required field \"source\"");
	if (v->type == VOLUME_NAMED && !name_is_plain(v->source)) {
		error_set(e, ERROR_SPEC, "expected a volume's name of letters, digits, \"_\", \".\", \"-\", found \"%.80s\"", v->source);
		if (strchr(v->source, '/'))
			error_hint(e, "a folder of the host is \"type\": \"bind\"; in the short form it begins with \"/\" or \"./\"");
		return error_at(e, "source");
	}
	if (v->shared && v->type != VOLUME_NAMED)
		other = "shared";
	if (v->type != VOLUME_BIND && v->idmap != IDMAP_CALLER)
		other = "idmap";
	if (!other)
		return 0;
	error_set(e, ERROR_SPEC, "it needs \"type\": \"%s\" beside it", strcmp(other, "shared") == 0 ? "volume" : "bind");
	return error_at(e, "%s", other);
}

int check_volumes(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->volume_count; i++) {
		if (app_check_volume(&app->volumes[i], p->e) == 0)
			continue;
		error_at(p->e, "volumes[%zu]", i);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

int check_tmpfs(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->tmpfs.count; i++) {
		struct mount_entry mount = { 0 };
		bool is_wrong = app_parse_tmpfs(app->tmpfs.items[i], &mount, p->e) || app_check_target(mount.target, p->e);

		mount_entry_release(&mount);
		if (!is_wrong)
			continue;
		error_at(p->e, "tmpfs[%zu]", i);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

int check_devices(const struct app *app, struct problems *p)
{
	for (size_t i = 0; i < app->devices.count; i++) {
		struct device_entry device = { 0 };

		if (app_parse_device(app->devices.items[i], &device, p->e) == 0) {
			device_entry_release(&device);
			continue;
		}
		error_at(p->e, "devices[%zu]", i);
		if (problems_add(p))
			return -1;
	}
	return 0;
}

/* Everything that the spec puts somewhere. */
struct spot {
	char *target, *field;
	bool is_read_only, is_file;
};

static void add_spot(struct spot *spots, size_t *count, char *target, char *field, bool is_read_only, bool is_file)
{
	spots[(*count)++] = (struct spot){ target, field, is_read_only, is_file };
}

static struct spot *collect_spots(const struct app *app, size_t *ret_count)
{
	struct spot *spots = alloc_zeroed(app->volume_count + app->tmpfs.count + app->secret_count, sizeof *spots);

	for (size_t i = 0; i < app->volume_count; i++)
		add_spot(spots, ret_count, alloc_copy(app->volumes[i].target), text_format("volumes[%zu].target", i),
			 app->volumes[i].read_only, false);
	for (size_t i = 0; i < app->tmpfs.count; i++) {
		struct mount_entry mount = { 0 };
		struct error ignored = { 0 }; /* told by check_tmpfs */

		if (app_parse_tmpfs(app->tmpfs.items[i], &mount, &ignored) == 0)
			add_spot(spots, ret_count, take_ptr(&mount.target), text_format("tmpfs[%zu]", i),
				 mount.attributes & MOUNT_ATTR_RDONLY, false);
		mount_entry_release(&mount);
	}
	for (size_t i = 0; i < app->secret_count; i++)
		add_spot(spots, ret_count, app_secret_target(&app->secrets[i]), text_format("secrets[%zu]", i), true, true);
	return spots;
}

/* The mount that a file at target lies on; NULL for the root's. */
static const struct spot *mount_of(const struct spot *spots, size_t count, const struct spot *file)
{
	const struct spot *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (!spots[i].is_file && path_is_below(file->target, spots[i].target) &&
		    (!found || strlen(spots[i].target) > strlen(found->target)))
			found = &spots[i];
	return found;
}

static int check_spot(const struct spot *spots, size_t count, size_t i, struct problems *p)
{
	const struct spot *mount = spots[i].is_file ? mount_of(spots, count, &spots[i]) : NULL;

	for (size_t j = 0; j < i; j++) {
		if (strcmp(spots[i].target, spots[j].target) != 0)
			continue;
		error_set(p->e, ERROR_SPEC, "%.200s has a %s already", spots[i].target, spots[j].is_file ? "secret" : "mount");
		error_at(p->e, "%s", spots[i].field);
		return problems_add(p);
	}
	if (!mount || !mount->is_read_only)
		return 0;
	error_set(p->e, ERROR_SPEC, "the file %.200s cannot be made on the read-only mount %.200s", spots[i].target, mount->target);
	error_at(p->e, "%s", spots[i].field);
	return problems_add(p);
}

int check_targets(const struct app *app, struct problems *p)
{
	size_t count = 0;
	struct spot *spots;
	int result = 0;

	if (app->volume_count + app->tmpfs.count + app->secret_count > SPOTS_MOST) {
		error_set(p->e, ERROR_SPEC, "more than %d volumes, tmpfs and secrets together", SPOTS_MOST);
		error_at(p->e, "volumes");
		return problems_add(p);
	}
	spots = collect_spots(app, &count);
	for (size_t i = 0; i < count && result == 0; i++)
		result = check_spot(spots, count, i, p);
	for (size_t i = 0; i < count; i++) {
		free(spots[i].target);
		free(spots[i].field);
	}
	free(spots);
	return result;
}
