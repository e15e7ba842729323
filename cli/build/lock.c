/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - the lock beside the file that is built: which images are its bases.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/build/work.h"
#include "cli/commands.h"
#include "images/lock_files.h"
#include "specs/app.h"

/* Beside the spec, or the Dockerfile; NULL: beside nothing (stdin). The caller frees it. */
static char *locked_file(const struct build_work *work, const struct app *app, const char *operand)
{
	if (app)
		return alloc_copy(operand);
	if (text_equal(work->options->file, "-") || strcmp(operand, "-") == 0)
		return NULL;
	return work->options->file ? alloc_copy(work->options->file) : text_format("%s/%s", operand, work->file_name);
}

int build_lock_open(struct build_work *work, const struct app *app, const char *operand, struct error *e)
{
	struct locking *locking = &work->locking;
	autofree char *digest = NULL;

	locking->is_strict = work->options->locked;
	locking->is_quiet = work->options->is_part; /* box run has compared the spec */
	locking->spec = locked_file(work, app, operand);
	if (!locking->spec)
		return locking->is_strict ? error_set(e, ERROR_USAGE, "--locked is for a file that a lock can lie beside") : 0;
	/* Of a Dockerfile its bases alone are locked, each by itself. */
	digest = app ? locking_spec_digest(app) : NULL;
	if (locking_begin_build(locking, digest, e))
		return -1;
	if (locking->is_there)
		lock_files_register(work->call->places, locking->path);
	return 0;
}
