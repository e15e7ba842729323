/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_images.c - box images, tag, rmi: what the store has.
 */
#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/words.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "images/image_remove.h"
#include "runtime/logs/events.h"
#include "specs/image_config.h"
#include "specs/image_story.h"

enum { DIGITS = 12, DATE = 10 };

struct options {
	bool quiet, force, no_trunc;
	const char *format;
	struct list filters;
};

const struct option_row images_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "digests only" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	{ 'f', "filter", OPTION_LIST, offsetof(struct options, filters), "KEY=VALUE",
	  "only what fits: reference=PATTERN, dangling=true|false; one key several times: any of them" },
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "whole names and digests, whatever the terminal's width" },
	OTHER_OPTION('a', "all", "leave it out; box images lists them all"),
	OTHER_OPTION(0, "digests", "--no-trunc, for whole digests"),
	OTHER_OPTION('n', "noheading", "--quiet, or --format json"),
	OTHER_OPTION(0, "sort", "--format json | jq 'sort_by(.size)'"),
	{ 0 },
};

const struct option_row rmi_options[] = {
	{ 'f', "force", OPTION_FLAG, offsetof(struct options, force), NULL, "one that does not exist is fine; of a digest, all names go" },
	OTHER_OPTION('a', "all", "box prune --all"),
	OTHER_OPTION(0, "no-prune", "leave it out; what only this image needs goes with it"),
	{ 0 },
};

/* What only the configuration knows. */
struct facts {
	struct image_config config;
	struct image_story story;
};

static void facts_release(struct facts *facts)
{
	image_config_release(&facts->config);
	image_story_release(&facts->story);
}

/* Whatever cannot be read stays empty: a list must not fail because of one image. */
static void read_facts(const struct places *places, const struct catalogue_entry *entry, struct facts *ret)
{
	autorelease(text) struct text json = { 0 };
	struct error ignored = { 0 };

	if (catalogue_blob(places, entry->config.digest, &json, &ignored))
		return;
	(void)image_config_decode(json.data, json.length, entry->name, &ret->config, &ignored);
	(void)image_story_decode(json.data, json.length, entry->name, &ret->story, &ignored);
}

static const char *digits(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return colon ? colon + 1 : digest;
}

static void add_row(const struct catalogue_entry *entry, const struct facts *facts, bool no_trunc, struct list *cells)
{
	char words[32];

	/* One without a name is called by its digest. */
	list_addf(cells, "%.*s", no_trunc || !text_starts(entry->name, "sha256:") ? INT_MAX : (int)strlen("sha256:") + DIGITS, entry->name);
	list_addf(cells, "%.*s", no_trunc ? INT_MAX : DIGITS, digits(entry->image));
	list_addf(cells, "%s/%s", facts->config.os ? facts->config.os : "?", facts->config.architecture ? facts->config.architecture : "?");
	list_addf(cells, "%.*s", DATE, facts->story.created ? facts->story.created : "");
	list_add(cells, size_format((uint64_t)entry->size, words));
	list_add(cells, size_format((uint64_t)(entry->size - entry->unique), words));
	list_add(cells, size_format((uint64_t)entry->unique, words));
}

static void add_object(const struct catalogue_entry *entry, const struct facts *facts, struct text *ret)
{
	text_add_char(ret, '{');
	json_add_member(ret, "name", entry->name);
	json_add_member(ret, "digest", entry->digest);
	json_add_member(ret, "image", entry->image);
	json_add_member(ret, "config", entry->config.digest);
	json_add_member(ret, "os", facts->config.os);
	json_add_member(ret, "architecture", facts->config.architecture);
	json_add_member(ret, "created", facts->story.created);
	json_add_number(ret, "size", (uint64_t)entry->size);
	json_add_number(ret, "shared_size", (uint64_t)(entry->size - entry->unique));
	json_add_number(ret, "unique_size", (uint64_t)entry->unique);
	text_add_char(ret, '}');
}

/* By its full name, or as one of a repository: "debian" is every tag of it, "debian:12" one. */
static bool is_called(const struct catalogue_entry *entry, const char *words)
{
	autorelease(image_name) struct image_name name = { 0 };
	const char *colon = strrchr(words, ':');
	struct error ignored = { 0 };
	autofree char *full = NULL;

	if (text_equal(entry->name, words))
		return true;
	if (image_name_parse(words, &name, &ignored))
		return false;
	if (name.digest || (colon && !strchr(colon, '/'))) {
		full = image_name_text(&name);
		return text_equal(entry->name, full);
	}
	return image_name_behind(&name, entry->name);
}

static const char *const filter_keys[] = { "reference", "dangling", NULL };

static bool has_value(const void *object, const char *key, const char *value)
{
	const struct catalogue_entry *entry = object;

	if (strcmp(key, "dangling") == 0)
		return strcmp(value, entry->name && *entry->name ? "false" : "true") == 0;
	return fnmatch(value, entry->name ? entry->name : "", 0) == 0 || is_called(entry, value);
}

static bool is_wanted(const struct catalogue_entry *entry, const struct list *names, const struct options *options)
{
	if (!filters_fit(&options->filters, filter_keys, has_value, entry))
		return false;
	for (size_t i = 0; i < names->count; i++)
		if (is_called(entry, names->items[i]))
			return true;
	return !names->count;
}

static void list_all(const struct places *places, const struct catalogue *catalogue, const struct list *names,
		     const struct options *options, struct text *ret)
{
	static const char *const heads[] = { "NAME", "IMAGE", "PLATFORM", "CREATED", "SIZE", "SHARED", "UNIQUE" };
	bool is_json = text_equal(options->format, "json");
	autorelease(list) struct list cells = { 0 };
	size_t shown = 0;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < catalogue->count; i++) {
		autorelease(facts) struct facts facts = { 0 };

		if (!is_wanted(&catalogue->items[i], names, options))
			continue;
		read_facts(places, &catalogue->items[i], &facts);
		if (is_json)
			text_add(ret, shown++ ? ",\n  " : "\n  ");
		if (is_json)
			add_object(&catalogue->items[i], &facts, ret);
		else
			add_row(&catalogue->items[i], &facts, options->no_trunc, &cells);
	}
	if (is_json)
		text_add(ret, shown ? "\n]\n" : "]\n");
	else
		report_table(&cells, sizeof heads / sizeof *heads, options->no_trunc ? 0 : report_width(), ret);
}

static int list_images(const struct call *call, const struct options *options, const struct list *names, struct text *ret, struct error *e)
{
	static const char *const forms[] = { "table", "json", NULL };
	autorelease(catalogue) struct catalogue catalogue = { 0 };

	if (options_one_of("format", options->format, forms, e) || filters_check(&options->filters, filter_keys, e) ||
	    catalogue_read(call->places, &catalogue, e))
		return -1;
	if (!options->quiet) {
		list_all(call->places, &catalogue, names, options, ret);
		return 0;
	}
	for (size_t i = 0; i < catalogue.count; i++)
		if (is_wanted(&catalogue.items[i], names, options))
			text_addf(ret, "%s\n", catalogue.items[i].image);
	return 0;
}

int command_images(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = options_parse(images_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
		     list_images(call, &options, &operands, &out, &e) || report_text(&out, &e);

	list_release(&options.filters);
	return result ? report_failure(&e) : 0;
}

static int tag(const struct call *call, const struct list *operands, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(image_name) struct image_name name = { 0 };
	const struct catalogue_entry *entry, *before;
	autofree char *full = NULL;

	if (operands->count != 2)
		return error_set(e, ERROR_USAGE, "tag: expected IMAGE NEW-NAME");
	if (image_name_parse(operands->items[1], &name, e))
		return -1;
	if (name.digest)
		return error_set(e, ERROR_USAGE, "tag: a new name has no digest");
	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, operands->items[0], e)))
		return -1;
	full = image_name_text(&name);
	before = catalogue_named(&catalogue, full);
	audit_image(call->audit, full, before ? before->image : NULL, entry->image);
	if (catalogue_tag(call->places, entry, full, e))
		return -1;
	events_note(call->places, "image", "tag", full, NULL);
	return 0;
}

int command_tag(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(no_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || tag(call, &operands, &e))
		return report_failure(&e);
	return 0;
}

static int remove_name(const struct call *call, const struct catalogue_entry *entry, struct error *e)
{
	autorelease(text) struct text out = { 0 };
	bool is_deleted = false;

	if (image_remove(call->places, entry, &is_deleted, e))
		return -1;
	audit_image(call->audit, entry->name, entry->image, NULL);
	text_addf(&out, "untagged %s\n", entry->name);
	events_note(call->places, "image", "untag", entry->name, NULL);
	if (is_deleted) {
		text_addf(&out, "deleted %s\n", entry->image);
		events_note(call->places, "image", "delete", entry->image, NULL);
	}
	return report_text(&out, e);
}

/* One name; or by its digest the image, which nobody can mean who does not know how many names it has. */
static int remove_one(const struct call *call, const char *words, bool is_forced, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(text) struct text names = { 0 };
	const struct catalogue_entry *entry;
	size_t count = 0;

	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, words, e)))
		return -1;
	if (catalogue_has_name(&catalogue, words))
		return remove_name(call, entry, e);
	for (size_t i = 0; i < catalogue.count; i++)
		if (strcmp(catalogue.items[i].image, entry->image) == 0)
			text_addf(&names, "%s%s", count++ ? ", " : "", catalogue.items[i].name);
	if (count > 1 && !is_forced) {
		error_set(e, ERROR_USAGE, "remove the image %.80s: it has %zu names: %.600s", words, count, names.data);
		return error_hint(e, "box rmi NAME takes one of them away, box rmi --force %.80s all", words);
	}
	for (size_t i = 0; i < catalogue.count; i++)
		if (strcmp(catalogue.items[i].image, entry->image) == 0 && remove_name(call, &catalogue.items[i], e))
			return -1;
	return 0;
}

int command_rmi(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int result = 0;

	if (options_parse(rmi_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e))
		return report_failure(&e);
	if (!operands.count) {
		error_set(&e, ERROR_USAGE, "rmi: expected at least one IMAGE");
		return report_failure(&e);
	}
	/* One that cannot be removed does not keep the others. */
	for (size_t i = 0; i < operands.count; i++) {
		error_clear(&e);
		if (remove_one(call, operands.items[i], options.force, &e) && !(options.force && e.kind == ERROR_MISSING))
			result = report_failure(&e);
	}
	return result;
}
