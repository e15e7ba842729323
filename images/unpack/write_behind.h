/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_behind.h - a new file, written from its start to its end by a thread of its own, past the page cache where its file system can.
 *
 * A layer's bytes are written once, and little of them is read soon. Through the page cache they cost a copy into memory that was just
 * taken from somebody, and the time to write them back: a gigabyte took 2.2 to 2.7 s of the processor and 4.5 to 5.8 s by the clock
 * (ext4, a virtual machine's disk), and 0.2 s and 1.2 to 2.3 s with O_DIRECT. What the host's apps have in the cache stays there, too.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct write_behind;

enum { WRITE_BEHIND_WORTH = 2 << 20 }; /* bytes: a smaller file goes through the page cache all the same */

/* fd is borrowed until write_behind_free, empty, and at its start. doing is for errors. Where no thread can be had, bytes are written at
 * once. */
struct write_behind *write_behind_begin(int fd, const char *doing);

/* Takes a copy of bytes. An error may be that of bytes that were added before. */
int write_behind_add(struct write_behind *behind, const void *bytes, size_t length, struct error *e);

/* Waits until all of it is written (it is not synced then). Nothing can be added afterwards. */
int write_behind_end(struct write_behind *behind, struct error *e);
void write_behind_free(struct write_behind *behind);

static inline void write_behind_release(struct write_behind **behind)
{
	write_behind_free(*behind);
	*behind = NULL;
}
