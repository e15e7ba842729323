/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h - the names of contents: "sha256:" and 64 lower-case hex digits, or "sha512:" and 128.
 *
 * A digest is parsed once, strictly, and every path is built from the parsed form, so that no text of an image
 * ("sha256:../../x") ever becomes part of a path.
 */
#pragma once

#include <stdbool.h>

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

enum {
	DIGEST_HEX = 129,  /* digits and zero byte of the longest */
	DIGEST_TEXT = 144, /* "sha512:" and its digits, or a file name made of them */
};

struct digest {
	enum digest_algorithm algorithm;
	char hex[DIGEST_HEX];
};

/* -1 where text is no digest of a known algorithm; *ret is then untouched. */
int digest_parse(const char *text, struct digest *ret) __attribute__((warn_unused_result));

/* "sha256:0123…" */
void digest_text(const struct digest *digest, char ret[static DIGEST_TEXT]);

/* "sha256-0123…": one file name. */
void digest_file_name(const struct digest *digest, char ret[static DIGEST_TEXT]);

/* The way back: "sha256-0123…" with end behind it ("" or ".json"); -1 where name is something else. */
int digest_parse_file_name(const char *name, const char *end, struct digest *ret) __attribute__((warn_unused_result));

const char *digest_algorithm_name(enum digest_algorithm algorithm); /* "sha256" */
bool digest_equal(const struct digest *a, const struct digest *b);
