/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_records.h - what a shared cache says about steps: a text in its image's configuration, one line for each step.
 *
 *     HEX RESULT [MAC]     HEX: of the step's key; RESULT: the layer's "sha256:…", or "none" where the step changed nothing
 *
 * Whoever writes the cache can put any layer behind any key. With a secret both parts are HMAC-SHA256: HEX of the key, MAC of HEX and
 * RESULT. Then only who knows the secret can make a line that is taken, and nobody can move a result to another key.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct cache_secret {
	const char *bytes; /* NULL: there is none */
	size_t length;
};

/* Adds the line of a step. key_digest: "sha256:…" of the whole key. diff_id: NULL: the step changed nothing. */
void cache_records_add(const char *key_digest, const char *diff_id, const struct cache_secret *secret, struct text *ret);

/* Whether records has that key, under that secret: *ret_diff_id (to be freed; NULL: the step changed nothing). */
bool cache_records_find(const char *records, const char *key_digest, const struct cache_secret *secret, char **ret_diff_id);
