/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_files.h - the digests of files of a build's context: SHA-256 of the content, by the processor's own instructions.
 */
#pragma once

struct error;

/*
 * Of each name on the descriptor names (a path below the folder root, a zero byte behind each; no link leads out of it) writes a line to
 * out: 64 digits, or as many "-" where it cannot be read or is no regular file. Runs without a sandbox, as the files are only hashed.
 */
int digest_files(int root, int names, int out, struct error *e);
