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
#include "runtime/events.h"

struct options {
	bool quiet;
	const char *platform;
};

const struct option_row pull_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "print nothing but the name with the digest" },
	{ 0, "platform", OPTION_TEXT, offsetof(struct options, platform), "OS/ARCH[/VARIANT]",
	  "of an image for several platforms (default: this host's)" },
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
	return pull_all(call, &options, &names, &e) ? report_failure(&e) : 0;
}
