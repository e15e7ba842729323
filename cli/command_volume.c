/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_volume.c - box volume: create, ls, rm, inspect, prune, export, import, snapshot.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/tar_tree.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "images/tar_apply.h"
#include "runtime/child/oci_state.h"
#include "runtime/logs/events.h"
#include "runtime/snapshot.h"
#include "runtime/storage/volumes.h"

struct options {
	bool quiet, all, force, no_trunc, live;
	const char *format, *output;
	struct list filters;
};

const struct option_row volume_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "ls: names only" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "ls: form of the list (default: table)" },
	{ 'f', "filter", OPTION_LIST, offsetof(struct options, filters), "KEY=VALUE", "ls: only what fits: name=TEXT, dangling=true|false" },
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "ls: whole words, whatever the terminal's width" },
	{ 'a', "all", OPTION_FLAG, offsetof(struct options, all), NULL, "prune: every volume that no running app uses" },
	{ 0, "force", OPTION_FLAG, offsetof(struct options, force), NULL, "rm: one that does not exist is fine" },
	{ 'o', "output", OPTION_TEXT, offsetof(struct options, output), "FILE", "export: write the tar there (default: stdout)" },
	{ 0, "live", OPTION_FLAG, offsetof(struct options, live), NULL, "snapshot: let the apps that have it go on meanwhile" },
	{ 0 },
};

static int create(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	autofree char *made = NULL;
	const char *name = names->count ? names->items[0] : NULL;
	unsigned char random[16];

	(void)chosen;
	if (!name) {
		struct text hex = { 0 };

		if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
			return error_sys(e, "choose a name");
		for (size_t i = 0; i < sizeof random; i++)
			text_addf(&hex, "%02x", random[i]);
		made = text_take(&hex);
		name = made;
	}
	audit_object(call->audit, name);
	if (volume_create(call->places, name, e))
		return -1;
	events_note(call->places, "volume", "create", name, NULL);
	text_addf(ret, "%s\n", name);
	return 0;
}

static const char *const filter_keys[] = { "name", "dangling", NULL };

static bool has_value(const void *object, const char *key, const char *value)
{
	const struct volume *volume = object;

	if (strcmp(key, "name") == 0)
		return strstr(volume->name, value);
	return strcmp(value, volume->is_used ? "false" : "true") == 0;
}

static bool fits(const struct volume *volume, const struct options *options)
{
	return filters_fit(&options->filters, filter_keys, has_value, volume);
}

static const char *name_of(const void *object)
{
	const struct volume *volume = object;

	return volume->name;
}

static char *created_of(const struct volume *volume)
{
	return volume->created ? oci_state_time(volume->created, 0) : NULL;
}

static void add_members(const void *object, struct text *ret)
{
	const struct volume *volume = object;
	autofree char *created = created_of(volume);

	json_add_member(ret, "name", volume->name);
	json_add_member(ret, "mountpoint", volume->path);
	json_add_member(ret, "created", created);
	json_add_key(ret, "in_use");
	text_add(ret, volume->is_used ? "true" : "false");
}

static void add_cells(const void *object, struct list *cells)
{
	const struct volume *volume = object;
	autofree char *created = created_of(volume);

	list_add(cells, volume->name);
	list_addf(cells, "%.10s", created ? created : "");
	list_add(cells, volume->is_used ? "yes" : "no");
	list_add(cells, volume->path);
}

static int list_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "NAME", "CREATED", "IN USE", "MOUNTPOINT" };
	static const struct verb_listing listing = { heads, sizeof heads / sizeof *heads, sizeof(struct volume), name_of, add_cells, add_members };
	const struct options *options = chosen;
	const struct verb_list_options wish = { options->format, options->quiet, options->no_trunc };
	struct volume *volumes = NULL, *fitting;
	size_t count = 0, found = 0;

	(void)names;
	if (verb_list_check(&wish, e) || filters_check(&options->filters, filter_keys, e) || volumes_list(call->places, &volumes, &count, e))
		return -1;
	fitting = alloc_zeroed(count, sizeof *fitting); /* borrows what is in them */
	for (size_t i = 0; i < count; i++)
		if (fits(&volumes[i], options))
			fitting[found++] = volumes[i];
	verb_list(&listing, &wish, fitting, found, ret);
	free(fitting);
	volumes_free(volumes, count);
	return 0;
}

static int remove_one(const struct places *places, const char *name, struct error *e)
{
	if (volume_remove(places, name, e))
		return -1;
	events_note(places, "volume", "destroy", name, NULL);
	return 0;
}

static int remove_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;

	return verb_remove(call, names, options->force, remove_one, ret, e);
}

static int inspect_all(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	(void)chosen;
	return verb_inspect(call, names, "volume inspect", volume_inspect, ret, e);
}

/* Docker's removes volumes without a name, and only with --all those with one. Here every volume has one. */
static int prune(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;
	struct volume *volumes = NULL;
	size_t count = 0;
	int result = 0;
	int64_t bytes = 0;
	char words[32];

	(void)names;
	if (!options->all) {
		error_set(e, ERROR_USAGE, "volume prune: every volume here has a name, and is kept");
		return error_hint(e, "box volume prune --all removes those that no running app uses, with what is in them");
	}
	if (filters_check(&options->filters, filter_keys, e) || volumes_list(call->places, &volumes, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct error here = { 0 };
		int64_t size = 0;

		if (volumes[i].is_used || !fits(&volumes[i], options))
			continue;
		(void)volume_size(call->places, volumes[i].name, &size, &here); /* what it frees is then not counted */
		error_clear(&here);
		if (volume_remove(call->places, volumes[i].name, &here)) {
			if (here.kind == ERROR_EXISTS || here.kind == ERROR_MISSING)
				continue; /* somebody was faster */
			*e = here;
			result = -1;
			break;
		}
		events_note(call->places, "volume", "destroy", volumes[i].name, NULL);
		audit_object(call->audit, volumes[i].name);
		text_addf(ret, "%s\n", volumes[i].name);
		bytes += size;
	}
	volumes_free(volumes, count);
	text_addf(ret, "freed %s\n", size_format((uint64_t)bytes, words));
	return result;
}

static int pack_volume(void *data, struct error *e)
{
	struct tar_tree_report report; /* a file that became shorter is no error: the app runs */
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)data;
	return root < 0 ? error_sys(e, "open its content") : tar_tree_write(VOLUME_FD, root, &report, e);
}

static int export(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;
	autorelease(output_file) struct output_file file = { .fd = -1 };

	(void)ret;
	audit_object(call->audit, names->items[0]);
	if (output_file_open(options->output, &file, e))
		return -1;
	if (volume_work(call->places, names->items[0], /* is_writer= */ false, file.fd, pack_volume, NULL, e))
		return -1;
	return output_file_commit(&file, e);
}

static int apply_volume(void *data, struct error *e)
{
	const struct tar_apply apply = { .keeps_owners = true, .keeps_special_modes = true, .sets_root = true, .input = VOLUME_FD };
	autoclose int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)data;
	return root < 0 ? error_sys(e, "open its content") : tar_apply(&apply, root, "", e);
}

static int import(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const char *path = names->items[1];
	autoclose int file = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);

	(void)chosen;
	(void)ret;
	audit_object(call->audit, names->items[0]);
	if (file < 0)
		return error_sys(e, "open %s", path);
	if (isatty(file))
		return error_set(e, ERROR_USAGE, "volume import: the tar would come from the terminal; name a file");
	return volume_work(call->places, names->items[0], /* is_writer= */ true, file, apply_volume, NULL, e);
}

static int snapshot(const struct call *call, const void *chosen, const struct list *names, struct text *ret, struct error *e)
{
	const struct options *options = chosen;

	audit_object(call->audit, names->items[0]);
	audit_object(call->audit, names->items[1]);
	if (volume_snapshot(call->places, names->items[0], names->items[1], options->live, e))
		return -1;
	events_note(call->places, "volume", "create", names->items[1], NULL);
	text_addf(ret, "%s\n", names->items[1]);
	return 0;
}

static const struct verb verbs[] = {
	{ "create", "[NAME]", 0, 1, create, VERB_CHANGES },
	{ "ls", "", 0, 0, list_all, VERB_TELLS },
	{ "rm", "NAME…", 1, SIZE_MAX, remove_all, VERB_CHANGES },
	{ "inspect", "NAME…", 1, SIZE_MAX, inspect_all, VERB_TELLS },
	{ "prune", "", 0, 0, prune, VERB_CHANGES },
	{ "export", "NAME", 1, 1, export, VERB_CHANGES /* nothing, but it takes everything along */ },
	{ "import", "NAME FILE|-", 2, 2, import, VERB_CHANGES },
	{ "snapshot", "NAME NEW-NAME", 2, 2, snapshot, VERB_CHANGES },
	{ 0 },
};

int command_volume(const struct call *call)
{
	struct options options = { 0 };
	int result = verbs_run(call, volume_options, verbs, &options);

	list_release(&options.filters);
	return result;
}
