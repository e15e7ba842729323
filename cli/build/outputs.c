/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs.c - --output: the image, or its files, also somewhere else than in the store.
 */
#include "cli/build/outputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/build/local.h"
#include "cli/build/work.h"
#include "cli/build/worker.h"
#include "cli/commands.h"
#include "cli/output_file.h"
#include "images/save.h"

enum output_kind {
	OUTPUT_STORE, /* the image is there anyway */
	OUTPUT_OCI,
	OUTPUT_DOCKER,
	OUTPUT_TAR,   /* the files alone */
	OUTPUT_LOCAL, /* likewise, in a folder */
};

static const struct {
	const char *word;
	enum output_kind kind;
} types[] = {
	{ "image", OUTPUT_STORE },
	{ "oci", OUTPUT_OCI },
	{ "oci-archive", OUTPUT_OCI },
	{ "docker", OUTPUT_DOCKER },
	{ "docker-archive", OUTPUT_DOCKER },
	{ "tar", OUTPUT_TAR },
	{ "local", OUTPUT_LOCAL },
};

/* "type=oci,dest=FILE". */
struct output {
	enum output_kind kind;
	char *dest; /* NULL: not said */
};

static void output_release(struct output *output)
{
	free(output->dest);
	*output = (struct output){ 0 };
}

static int find_type(const char *words, const char *type, enum output_kind *ret, struct error *e)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_equal(type, types[i].word)) {
			*ret = types[i].kind;
			return 0;
		}
	return error_set(e, ERROR_USAGE, "option --output %s: expected type=oci, docker, tar or local", words);
}

static int parse(const char *words, struct output *ret, struct error *e)
{
	autofree char *copy = alloc_copy(words);
	const char *type = NULL;

	if (!strchr(words, '=')) {
		ret->kind = strcmp(words, "-") == 0 ? OUTPUT_TAR : OUTPUT_LOCAL;
		ret->dest = alloc_copy(words);
	}
	for (char *rest = ret->dest ? NULL : copy, *part; rest && (part = strsep(&rest, ","));) {
		if (text_starts(part, "type=") && !type)
			type = part + strlen("type=");
		else if (text_starts(part, "dest=") && !ret->dest)
			ret->dest = alloc_copy(part + strlen("dest="));
		else
			return error_set(e, ERROR_USAGE, "option --output %s: expected type=oci|docker|tar|local and dest=PATH, found %s", words, part);
	}
	if (strchr(words, '=') && find_type(words, type, &ret->kind, e))
		return -1;
	if (ret->kind == OUTPUT_LOCAL && (!ret->dest || !*ret->dest))
		return error_set(e, ERROR_USAGE, "option --output %s: expected dest=FOLDER", words);
	return 0;
}

static bool is_to_stdout(const struct output *output)
{
	return output->kind != OUTPUT_STORE && output->kind != OUTPUT_LOCAL && (!output->dest || strcmp(output->dest, "-") == 0);
}

int build_outputs_check(struct build_options *options, struct error *e)
{
	for (size_t i = 0; i < options->outputs.count; i++) {
		autorelease(output) struct output output = { 0 };

		if (parse(options->outputs.items[i], &output, e))
			return -1;
		options->is_stdout_taken = options->is_stdout_taken || is_to_stdout(&output);
	}
	return 0;
}

static int write_file(struct build_work *work, const struct stage *target, const struct output *output, const struct list *images,
		      struct error *e)
{
	autorelease(output_file) struct output_file file = { .fd = -1 };
	enum save_format format = output->kind == OUTPUT_OCI ? SAVE_OCI : SAVE_DOCKER;
	int result;

	if (output_file_open(output->dest, &file, e))
		return -1;
	result = output->kind == OUTPUT_TAR ? build_worker_export(work, &target->diff_ids, file.fd, e)
					    : image_save(work->call->places, images, format, file.fd, e);
	return result || output_file_commit(&file, e) ? error_in(e, "write %s", output->dest ? output->dest : "the image") : 0;
}

int build_outputs_write(struct build_work *work, const struct stage *target, const struct list *images, struct error *e)
{
	for (size_t i = 0; i < work->options->outputs.count; i++) {
		autorelease(output) struct output output = { 0 };

		if (parse(work->options->outputs.items[i], &output, e))
			return -1;
		if (output.kind == OUTPUT_LOCAL && build_local_write(work, &target->diff_ids, output.dest, e))
			return error_in(e, "write %s", output.dest);
		if (output.kind != OUTPUT_LOCAL && output.kind != OUTPUT_STORE && write_file(work, target, &output, images, e))
			return -1;
	}
	return 0;
}
