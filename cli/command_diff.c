/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_diff.c - box diff: where two images of the store differ, and why.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/image_diff.h"
#include "cli/report.h"
#include "images/catalogue.h"

enum { STATUS_DIFFERENT = 1, STATUS_FAILED = 2 };

struct options {
	const char *format;
	bool quiet;
};

const struct option_row diff_options[] = {
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "text|json",
	  "the form of the list (default: text)" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "print nothing; the exit code says it" },
	{ 0 },
};

static int compare(const struct call *call, const struct options *options, const struct list *operands,
		   bool *ret_differ, struct error *e)
{
	autorelease(catalogue) struct catalogue catalogue = { 0 };
	autorelease(list) struct list lines = { 0 };
	autorelease(text) struct text out = { 0 };
	const struct catalogue_entry *first, *second;
	bool is_json = text_equal(options->format, "json");

	if (options->format && !is_json && !text_equal(options->format, "text"))
		return error_set(e, ERROR_USAGE, "option --format %s: expected text or json", options->format);
	if (operands->count != 2) {
		error_set(e, ERROR_USAGE, "diff: expected two images of the store");
		return error_hint(e, "box export NAME | tar -t lists what a container has");
	}
	if (catalogue_read(call->places, &catalogue, e) ||
	    !(first = catalogue_find(&catalogue, operands->items[0], e)) ||
	    !(second = catalogue_find(&catalogue, operands->items[1], e)) ||
	    image_diff(call->places, first->image, second->image, &lines, e))
		return -1;
	*ret_differ = lines.count > 0;
	if (options->quiet)
		return 0;
	if (is_json)
		image_diff_json(&lines, &out);
	else
		image_diff_text(&lines, &out);
	return out.length ? report_text(&out, e) : 0;
}

int command_diff(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	bool is_different = false;
	int status;

	if (options_parse(diff_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    compare(call, &options, &operands, &is_different, &e)) {
		status = report_failure(&e);
		/* As diff(1): 1 means that they differ. */
		return status == STATUS_DIFFERENT ? STATUS_FAILED : status;
	}
	return is_different ? STATUS_DIFFERENT : 0;
}
