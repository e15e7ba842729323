/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - how far the blobs of an image are: bars on a terminal, else one line per blob that is there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* Writes to stderr; is_quiet: nothing at all. doing and done are words: "pulling", "fetched". */
struct progress *progress_new(bool is_quiet, const char *doing, const char *done);
/* Takes the bars away. */
void progress_free(struct progress *progress);

/* For images/image.h; data is a struct progress. */
void progress_begins(const char *name, void *data);
void progress_blob(const char *digest, int64_t at, int64_t size, void *data);
