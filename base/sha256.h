/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256. box links no cryptography: the kernel computes it (AF_ALG) where it has that, else the helper program box-digest.
 *
 * The program takes most of a millisecond, nearly all of it to start: who is in a hurry begins early and asks for the result later.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/process.h"

struct error;
struct text;

enum { SHA256_TEXT = 72 }; /* "sha256:", 64 digits and a zero byte */

struct sha256 {
	struct process_job job;
	char digest[SHA256_TEXT]; /* "" while the program works */
};
#define SHA256_NONE ((struct sha256){ .job = PROCESS_JOB_NONE })

/* The digest of bytes, which are copied. sha256_end ends what was begun, and fills ret with "sha256:…". */
int sha256_begin(const void *bytes, size_t length, struct sha256 *ret, struct error *e);
int sha256_end(struct sha256 *hash, char ret[static SHA256_TEXT], struct error *e);
void sha256_release(struct sha256 *hash);

/* Whether sha256_end would have nothing to wait for. */
bool sha256_is_done(const struct sha256 *hash);

/* Both in one. */
int sha256_bytes(const void *bytes, size_t length, char ret[static SHA256_TEXT], struct error *e);

/* Of each line without its end, one after the other: 64 digits and an end of line each. Adds to ret. */
int sha256_lines(const void *bytes, size_t length, struct text *ret, struct error *e);

/* Of the content of files: names are paths below the folder root, a zero byte behind each; no link leads out of it (base/beneath.h).
 * Adds to ret a line for each, 64 digits, or as many "-" where it cannot be read or is no regular file. */
int sha256_files(int root, const char *names, size_t length, struct text *ret, struct error *e);
