/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hard_links.h - files that have more names than one, under the first that a tar or a copy has.
 */
#pragma once

struct stat;
struct hard_links;

struct hard_links *hard_links_new(void); /* never NULL */
void hard_links_free(struct hard_links *links);

/* The name under which the file is there already (borrowed), or NULL. */
const char *hard_links_find(const struct hard_links *links, const struct stat *st);
void hard_links_add(struct hard_links *links, const struct stat *st, const char *path);
