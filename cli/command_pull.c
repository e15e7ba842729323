/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_pull.c - box pull: an image from its registry into the store.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "images/image.h"
#include "images/reference.h"
#include "runtime/logs/events.h"
#include "specs/app.h"
#include "specs/stack.h"

struct options {
	bool quiet;
	const char *platform, *override;
};

const struct option_row pull_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "print nothing but the name with the digest" },
	{ 0, "platform", OPTION_TEXT, offsetof(struct options, platform), "OS/ARCH[/VARIANT]",
	  "of an image for several platforms (default: this host's)" },
	{ 0, "override", OPTION_TEXT, offsetof(struct options, override), "NAME", "of a file: merge this entry of its overrides" },
	ALL_TAGS_OPTION("pull"),
	OTHER_OPTION(0, "policy", "leave it out; box pull always asks, box run has --pull"),
	PLATFORM_OPTIONS,
	TRANSFER_OPTIONS,
	{ 0 },
};

/* "docker.io/library/debian:12@sha256:…", which can be pasted anywhere; and what it was before, where that was something else. */
static void tell(const struct image_pulled *pulled, bool is_quiet, struct text *out)
{
	if (!is_quiet && pulled->before && strcmp(pulled->before, pulled->digest) != 0) {
		autofree char *line = text_format("%s has moved: it was %s", pulled->name, pulled->before);

		report_line(line);
	}
	text_add(out, pulled->name);
	if (!strchr(pulled->name, '@'))
		text_addf(out, "@%s", pulled->digest);
	text_add_char(out, '\n');
}

/* Those of registries that what runs of a file is made of: what is built, and what lies on this machine, is not pulled. */
static int add_file(const struct options *options, const char *file, struct list *ret, struct error *e)
{
	const struct app_options chosen = { .override = options->override };
	struct stack *stack;
	int result = 0;

	if (stack_load(file, &chosen, &stack, e))
		return -1;
	for (size_t i = 0; result == 0 && i < stack->count; i++) {
		autorelease(reference) struct reference reference = { 0 };
		struct app_build build;
		const char *field, *image;

		if (app_build_of(stack->services[i].app, &build))
			continue;
		image = app_image(stack->services[i].app, &field);
		result = reference_parse(image, &reference, e);
		if (result == 0 && reference.kind == REFERENCE_REGISTRY && !list_has(ret, image))
			list_add(ret, image);
	}
	stack_free(stack);
	return result;
}

/* A file stands for its images. */
static int find_names(const struct options *options, struct list *words, struct error *e)
{
	autorelease(list) struct list names = { 0 };

	for (size_t i = 0; i < words->count; i++) {
		if (!text_ends(words->items[i], ".json"))
			list_add(&names, words->items[i]);
		else if (add_file(options, words->items[i], &names, e))
			return -1;
	}
	list_release(words);
	*words = names;
	names = (struct list){ 0 };
	return 0;
}

static int pull_all(const struct call *call, const struct options *options, const struct list *names, struct error *e)
{
	for (size_t i = 0; i < names->count; i++) {
		struct progress *progress = progress_new(options->quiet, "pulling", "fetched");
		const struct image_options choices = { .pull = PULL_ALWAYS, .platform = options->platform, .progress = progress_blob,
						       .begins = progress_begins, .data = progress };
		autorelease(image_pulled) struct image_pulled pulled = { 0 };
		autorelease(text) struct text out = { 0 };
		int result = image_pull(call->places, names->items[i], &choices, &pulled, e);

		progress_free(progress);
		if (result)
			return -1;
		audit_image(call->audit, pulled.name, pulled.before, pulled.digest);
		events_note(call->places, "image", "pull", pulled.name, NULL);
		tell(&pulled, options->quiet, &out);
		if (report_text(&out, e))
			return -1;
	}
	return 0;
}

int command_pull(const struct call *call)
{
	autorelease(list) struct list names = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(pull_options, OPERANDS_ANYWHERE, call->argv, &options, &names, NULL, &e))
		return report_failure(&e);
	if (!names.count) {
		error_set(&e, ERROR_USAGE, "pull: expected NAME…");
		return report_failure(&e);
	}
	return find_names(&options, &names, &e) || pull_all(call, &options, &names, &e) ? report_failure(&e) : 0;
}
