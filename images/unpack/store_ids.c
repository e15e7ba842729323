/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ids.c - whose ids the files of the store carry on disk.
 */
#include "images/unpack/store_ids.h"

#include <unistd.h>

#include "base/error.h"
#include "images/unpack/sandbox_kind.h"

void store_ids_find(struct id_map *ret)
{
	const struct id_extent own = { 0, ID_POOL_BASE, ID_RANGE };

	const struct id_extent here = { 0, 0, ID_RANGE };

	if (sandbox_is_chroot())
		*ret = (struct id_map){ .uids = { here }, .gids = { here }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };
	else if (geteuid() == 0)
		*ret = (struct id_map){ .uids = { own }, .gids = { own }, .uid_count = 1, .gid_count = 1, .can_setgroups = true };
	else
		id_map_for_caller(ret);
}

uint32_t store_ids_count(const struct id_extent *extents, int count)
{
	uint32_t next = 0;

	for (int i = 0; i < count && extents[i].inside == next; i++)
		next += extents[i].count;
	return next < ID_RANGE ? next : ID_RANGE;
}

int store_ids_write(pid_t pid, const struct id_map *ids, struct error *e)
{
	if (id_map_write(pid, ids, e) == 0)
		return 0;
	return error_hint(e, "root of a container can unpack only where ids %u to %u exist for it", ids->uids[0].outside,
			  ids->uids[0].outside + ids->uids[0].count - 1);
}
