/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_images.c - box images, tag, rmi: what the store has.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "specs/image_config.h"
#include "specs/image_story.h"

enum { DIGITS = 12, DATE = 10 };

struct options {
	bool quiet, force;
	const char *format;
};

const struct option_row images_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "digests only" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "table|json", "form of the list (default: table)" },
	{ 0 },
};

const struct option_row rmi_options[] = {
	{ 'f', "force", OPTION_FLAG, offsetof(struct options, force), NULL, "one that does not exist is fine" },
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

static void add_row(const struct catalogue_entry *entry, const struct facts *facts, struct list *cells)
{
	char words[32];

	list_add(cells, entry->name);
	list_addf(cells, "%.*s", DIGITS, digits(entry->image));
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

	if (strcmp(entry->name, words) == 0)
		return true;
	if (image_name_parse(words, &name, &ignored))
		return false;
	if (name.digest || (colon && !strchr(colon, '/'))) {
		full = image_name_text(&name);
		return strcmp(entry->name, full) == 0;
	}
	return image_name_behind(&name, entry->name);
}

static bool is_wanted(const struct catalogue_entry *entry, const struct list *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (is_called(entry, names->items[i]))
			return true;
	return !names->count;
}

static void list_all(const struct places *places, const struct catalogue *catalogue, const struct list *names, bool is_json,
		     struct text *ret)
{
	static const char *const heads[] = { "NAME", "IMAGE", "PLATFORM", "CREATED", "SIZE", "SHARED", "UNIQUE" };
	autorelease(list) struct list cells = { 0 };
	size_t shown = 0;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	text_add(ret, is_json ? "[" : "");
	for (size_t i = 0; i < catalogue->count; i++) {
		autorelease(facts) struct facts facts = { 0 };

		if (!is_wanted(&catalogue->items[i], names))
			continue;
		read_facts(places, &catalogue->items[i], &facts);
		if (is_json)
			text_add(ret, shown++ ? ",\n  " : "\n  ");
		if (is_json)
			add_object(&catalogue->items[i], &facts, ret);
		else
			add_row(&catalogue->items[i], &facts, &cells);
	}
	if (is_json)
		text_add(ret, shown ? "\n]\n" : "]\n");
	else
		report_table(&cells, sizeof heads / sizeof *heads, report_width(), ret);
}

int command_images(const struct call *call)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	bool is_json;

	if (options_parse(images_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e))
		return report_failure(&e);
	is_json = options.format && strcmp(options.format, "json") == 0;
	if (options.format && !is_json && strcmp(options.format, "table") != 0)
		error_set(&e, ERROR_USAGE, "option --format %s: expected table or json", options.format);
	if (e.kind != ERROR_NONE || catalogue_read(call->places, &catalogue, &e))
		return report_failure(&e);
	if (options.quiet)
		for (size_t i = 0; i < catalogue.count; i++) {
			if (is_wanted(&catalogue.items[i], &operands))
				text_addf(&out, "%s\n", catalogue.items[i].image);
		}
	else
		list_all(call->places, &catalogue, &operands, is_json, &out);
	return report_text(&out, &e) ? report_failure(&e) : 0;
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
	return catalogue_tag(call->places, entry, full, e);
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

static int remove_one(const struct call *call, const char *words, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(text) struct text out = { 0 };
	const struct catalogue_entry *entry;
	int is_deleted = 0;

	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, words, e)) ||
	    catalogue_remove(call->places, entry, &is_deleted, e))
		return -1;
	audit_image(call->audit, entry->name, entry->image, NULL);
	text_addf(&out, "untagged %s\n", entry->name);
	if (is_deleted)
		text_addf(&out, "deleted %s\n", entry->image);
	return report_text(&out, e);
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
		if (remove_one(call, operands.items[i], &e) && !(options.force && e.kind == ERROR_MISSING))
			result = report_failure(&e);
	}
	return result;
}
