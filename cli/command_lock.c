/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_lock.c - box lock: app.lock.json beside app.json, Dockerfile.lock.json beside a Dockerfile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/lock_make.h"
#include "cli/report.h"
#include "images/lock_files.h"
#include "specs/lock.h"

enum { EXIT_STALE = 2 };

struct options {
	bool check, update, quiet;
};

const struct option_row lock_options[] = {
	{ 0, "check", OPTION_FLAG, offsetof(struct options, check), NULL,
	  "write nothing; exit code 2, and a line for each difference, where the lock is not that of the spec" },
	{ 0, "update", OPTION_FLAG, offsetof(struct options, update), NULL,
	  "ask the registries again, for IMAGE alone where one is named; else what is locked stays" },
	{ 'q', "quiet", OPTION_FLAG, offsetof(struct options, quiet), NULL, "no word about what is locked" },
	{ 0 },
};

/* A lock that is not there is an empty one. */
static int read_before(const char *path, struct lock *ret, bool *ret_is_there, struct error *e)
{
	*ret_is_there = lock_read(path, ret, e) == 0;
	if (!*ret_is_there && e->sys != ENOENT)
		return -1;
	error_clear(e);
	return 0;
}

static int check(const struct call *call, const char *file, const char *path, struct error *e)
{
	autorelease(lock) struct lock before = { 0 };
	autorelease(lock) struct lock now = { 0 };
	autorelease(list) struct list differences = { 0 };
	bool is_there;

	if (read_before(path, &before, &is_there, e))
		return 1;
	if (is_there) {
		const struct lock_order order = {
			.places = call->places, .spec = file, .before = &before, .is_offline = true
		};

		if (lock_make(&order, &now, &differences, e))
			return 1;
		lock_compare(&before, &now, &differences);
	} else {
		list_add(&differences, "it is not there");
	}
	for (size_t i = 0; i < differences.count; i++) {
		autofree char *line = text_format("%s: %s", path, differences.items[i]);

		report_line(line);
	}
	return differences.count ? EXIT_STALE : 0;
}

static void tell(const struct lock *before, const struct lock *now, struct text *out)
{
	for (size_t i = 0; i < now->image_count; i++) {
		const struct lock_image *image = &now->images[i], *locked = lock_find_image(before, image->reference);

		if (locked && strcmp(locked->digest, image->digest) == 0)
			continue;
		text_addf(out, "%s is %s", image->reference, image->digest);
		if (locked)
			text_addf(out, ", and was %s", locked->digest);
		for (size_t k = 0; k < image->platform_count; k++)
			text_addf(out, "%s%s", k ? ", " : " for ", image->platforms[k].name);
		text_add_char(out, '\n');
	}
}

/* Bytes that are there already are left as they are. */
static int write_lock(const char *path, const struct text *json, struct error *e)
{
	autorelease(text) struct text there = { 0 };
	struct error ignored = { 0 };

	if (file_read(AT_FDCWD, path, json->length, &there, &ignored) == 0 && text_equal(there.data, json->data))
		return 0;
	return file_replace(AT_FDCWD, path, json->data, json->length, 0644, e);
}

static int lock_spec(const struct call *call, const struct options *options, const char *file, const char *image,
		     const char *path, struct error *e)
{
	autorelease(lock) struct lock before = { 0 };
	autorelease(lock) struct lock now = { 0 };
	autorelease(list) struct list nothing = { 0 };
	autorelease(text) struct text json = { 0 };
	autorelease(text) struct text out = { 0 };
	const struct lock_order order = { .places = call->places,
					  .spec = file,
					  .before = &before,
					  .update = !options->update ? NULL
						    : image          ? image
								     : "" };
	bool is_there;

	if (read_before(path, &before, &is_there, e) || lock_make(&order, &now, &nothing, e))
		return 1;
	lock_dump(&now, &json);
	if (write_lock(path, &json, e))
		return 1;
	lock_files_register(call->places, path);
	tell(&before, &now, &out);
	return !options->quiet && report_text(&out, e) ? 1 : 0;
}

static int run(const struct call *call, struct error *e)
{
	autorelease(list) struct list operands = { 0 };
	autofree char *path = NULL;
	struct options options = { 0 };
	const char *file;
	struct stat st;

	if (options_parse(lock_options, OPERANDS_ANYWHERE, call->argv, &options, &operands, NULL, e))
		return 1;
	if (options.check && options.update)
		error_set(e, ERROR_USAGE, "lock: --check and --update do not go together");
	else if (!operands.count || operands.count > 1U + options.update ||
		 strcmp(operands.items[operands.count - 1], "-") == 0)
		error_set(e, ERROR_USAGE, "lock: expected one FILE.json or Dockerfile, behind --update perhaps an image before it");
	if (e->kind != ERROR_NONE)
		return 1;
	file = operands.items[operands.count - 1];
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
		error_set(e, ERROR_USAGE, "lock %s: it is a folder", file);
		error_hint(e, "the file that is built: box lock %s/Dockerfile", file);
		return 1;
	}
	path = lock_path(file);
	if (options.check)
		return check(call, file, path, e);
	return lock_spec(call, &options, file, operands.count > 1 ? operands.items[0] : NULL, path, e);
}

int command_lock(const struct call *call)
{
	struct error e = { 0 };
	int status = run(call, &e);

	return e.kind != ERROR_NONE ? report_failure(&e) : status;
}
