/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_export.c - box export: what a container or an image has below "/", as one tar.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "images/image.h"
#include "runtime/box.h"

struct options {
	const char *output;
};

const struct option_row export_options[] = {
	{ 'o', "output", OPTION_TEXT, offsetof(struct options, output), "FILE", "the tar (default: stdout)" },
	{ 0 },
};

static int export_container(const struct call *call, const char *name, int fd, struct error *e)
{
	int64_t shortened = 0;

	if (box_export(call->places, name, fd, &shortened, e))
		return error_in(e, "export %s", name);
	if (shortened)
		log_warning("%s: %" PRId64 " files became shorter while they were read; zeros fill them up, continuing", name, shortened);
	return 0;
}

static int find_image(const struct call *call, const char *words, struct image *ret, struct error *e)
{
	const struct image_options options = { .pull = PULL_NEVER };

	if (image_resolve(call->places, words, &options, ret, e) == 0)
		return 0;
	/* Not every name of a container could be one of an image. */
	if (e->kind == ERROR_MISSING || e->kind == ERROR_USAGE) {
		error_set(e, ERROR_MISSING, "export %s: no container of this name runs, and the store has no such image", words);
		error_hint(e, "box ps lists containers, box images images; box pull %s fetches one", words);
	}
	return -1;
}

static int write_tar(const struct call *call, const char *output, const char *words, const struct image *image, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };

	if (output_file_open(output, &file, e))
		return -1;
	if (image && box_export_layers(call->places, image->layers, image->layer_count, file.fd, e))
		return error_in(e, "export %s", words);
	if (!image && export_container(call, words, file.fd, e))
		return -1;
	return output_file_commit(&file, e);
}

static int export(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	autorelease(image) struct image image = { .pin = -1 };
	bool is_container;

	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "export: expected the NAME of a container, or an IMAGE");
	is_container = box_lives(call->places, operands->items[0]);
	/* It may begin again from another file, so that it comes before the tar is made. */
	if (is_container ? box_seal(e) : find_image(call, operands->items[0], &image, e))
		return -1;
	return write_tar(call, options->output, operands->items[0], is_container ? NULL : &image, e);
}

int command_export(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(export_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    export(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}
