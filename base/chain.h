/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - a log of JSON lines, each of which holds the digest of the one before.
 *
 *     {"seq":7,"previous":"sha256:…",…}
 *
 *     NAME          the lines, the newest last; NAME.1, NAME.2, … the older ones, after NAME has grown to CHAIN_FILE
 *     NAME.lock     held (flock) while a line is added
 *
 * Who changes, adds or removes a line before the last one breaks the chain, unless they write everything behind it anew: whoever may write
 * the file can do that. Against them the head (the number and the digest of the last line) has to be kept elsewhere.
 *
 * A line that was cut in its middle, because box or the host ended there, stays: the next one ends it, holds the digest of what there is
 * of it, and says "torn":true.
 */
#pragma once

#include <stdint.h>

#include "base/sha256.h"

struct error;
struct text;

enum {
	CHAIN_FILE = 8 << 20,   /* then a new file is begun */
	CHAIN_FILES = 9,        /* older ones that are kept */
	CHAIN_LINE = 192 << 10, /* the longest line that is added */
};

/* Adds a line with these members ("\"a\":1,\"b\":2") to NAME in folder. Nothing is added where it does not fit on the disk as a whole. It
 * is not synced: the end of box loses nothing, the end of the host's power the last seconds. */
int chain_add(int folder, const char *name, const struct text *members, struct error *e);

/* The number of the last line (0: there is none) and its digest. */
int chain_head(int folder, const char *name, uint64_t *ret_seq, char ret_digest[static SHA256_TEXT], struct error *e);

/* The newest file's older ones: NAME.3, as far as they are there, the oldest first; then NAME itself. Adds to ret. */
struct list;
void chain_files(int folder, const char *name, struct list *ret);
