/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - the files of an image as a folder of this host: --output type=local,dest=DIR.
 */
#pragma once

struct build_work;
struct error;
struct list;

/* What these layers show, below dest, which is made where it is missing. Files that are there are replaced, folders are not; nothing is
 * made outside of dest, and dest itself stays as it is. The host's root gives files their owners, an ordinary user has them all. Programs
 * that get somebody else's rights (setuid, capabilities) are such only below a folder that nobody else can enter. */
int build_local_write(struct build_work *work, const struct list *diff_ids, const char *dest, struct error *e);
