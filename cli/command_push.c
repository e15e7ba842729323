/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_push.c - box push: an image of the store into a registry.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "images/catalogue.h"
#include "images/image_name.h"
#include "images/push_request.h"
#include "runtime/logs/events.h"

struct options {
	bool quiet;
};

const struct option_row push_options[] = {
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "print nothing but the name with the digest" },
	ALL_TAGS_OPTION("push"),
	OTHER_OPTION(0, "format", "leave it out; an image is pushed as it is, so that its digest stays"),
	OTHER_OPTION(0, "digestfile", "box push -q prints the name with the digest"),
	TRANSFER_OPTIONS,
	{ 0 },
};

static int push(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(text) struct text out = { 0 };
	autofree char *full = NULL;
	const struct catalogue_entry *entry;
	struct progress *progress;
	int result;

	if (operands->count != 1 && operands->count != 2)
		return error_set(e, ERROR_USAGE, "push: expected IMAGE, and perhaps the NAME that it gets");
	if (catalogue_read(call->places, &catalogue, e) || !(entry = catalogue_find(&catalogue, operands->items[0], e)))
		return -1;
	if (image_name_parse(operands->count > 1 ? operands->items[1] : entry->name, &name, e))
		return -1;
	full = image_name_text(&name);
	progress = progress_new(options->quiet, "pushing", "pushed");
	progress_begins(full, progress);
	result = push_request(call->places, &catalogue, entry, operands->count > 1 ? operands->items[1] : entry->name, progress_blob, progress, e);
	progress_free(progress);
	audit_image(call->audit, full, NULL, entry->image);
	if (result)
		return -1;
	events_note(call->places, "image", "push", full, NULL);
	text_addf(&out, "%s/%s%s%s@%s\n", name.host, name.repository, name.tag ? ":" : "", name.tag ? name.tag : "", entry->image);
	return report_text(&out, e);
}

int command_push(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(push_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || push(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}
