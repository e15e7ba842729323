/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_prune.c - box prune: the store gives back what it does not need.
 */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/prune_cache.h"
#include "cli/report.h"
#include "cli/words.h"
#include "images/build/build_cache.h"
#include "images/prune.h"
#include "runtime/box.h"
#include "runtime/exits/ends.h"
#include "runtime/logs/events.h"

enum { ENDS_KEPT_SECONDS = 7 * 86400 };

struct options {
	bool all, force, dry_run;
	const char *keep_size;
	struct list filters;
};

const struct option_row prune_options[] = {
	{ 'a', "all", OPTION_FLAG, offsetof(struct options, all), NULL, "images with names, too, and the cache mounts of builds" },
	{ 0, "keep-size", OPTION_TEXT, offsetof(struct options, keep_size), "SIZE",
	  "remove images, results of builds and cache mounts only until the store has no more than this, what was last used longest ago first" },
	{ 0, "filter", OPTION_LIST, offsetof(struct options, filters), "until=TIME", "only what was last used before then: 720h ago, or a date" },
	{ 'f', "force", OPTION_FLAG, offsetof(struct options, force), NULL, "taken for docker's sake: box asks nothing" },
	{ 'n', "dry-run", OPTION_FLAG, offsetof(struct options, dry_run), NULL, "say what would be removed" },
	OTHER_OPTION(0, "volumes", "box volume prune"),
	{ 0 },
};

struct told {
	const struct places *places; /* NULL: nothing is removed */
	struct text out;
};

static void add_image(const char *name, int64_t last_use_s, void *data)
{
	struct told *told = data;
	char when[CLOCK_TEXT] = "?";

	if (last_use_s) {
		clock_print(last_use_s, 0, 0, when);
		when[strcspn(when, "T")] = '\0'; /* the day is enough */
	}
	text_addf(&told->out, "image %s, last used %s\n", name, when);
	if (told->places)
		events_note(told->places, "image", "delete", name, NULL);
}

static void tell(const struct prune_report *report, bool is_dry, struct text *out)
{
	char freed[32], left[32];

	text_addf(out, "%s%d images, %d layers and %d blobs: %s; the store has %s left\n", is_dry ? "would free " : "freed ", report->images,
		  report->layers, report->blobs, size_format((uint64_t)report->bytes, freed), size_format((uint64_t)report->left, left));
	if (report->results || report->mounts)
		text_addf(out, "of builds: %d results of steps and %d cache mounts, %s\n", report->results, report->mounts,
			  size_format((uint64_t)report->cached_bytes, freed));
	if (report->used) {
		autofree char *line = text_format("%d more stay: a container, an app or a lock file that was run uses them", report->used);

		report_line(line);
	}
	if (report->is_pulling)
		report_line("a pull is under way: what it may have brought stays");
	if (report->is_building)
		report_line("a build is under way: what it may need stays");
}

/* What box explain knows of apps that ran in the foreground. */
static void prune_ends(const struct call *call, const struct options *options, int64_t until, struct text *out)
{
	int count = ends_prune(call->places, until ? until : time(NULL) - ENDS_KEPT_SECONDS, options->dry_run);

	if (count)
		text_addf(out, "%s of how %d app%s in the foreground ended\n", options->dry_run ? "would forget the records" : "forgot the records",
			  count, count == 1 ? "" : "s");
}

static int prune(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	static const char *const filters[] = { "until", NULL };
	struct told told = { .places = options->dry_run ? NULL : call->places };
	struct prune_options choices = { .all = options->all, .dry_run = options->dry_run, .keep = -1, .drop = prune_cache_drop,
					 .data = (void *)(uintptr_t)call->places }; /* only read */
	struct prune_report report = { .image = add_image, .data = &told };
	struct error ignored = { 0 }, swept = { 0 };
	int result;

	if (operands->count)
		return error_set(e, ERROR_USAGE, "prune: expected no operand");
	if (filters_check(&options->filters, filters, e))
		return -1;
	for (size_t i = 0; i < options->filters.count; i++)
		if (moment_parse("filter until=", filter_value(options->filters.items[i], filters[0]), &choices.until, e))
			return -1;
	if (options->keep_size && size_parse(options->keep_size, &choices.keep))
		return error_set(e, ERROR_USAGE, "option --keep-size %s: expected a size such as 20g", options->keep_size);
	if (prune_cache_list(call->places, &choices.cached, &choices.cached_count, e))
		return -1;
	if (!options->dry_run && box_sweep(call->places, &swept)) /* what killed apps and builds left */
		log_warning("%s, continuing", swept.text);
	result = store_prune(call->places, &choices, &report, e);
	build_cache_list_release(choices.cached, choices.cached_count);
	/* What was removed before an error is gone, and told. */
	if (result == 0)
		tell(&report, options->dry_run, &told.out);
	if (result == 0)
		prune_ends(call, options, choices.until, &told.out);
	if (report_text(&told.out, result ? &ignored : e))
		result = -1;
	text_release(&told.out);
	return result;
}

int command_prune(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(prune_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
		     prune(call, &options, &operands, &e);

	list_release(&options.filters);
	return result ? report_failure(&e) : 0;
}
