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
#include "cli/frozen.h"
#include "cli/output_file.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "images/image.h"
#include "runtime/apps/apps.h"
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

static int export_app(const struct call *call, const char *name, int fd, struct error *e)
{
	autorelease(frozen) struct frozen frozen = { .image = { .pin = -1 } };
	autoclose int definition = apps_open(call->places, name, NULL, e);

	if (definition < 0 || frozen_read(call->places, name, definition, &frozen, e) ||
	    box_export_app(call->places, &frozen.container, fd, e))
		return error_in(e, "export %s", name);
	return 0;
}

static int export_image(const struct call *call, const char *words, int fd, struct error *e)
{
	autorelease(image) struct image image = { .pin = -1 };

	if (find_image(call, words, &image, e))
		return -1;
	return box_export_layers(call->places, image.layers, image.layer_count, fd, e) ? error_in(e, "export %s", words) : 0;
}

static int export(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };
	const char *name;
	int result;

	if (operands->count != 1)
		return error_set(e, ERROR_USAGE, "export: expected the NAME of a container, or an IMAGE");
	name = operands->items[0];
	/* It may begin again from another file, so that it comes before the tar is made. */
	if ((box_lives(call->places, name) && box_seal(e)) || output_file_open(options->output, &file, e))
		return -1;
	if (box_lives(call->places, name))
		result = export_container(call, name, file.fd, e);
	else if (apps_exists(call->places, name))
		result = export_app(call, name, file.fd, e);
	else
		result = export_image(call, name, file.fd, e);
	return result ? -1 : output_file_commit(&file, e);
}

int command_export(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(export_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) ||
	    targets_one(call, &operands, 0, &e) || export(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}
