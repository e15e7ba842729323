/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.c - SHA-256 by box-digest.
 */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"

enum { TIMEOUT_MS = 30000, DIGITS = 64 };

static int begin(char *const *argv, const void *bytes, size_t length, struct process_run *run, struct process_job *ret, struct error *e)
{
	autoclose int input = file_in_memory("digest", bytes, length);

	if (input < 0)
		return error_sys(e, "hand %zu bytes to box-digest", length);
	run->argv = argv;
	run->input = input;
	return process_begin(run, ret, e);
}

int sha256_begin(const void *bytes, size_t length, struct sha256 *ret, struct error *e)
{
	autofree char *program = places_helper("box-digest", e);
	struct process_run run = { .path = program };
	char *argv[] = { program, NULL };

	return program ? begin(argv, bytes, length, &run, &ret->job, e) : -1;
}

int sha256_end(struct sha256 *hash, char ret[static SHA256_TEXT], struct error *e)
{
	const struct process_run run = { .path = "box-digest", .timeout_ms = TIMEOUT_MS };
	autorelease(text) struct text out = { 0 };

	if (process_end(&run, &hash->job, &out, e))
		return -1;
	if (out.length != DIGITS + 1 || strspn(out.data, "0123456789abcdef") != DIGITS)
		return error_set(e, ERROR_INTERNAL, "box-digest said \"%.80s\"", out.data ? out.data : "");
	(void)snprintf(ret, SHA256_TEXT, "sha256:%.64s", out.data); /* always fits */
	return 0;
}

void sha256_release(struct sha256 *hash)
{
	process_job_release(&hash->job);
}

int sha256_bytes(const void *bytes, size_t length, char ret[static SHA256_TEXT], struct error *e)
{
	struct sha256 hash;

	return sha256_begin(bytes, length, &hash, e) || sha256_end(&hash, ret, e) ? -1 : 0;
}

/* Behind all of them, more than process_run would keep. */
static void hear(const char *bytes, size_t length, void *data)
{
	text_add_bytes(data, bytes, length);
}

int sha256_lines(const void *bytes, size_t length, struct text *ret, struct error *e)
{
	autofree char *program = places_helper("box-digest", e);
	char lines[] = "lines";
	char *argv[] = { program, lines, NULL };
	struct process_run run = { .path = program, .timeout_ms = TIMEOUT_MS, .hear = hear, .data = ret };
	struct process_job job;

	return !program || begin(argv, bytes, length, &run, &job, e) || process_end(&run, &job, NULL, e) ? -1 : 0;
}
