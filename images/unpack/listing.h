/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - what is in a layer's folder: a file beside it, so that a name that was changed, lost or added later is found.
 *
 * One entry for each name, each ended by a zero byte, since a name may hold every other one:
 *
 *     TYPE MODE UID GID LINKS SIZE SECONDS.NANOSECONDS DIGEST NAME
 *
 * The type is d f l p c (a whiteout), mode and ids are those of the sandbox. A folder's NAME is its path ("." for the root); behind it come
 * its other entries by their own names, in the order of strcmp, and then its folders, each with all that is in it. LINKS and SIZE of a
 * folder are 0, as file systems count them differently. The digest is SHA-256 of the content (of its pieces that are not all zeros, so that
 * holes may come and go) or of a link's target, and of the extended attributes; "-" where there is nothing of this.
 */
#pragma once

#include <stddef.h>

struct content_notes;
struct error;
struct text;

/*
 * Writes the listing of the folder root to fd (both borrowed). notes: digests that are known already, or NULL. Runs in the sandbox, as the
 * folder's ids exist only there.
 */
int listing_write(int root, int fd, const struct content_notes *notes, struct error *e);

/*
 * Compares two listings from where the descriptors stand (both borrowed): 0 where they are equal. Else ret_wrong gets words about the
 * first difference, harmless for a terminal, and how many there are, and the result is 1.
 */
int listing_compare(int recorded, int found, struct text *ret_wrong, struct error *e);
