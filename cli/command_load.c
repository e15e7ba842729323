/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_load.c - box load and box import: archives become images of the store.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "images/image_name.h"
#include "images/load_request.h"
#include "runtime/logs/events.h"

struct options {
	const char *input;
	bool force, quiet;
};

const struct option_row load_options[] = {
	{ 'i', "input", OPTION_TEXT, offsetof(struct options, input), "FILE", "the archive (default: stdin)" },
	{ 'f', "force", OPTION_FLAG, offsetof(struct options, force), NULL, "take names that stand for other images in the store" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "print digests only" },
	{ 0 },
};

const struct option_row import_options[] = {
	OTHER_OPTION('c', "change", "leave it out; the command, environment and user of what runs are written into app.json"),
	OTHER_OPTION('m', "message", "leave it out; an import is one step without a comment"),
	{ 0 },
};

/* A descriptor of at least 3, as box-image wants it. */
static int open_input(const char *path, struct error *e)
{
	int fd;

	if (path && strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	else if (isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "the archive would come from the terminal; name a file");
	else
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd >= 0 ? fd : error_sys(e, "open %s", path ? path : "stdin");
}

/* "DIGEST NAME" as lines that can be pasted. */
static int tell(const struct list *loaded, bool is_quiet, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	for (size_t i = 0; i < loaded->count; i++) {
		const char *name = strchr(loaded->items[i], ' ');
		size_t length = name ? (size_t)(name - loaded->items[i]) : strlen(loaded->items[i]);
		bool is_named = name && strncmp(name + 1, loaded->items[i], length) != 0;

		if (is_named && !is_quiet)
			text_addf(&out, "%s@", name + 1);
		text_add_bytes(&out, loaded->items[i], length);
		text_add_char(&out, '\n');
	}
	return report_text(&out, e);
}

static void note(struct audit *audit, const struct list *loaded)
{
	for (size_t i = 0; i < loaded->count; i++) {
		size_t length = strcspn(loaded->items[i], " ");
		autofree char *digest = alloc_copy_bytes(loaded->items[i], length);

		audit_image(audit, loaded->items[i][length] ? loaded->items[i] + length + 1 : digest, NULL, digest);
	}
}

static int load(const struct call *call, const struct options *options, const struct list *operands, struct error *e)
{
	const char *words = options->input && strcmp(options->input, "-") != 0 ? options->input : "stdin";
	autorelease(list) struct list loaded = { 0 };
	struct error ignored = { 0 };
	autoclose int source = -1;
	int result;

	if (operands->count)
		return error_set(e, ERROR_USAGE, "load: expected no operand; the archive is named with -i");
	source = open_input(options->input, e);
	if (source < 0)
		return -1;
	result = load_request(call->places, source, words, options->force, &loaded, e);
	note(call->audit, &loaded);
	for (size_t i = 0; i < loaded.count; i++) {
		const char *name = strchr(loaded.items[i], ' ');

		events_note(call->places, "image", "load", name ? name + 1 : loaded.items[i], NULL);
	}
	/* What was loaded before an error is there, and told. */
	return tell(&loaded, options->quiet, result ? &ignored : e) || result ? -1 : 0;
}

int command_load(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(load_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || load(call, &options, &operands, &e))
		return report_failure(&e);
	return 0;
}

static int import(const struct call *call, const struct list *operands, struct error *e)
{
	autorelease(image_name) struct image_name name = { 0 };
	autorelease(list) struct list made = { 0 };
	autofree char *full = NULL;
	autofree char *image = NULL;
	autoclose int source = -1;

	if (operands->count != 2)
		return error_set(e, ERROR_USAGE, "import: expected FILE NAME; FILE may be - for stdin");
	if (image_name_parse(operands->items[1], &name, e))
		return -1;
	if (name.digest)
		return error_set(e, ERROR_USAGE, "import: a new name has no digest");
	source = open_input(operands->items[0], e);
	if (source < 0)
		return -1;
	full = image_name_text(&name);
	if (import_request(call->places, source, operands->items[0], full, &image, e))
		return -1;
	events_note(call->places, "image", "import", full, NULL);
	list_addf(&made, "%s %s", image, full);
	note(call->audit, &made);
	return tell(&made, /* is_quiet= */ false, e);
}

int command_import(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };

	if (options_parse(import_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, &e) || import(call, &operands, &e))
		return report_failure(&e);
	return 0;
}
