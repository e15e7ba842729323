/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_group_path.c - one cgroup path for one container of one state folder.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/places.h"
#include "base/text.h"
#include "runtime/state/group_path.h"

static char *path_for(const char *state, bool rootless)
{
	char *copy = strdup(state);
	const struct places places = { .state = copy, .rootless = rootless };
	char *path = group_path(&places, "web");

	free(copy);
	return path;
}

Test(group_path, the_usual_folder_has_the_plain_name)
{
	char *own = text_format("/run/user/%u/box", geteuid());
	char *path = path_for("/run/box", false);

	cr_assert_str_eq(path, "/box/web");
	free(path);
	path = path_for(own, true);
	cr_assert_str_eq(path, "/box/web");
	free(path);
	free(own);
}

Test(group_path, every_other_folder_has_its_own)
{
	char *one = path_for("/nowhere/a", false), *two = path_for("/nowhere/b", false), *again = path_for("/nowhere/a", false);

	cr_assert_eq(strlen(one), strlen("/box/web-01234567"));
	cr_assert_str_eq(one, again);
	cr_assert_str_neq(one, two);
	free(one);
	free(two);
	free(again);
	/* However the folder is spelt. */
	one = path_for("/tmp", false);
	two = path_for("/usr/../tmp/", false);
	cr_assert_str_eq(one, two);
	free(one);
	free(two);
}

Test(group_path, the_hash_is_always_the_same)
{
	cr_assert_eq(text_hash(""), 2166136261U);
	cr_assert_eq(text_hash("a"), 0xe40c292cU);
	cr_assert_eq(text_hash("foobar"), 0xbf9cf968U);
}
