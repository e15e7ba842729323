/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_system.c - box system df: what the disk is used for, and what of it could go.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/prune_cache.h"
#include "cli/report.h"
#include "images/build/build_cache.h"
#include "images/catalogue.h"
#include "images/prune.h"
#include "runtime/box.h"
#include "runtime/storage/volumes.h"

struct options {
	const char *format;
};

const struct option_row system_options[] = {
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	OTHER_OPTION('a', "all", "box prune --all"),
	OTHER_OPTION('f', "force", "box prune asks nothing"),
	OTHER_OPTION(0, "volumes", "box volume prune"),
	OTHER_OPTION('v', "verbose", "box images and box volume ls list them"),
	{ 0 },
};

/* A line of the table. */
struct share {
	const char *key, *title;
	int64_t total, active, bytes, reclaimable;
};

static int64_t size_of(const char *path)
{
	autoclose int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return folder < 0 ? 0 : folder_size(folder);
}

static void ignore_image(const char *name, int64_t last_use_s, void *data)
{
	(void)name;
	(void)last_use_s;
	(void)data;
}

/* What only builds need, all of which can go. */
static void weigh_builds(const struct prune_options *options, struct share *ret)
{
	for (size_t i = 0; i < options->cached_count; i++) {
		ret->bytes += options->cached[i].bytes;
		ret->total += options->cached[i].is_mount || options->cached[i].layer;
	}
	ret->reclaimable = ret->bytes;
}

/* What box prune --all would leave is what is active. Layers that only results of builds need count as such. */
static int weigh_images(const struct places *places, struct share *ret, struct share *ret_builds, struct error *e)
{
	struct prune_options options = { .all = true, .dry_run = true, .keep = -1 };
	struct prune_report report = { .image = ignore_image };
	autorelease(catalogue) struct catalogue catalogue = { 0 };

	int result;

	if (catalogue_read(places, &catalogue, e) || prune_cache_list(places, &options.cached, &options.cached_count, e))
		return -1;
	weigh_builds(&options, ret_builds);
	result = store_prune(places, &options, &report, e);
	build_cache_list_release(options.cached, options.cached_count);
	if (result)
		return -1;
	ret->total = (int64_t)catalogue.count;
	ret->active = report.images < ret->total ? ret->total - report.images : 0;
	ret->reclaimable = report.bytes - report.cached_bytes;
	ret->bytes = ret->reclaimable + report.left;
	return 0;
}

static int weigh_containers(const struct places *places, struct share *ret, struct error *e)
{
	autofree char *layers = text_format("%s/containers", places->store);
	struct box_info *infos = NULL;
	size_t count = 0;

	if (box_list(places, &infos, &count, e))
		return -1;
	for (size_t i = 0; i < count; i++)
		ret->active += strcmp(infos[i].status, "stopped") != 0;
	box_list_free(infos, count);
	ret->total = (int64_t)count;
	ret->bytes = size_of(layers);
	return 0;
}

static int weigh_volumes(const struct places *places, struct share *ret, struct error *e)
{
	struct volume *volumes = NULL;
	size_t count = 0;
	int result = volumes_list(places, &volumes, &count, e);

	for (size_t i = 0; i < count && result == 0; i++) {
		struct error gone = { 0 };
		int64_t bytes = 0;

		result = volume_size(places, volumes[i].name, &bytes, &gone);
		if (result && gone.kind == ERROR_MISSING)
			result = 0; /* somebody removed it meanwhile */
		if (result)
			*e = gone;
		ret->total++;
		ret->active += volumes[i].is_used;
		ret->bytes += bytes;
		ret->reclaimable += volumes[i].is_used ? 0 : bytes;
	}
	volumes_free(volumes, count);
	return result;
}

static void add_share(const struct share *share, bool is_json, bool is_first, struct list *cells, struct text *ret)
{
	char bytes[32], reclaimable[32];

	if (is_json) {
		text_addf(ret, "%s\n  {", is_first ? "" : ",");
		json_add_member(ret, "type", share->key);
		json_add_number(ret, "total", (uint64_t)share->total);
		json_add_number(ret, "active", (uint64_t)share->active);
		json_add_number(ret, "size", (uint64_t)share->bytes);
		json_add_number(ret, "reclaimable", (uint64_t)share->reclaimable);
		text_add_char(ret, '}');
		return;
	}
	list_add(cells, share->title);
	list_addf(cells, "%lld", (long long)share->total);
	list_addf(cells, "%lld", (long long)share->active);
	list_add(cells, size_format((uint64_t)share->bytes, bytes));
	list_addf(cells, "%s (%lld%%)", size_format((uint64_t)share->reclaimable, reclaimable),
		  share->bytes ? (long long)(share->reclaimable * 100 / share->bytes) : 0);
}

static int show(const struct call *call, bool is_json, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE" };
	struct share images = { .key = "images", .title = "Images" };
	struct share builds = { .key = "build_cache", .title = "Build Cache" };
	struct share containers = { .key = "containers", .title = "Containers" };
	struct share volumes = { .key = "volumes", .title = "Local Volumes" };
	struct share cache = { .key = "cache", .title = "Cache", .bytes = size_of(call->places->cache) };
	const struct share *const shares[] = { &images, &containers, &volumes, &builds, &cache };
	autorelease(list) struct list cells = { 0 };

	if (weigh_images(call->places, &images, &builds, e) || weigh_containers(call->places, &containers, e) ||
	    weigh_volumes(call->places, &volumes, e))
		return -1;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		add_share(shares[i], is_json, i == 0, &cells, ret);
	if (is_json)
		text_add(ret, "\n]\n");
	else
		report_table(&cells, sizeof heads / sizeof *heads, report_width(), ret);
	return 0;
}

int command_system(const struct call *call)
{
	static const char *const forms[] = { "table", "json", NULL };
	autorelease(list) struct list words = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(system_options, OPERANDS_ANYWHERE, call->argv, &options, &words, NULL, &e) ||
		     options_one_of("format", options.format, forms, &e);

	if (result == 0 && (words.count != 1 || strcmp(words.items[0], "df") != 0)) {
		result = error_set(&e, ERROR_USAGE, "system: expected df");
		error_hint(&e, "box prune gives back space, box doctor says what this host can do");
	}
	if (result || show(call, text_equal(options.format, "json"), &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
