/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_links.h - files that have more names than one, under the first that a tar has.
 */
#pragma once

struct stat;
struct tar_links;

struct tar_links *tar_links_new(void); /* never NULL */
void tar_links_free(struct tar_links *links);

/* The name under which the file is in the tar already (borrowed), or NULL. */
const char *tar_links_find(const struct tar_links *links, const struct stat *st);
void tar_links_add(struct tar_links *links, const struct stat *st, const char *path);
