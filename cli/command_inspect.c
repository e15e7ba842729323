/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_inspect.c - box inspect and box history: what a container, an image or a volume is, and how an image came about.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/number.h"
#include "base/places.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "images/catalogue.h"
#include "images/digest.h"
#include "images/index.h"
#include "images/referrers.h"
#include "images/referrers_request.h"
#include "images/store.h"
#include "runtime/inspect.h"
#include "runtime/storage/volumes.h"
#include "specs/image_story.h"

struct options {
	const char *type;
	bool no_trunc, referrers;
};

const struct option_row inspect_options[] = {
	{ 0, "type", OPTION_TEXT, offsetof(struct options, type), "container|image|volume",
	  "what NAME is; without it the first of these that has the name" },
	{ 0, "referrers", OPTION_FLAG, offsetof(struct options, referrers), NULL,
	  "of images: also what refers to them at their registries: signatures, SBOMs" },
	OTHER_OPTION('f', "format", "leave it out, and pick from its JSON: box inspect NAME | jq '.[0].digest'"),
	OTHER_OPTION('s', "size", "leave it out; sizes of images are told"),
	{ 0 },
};

const struct option_row history_options[] = {
	{ 0, "no-trunc", OPTION_FLAG, offsetof(struct options, no_trunc), NULL, "whole commands, whatever the terminal's width" },
	OTHER_OPTION(0, "format", "box inspect IMAGE | jq '.[0].configuration.history' has the steps as JSON"),
	OTHER_OPTION('q', "quiet", "steps have no ids of their own; box images -q prints those of images"),
	OTHER_OPTION('H', "human", "leave it out; sizes are written so"),
	{ 0 },
};

/* Of the image, and of the index that it was chosen from: either may be what was signed. */
static int add_referrers(const struct call *call, const struct catalogue_entry *entry, struct text *ret, struct error *e)
{
	const char *digests[] = { entry->digest, strcmp(entry->digest, entry->image) == 0 ? NULL : entry->image };

	json_add_key(ret, "referrers");
	text_add_char(ret, '{');
	for (size_t i = 0; i < 2 && digests[i]; i++) {
		autorelease(text) struct text json = { 0 };

		if (referrers_request(call->places, entry->name, digests[i], &json, e))
			return -1;
		text_add(ret, i ? "," : "");
		json_add_text(ret, digests[i]);
		text_add_char(ret, ':');
		if (image_json_print(json.data, json.length, "what the registry says", ret, e))
			return -1;
	}
	text_add_char(ret, '}');
	return 0;
}

/* One document in the store that refers to the image. */
static int add_attached(const struct call *call, const struct descriptor *referrer, struct text *ret, struct error *e)
{
	struct catalogue_entry entry = { 0 };

	if (catalogue_manifest(call->places, referrer->digest, &entry, e))
		return -1;
	text_add_char(ret, '{');
	json_add_member(ret, "artifact_type", referrer->artifact_type);
	json_add_member(ret, "digest", referrer->digest);
	if (entry.layer_count)
		json_add_member(ret, "document", entry.layers[0].digest);
	text_add_char(ret, '}');
	catalogue_entry_release(&entry);
	return 0;
}

/* What lies beside the image in the store, if anything does. */
static int add_all_attached(const struct call *call, const struct catalogue_entry *entry, struct text *ret, struct error *e)
{
	autoclose int store = store_open(call->places->store, e);
	autorelease(index) struct index referrers = { 0 };
	struct digest image;

	if (store < 0 || digest_parse(entry->image, &image) || referrers_read(store, &image, &referrers, e))
		return -1;
	if (!referrers.count)
		return 0;
	json_add_key(ret, "attached");
	for (size_t i = 0; i < referrers.count; i++) {
		text_add_char(ret, i ? ',' : '[');
		if (add_attached(call, &referrers.items[i], ret, e))
			return -1;
	}
	text_add_char(ret, ']');
	return 0;
}

/* One image as JSON; its own documents are in it as they are. */
static int add_image(const struct call *call, const struct options *options, const struct catalogue_entry *entry, struct text *ret,
		     struct error *e)
{
	static const char *const keys[] = { "manifest", "configuration" };
	const char *digests[] = { entry->image, entry->config.digest };

	text_add_char(ret, '{');
	json_add_member(ret, "name", entry->name);
	json_add_member(ret, "digest", entry->digest);
	json_add_member(ret, "image", entry->image);
	json_add_member(ret, "config", entry->config.digest);
	json_add_number(ret, "size", (uint64_t)entry->size);
	json_add_number(ret, "shared_size", (uint64_t)(entry->size - entry->unique));
	json_add_number(ret, "unique_size", (uint64_t)entry->unique);
	for (size_t i = 0; i < 2; i++) {
		autorelease(text) struct text json = { 0 };

		if (catalogue_blob(call->places, digests[i], &json, e))
			return -1;
		json_add_key(ret, keys[i]);
		if (image_json_print(json.data, json.length, digests[i], ret, e))
			return -1;
	}
	if (add_all_attached(call, entry, ret, e))
		return -1;
	if (options->referrers && add_referrers(call, entry, ret, e))
		return -1;
	text_add_char(ret, '}');
	return 0;
}

static int inspect_image(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	const struct catalogue_entry *entry;

	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, name, e)))
		return -1;
	return add_image(call, options, entry, ret, e);
}

static int inspect_container(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e)
{
	autorelease(list) struct list targets = { 0 };
	autorelease(text) struct text all = { 0 };

	(void)options;
	list_add(&targets, name);
	if (targets_all(call, &targets, e))
		return -1;
	for (size_t i = 0; i < targets.count; i++) {
		text_add(&all, i ? "," : "");
		if (container_inspect(call->places, targets.items[i], &all, e))
			return -1;
	}
	text_add(ret, all.data ? all.data : "");
	return 0;
}

static int inspect_volume(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e)
{
	(void)options;
	return volume_inspect(call->places, name, ret, e);
}

/* In the order in which a name is looked for. */
static const struct kind {
	const char *type;
	int (*inspect)(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e);
} kinds[] = {
	{ "container", inspect_container },
	{ "image", inspect_image },
	{ "volume", inspect_volume },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Of several errors the first that is more than "there is none" counts. */
static int inspect_one(const struct call *call, const struct options *options, const char *name, struct text *ret, struct error *e)
{
	const char *type = options->referrers ? "image" : options->type;
	char hint[sizeof ((struct error *)NULL)->hint] = "";

	for (size_t i = 0; i < KINDS; i++) {
		struct error here = { 0 };

		if (type && strcmp(kinds[i].type, type) != 0)
			continue;
		if (kinds[i].inspect(call, options, name, ret, &here) == 0)
			return 0;
		/* What cannot be a name of one kind may be one of another. */
		if (type || (here.kind != ERROR_MISSING && here.kind != ERROR_USAGE)) {
			*e = here;
			return -1;
		}
		if (text_starts(here.hint, "did you mean"))
			memcpy(hint, here.hint, sizeof hint);
	}
	error_set(e, ERROR_MISSING, "inspect %s: there is no container, image or volume of this name", name);
	if (*hint)
		return error_hint(e, "%s", hint);
	return error_hint(e, "box ps, box images and box volume ls list what there is");
}

static int inspect(const struct call *call, const struct options *options, const struct list *operands, struct text *ret, struct error *e)
{
	autorelease(text) struct text json = { 0 };

	if (!operands->count)
		return error_set(e, ERROR_USAGE, "inspect: expected at least one NAME");
	text_add_char(&json, '[');
	for (size_t i = 0; i < operands->count; i++) {
		text_add(&json, i ? "," : "");
		if (inspect_one(call, options, operands->items[i], &json, e))
			return -1;
	}
	text_add_char(&json, ']');
	if (image_json_print(json.data, json.length, "inspect", ret, e))
		return -1;
	text_add_char(ret, '\n');
	return 0;
}

int command_inspect(const struct call *call)
{
	static const char *const types[] = { "container", "image", "volume", NULL };
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(inspect_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    options_one_of("type", options.type, types, &e) || inspect(call, &options, &operands, &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}

/* Newest first, as other tools have it. Steps and layers are counted together from the oldest on. */
static void add_steps(const struct image_story *story, const struct catalogue_entry *entry, struct list *cells)
{
	size_t layers = 0;

	for (size_t i = 0; i < story->step_count; i++)
		layers += !story->steps[i].is_empty;
	for (size_t i = story->step_count; i-- > 0;) {
		const struct image_step *step = &story->steps[i];
		char words[32] = "0 B";

		if (!step->is_empty && layers-- > 0 && layers < entry->layer_count)
			(void)size_format((uint64_t)entry->layers[layers].size, words); /* fills words */
		list_addf(cells, "%.10s", step->created ? step->created : "");
		list_add(cells, step->is_empty ? "0 B" : words);
		list_add(cells, step->created_by ? step->created_by : "");
		list_add(cells, step->comment ? step->comment : "");
	}
}

static int history(const struct call *call, const struct options *options, const struct list *operands, struct text *ret, struct error *e)
{
	static const char *const heads[] = { "CREATED", "SIZE", "CREATED BY", "COMMENT" };
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(image_story) struct image_story story = { 0 };
	autorelease(text) struct text json = { 0 };
	autorelease(list) struct list cells = { 0 };
	const struct catalogue_entry *entry;

	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "history: expected IMAGE");
	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, operands->items[0], e)))
		return -1;
	if (catalogue_blob(call->places, entry->config.digest, &json, e) ||
	    image_story_decode(json.data, json.length, "its configuration", &story, e))
		return -1;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		list_add(&cells, heads[i]);
	add_steps(&story, entry, &cells);
	report_table(&cells, sizeof heads / sizeof *heads, options->no_trunc ? 0 : report_width(), ret);
	return 0;
}

int command_history(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(text) struct text out = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(history_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    history(call, &options, &operands, &out, &e) || report_text(&out, &e))
		return report_failure(&e);
	return 0;
}
