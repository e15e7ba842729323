/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_idmap.c - maps, leases, and user namespaces for id-mapped mounts.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/state/idmap.h"

static int scratch(void)
{
	char path[] = "/tmp/box-idmap-XXXXXX";

	cr_assert_not_null(mkdtemp(path));
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void scratch_end(int folder)
{
	char link[64], path[256];
	struct error e = { 0 };
	ssize_t length;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
	length = readlink(link, path, sizeof path - 1);
	cr_assert_gt(length, 0);
	path[length] = '\0';
	close(folder);
	cr_assert_eq(folder_remove(AT_FDCWD, path, &e), 0, "%s", e.text);
}

Test(idmap, a_base_maps_a_whole_range_and_nothing_else)
{
	struct id_map map;

	idmap_for_base(0x70010000, &map);
	cr_assert_eq(id_map_uid(&map, 0), 0x70010000);
	cr_assert_eq(id_map_gid(&map, 65535), 0x7001ffff);
	cr_assert_eq(id_map_uid(&map, 65536), -1);
	cr_assert_eq(id_map_uid(&map, (uid_t)-1), -1);
	cr_assert(map.can_setgroups);
}

Test(idmap, an_owner_maps_one_id)
{
	struct id_map map;

	idmap_for_owner(1000, 0x70010063, 100, 0x70010064, &map);
	cr_assert_eq(id_map_uid(&map, 1000), 0x70010063);
	cr_assert_eq(id_map_gid(&map, 100), 0x70010064);
	cr_assert_eq(id_map_uid(&map, 1001), -1);
	cr_assert_eq(id_map_uid(&map, 0), -1);
}

Test(idmap, leases_are_distinct_and_given_back)
{
	int store = scratch();
	struct error e = { 0 };
	uint32_t one = 0, two = 0, again = 0;

	cr_assert_eq(idmap_lease(store, "web", &one, &e), 0, "%s", e.text);
	cr_assert_eq(idmap_lease(store, "web", &two, &e), 0, "%s", e.text);
	cr_assert_neq(one, two);
	cr_assert_eq(one % ID_RANGE, 0);
	cr_assert_gt(one, (uint32_t)ID_POOL_BASE, "range 0 is the store's");
	cr_assert_lt(one, (uint32_t)ID_POOL_BASE + ID_POOL_RANGES * (uint32_t)ID_RANGE);
	idmap_return(store, one, "web");
	cr_assert_eq(idmap_lease(store, "web", &again, &e), 0, "%s", e.text);
	cr_assert_eq(again, one, "the same name gets the same range again");
	scratch_end(store);
}

Test(idmap, only_the_holder_gives_a_lease_back)
{
	int store = scratch();
	struct error e = { 0 };
	uint32_t one = 0, other = 0;

	cr_assert_eq(idmap_lease(store, "web", &one, &e), 0, "%s", e.text);
	idmap_return(store, one, "db");
	cr_assert_eq(idmap_lease(store, "web", &other, &e), 0, "%s", e.text);
	cr_assert_neq(one, other);
	scratch_end(store);
}

Test(idmap, a_sweep_gives_back_every_lease_of_a_name)
{
	int store = scratch();
	struct error e = { 0 };
	uint32_t one = 0, two = 0, kept = 0, now = 0;

	cr_assert_eq(idmap_lease(store, "web", &one, &e), 0);
	cr_assert_eq(idmap_lease(store, "web", &two, &e), 0);
	cr_assert_eq(idmap_lease(store, "db", &kept, &e), 0);
	idmap_return(store, 0, "web");
	cr_assert_eq(idmap_lease(store, "web", &now, &e), 0);
	cr_assert_eq(now, one);
	cr_assert_eq(idmap_lease(store, "db", &now, &e), 0);
	cr_assert_neq(now, kept, "the other name's lease stayed");
	scratch_end(store);
}

Test(idmap, a_namespace_for_mounts_has_the_map)
{
	struct error e = { 0 };
	struct id_map map;
	struct stat ours, theirs;
	int namespace;

	if (geteuid() != 0)
		cr_skip("needs root: ordinary users cannot write such a map");
	idmap_for_owner(1000, 0x70010063, 100, 0x70010064, &map);
	namespace = idmap_namespace(&map, &e);
	cr_assert_geq(namespace, 0, "%s", e.text);
	cr_assert_eq(fstat(namespace, &theirs), 0);
	cr_assert_eq(stat("/proc/self/ns/user", &ours), 0);
	cr_assert_neq(ours.st_ino, theirs.st_ino);
	close(namespace);
}

Test(idmap, a_name_as_long_as_allowed_is_leased)
{
	int store = scratch();
	struct error e = { 0 };
	uint32_t base = 0;
	char name[129];

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	cr_assert_eq(idmap_lease(store, name, &base, &e), 0, "%s", e.text);
	idmap_return(store, base, name);
	scratch_end(store);
}
