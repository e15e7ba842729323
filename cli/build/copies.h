/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies.h - a copy of what another stage, an image or the context holds, in a folder of the store.
 */
#pragma once

struct build_from;
struct build_work;
struct error;

/* Copies source, a path below from's root, to path ("/root"; "" for the folder itself) below folder, with the ids of containers. */
int build_copy_into(struct build_work *work, const struct build_from *from, const char *source, int folder, const char *path,
		    struct error *e);
