/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_digest.h - the SHA-256 of a text.
 *
 * box links no cryptography: another program computes it (base/sha256.h). What was computed is kept in the cache with the
 * whole text, which is compared byte by byte, so that a run of what ran before starts no other program.
 */
#pragma once

struct error;
struct places;
struct text;

/* "sha256:…", to be freed; NULL and e on failure. */
char *text_digest(const struct places *places, const struct text *content, struct error *e);
