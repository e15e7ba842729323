/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_save.c - box save: images of the store as one archive.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "images/save.h"
#include "runtime/logs/events.h"

struct options {
	const char *output, *format;
};

const struct option_row save_options[] = {
	{ 'o', "output", OPTION_TEXT, offsetof(struct options, output), "FILE", "the archive (default: stdout)" },
	{ 0, "format", OPTION_TEXT, offsetof(struct options, format), "oci-archive|docker-archive", "its form (default: oci-archive)" },
	OTHER_OPTION('m', "multi-image-archive", "leave it out; any archive may hold several images"),
	OTHER_OPTION(0, "compress", "leave it out; layers stay as they came"),
	{ 0 },
};

static int save(const struct call *call, const struct options *options, const struct list *images, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };
	int format = save_format_of(options->format ? options->format : "oci-archive");

	if (!images->count)
		return error_set(e, ERROR_USAGE, "save: expected at least one IMAGE");
	if (format < 0)
		return error_set(e, ERROR_USAGE, "option --format %s: expected oci-archive or docker-archive", options->format);
	if (output_file_open(options->output, &file, e))
		return -1;
	if (image_save(call->places, images, (enum save_format)format, file.fd, e))
		return error_in(e, "save %s", options->output ? options->output : "to stdout");
	if (output_file_commit(&file, e))
		return -1;
	for (size_t i = 0; i < images->count; i++)
		events_note(call->places, "image", "save", images->items[i], NULL);
	return 0;
}

int command_save(const struct call *call)
{
	autorelease(list) struct list images = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(save_options, OPERANDS_ANYWHERE, call->argv, &options, &images, NULL, &e) || save(call, &options, &images, &e))
		return report_failure(&e);
	return 0;
}
