/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_quota.h - a limit of the space that a folder may take: project quotas (quotactl(2); xfs, and ext4 from Linux 4.5).
 *
 * Everything in the folder belongs to one project, whoever makes it, because new files inherit their folder's. The folder itself knows its
 * project; its figures and its limit are in the file system.
 */
#pragma once

#include <stdint.h>

struct error;

/* Whether the file system of the open folder counts projects and holds them to their limits; else -1, with what would make it so as
 * hint. */
int disk_quota_probe(int folder, struct error *e);

/* Puts the empty folders, which lie on one file system, into one project without a file: the first such of count ids from first on, which
 * the caller has leased. Its limit becomes bytes; beyond it writes fail with EDQUOT (ext4) or ENOSPC (xfs). */
int disk_quota_begin(const int *folders, int folder_count, uint32_t first, uint32_t count, int64_t bytes, struct error *e);

/* The project of the open folder, 0: none; and what it uses and may use, in bytes, *ret_limit 0 where it has no limit. */
uint32_t disk_quota_project(int folder);
void disk_quota_read(int folder, int64_t *ret_used, int64_t *ret_limit);

/* Takes the limit of a project away whose files are gone; folder lies on its file system. */
void disk_quota_end(int folder, uint32_t project);
