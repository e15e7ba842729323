/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_places.c - where things live, by user and environment.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/places.h"

static void become_user(void)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(12345, 12345, 12345), 0);
	/* Another user's process is not dumpable, and the leak checker cannot look into it. */
	cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	for (const char *const *name = (const char *const[]){ "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
							      "BOX_STORE", NULL };
	     *name; name++)
		cr_assert_eq(unsetenv(*name), 0);
	cr_assert_eq(setenv("HOME", "/home/somebody", 1), 0);
}

Test(places, of_root)
{
	struct places p;
	struct error e = { 0 };

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(unsetenv("BOX_STORE"), 0);
	cr_assert_eq(setenv("XDG_DATA_HOME", "/elsewhere", 1), 0);
	cr_assert_eq(places_find(&p, &e), 0, "%s", e.text);
	cr_expect_str_eq(p.state, "/run/box");
	cr_expect_str_eq(p.store, "/var/lib/box");
	cr_expect_str_eq(p.cache, "/var/cache/box");
	cr_expect_str_eq(p.config, "/etc/box");
	cr_expect_not(p.rootless);
	places_release(&p);
	cr_expect_null(p.store);
	places_release(&p);
}

Test(places, of_a_user_by_default)
{
	struct places p;
	struct error e = { 0 };

	become_user();
	cr_assert_eq(places_find(&p, &e), 0, "%s", e.text);
	cr_expect_str_eq(p.store, "/home/somebody/.local/share/box");
	cr_expect_str_eq(p.cache, "/home/somebody/.cache/box");
	cr_expect_str_eq(p.config, "/home/somebody/.config/box");
	cr_expect(strncmp(p.state, "/tmp/box-", 9) == 0 || strncmp(p.state, "/run/user/", 10) == 0, "%s", p.state);
	cr_expect(p.rootless);
	places_release(&p);
}

Test(places, of_a_user_by_environment)
{
	struct places p;
	struct error e = { 0 };

	become_user();
	cr_assert_eq(setenv("XDG_RUNTIME_DIR", "/r", 1) | setenv("XDG_DATA_HOME", "/d", 1) | setenv("XDG_CACHE_HOME", "/c", 1), 0);
	/* A relative one is to be ignored (XDG base directory specification). */
	cr_assert_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
	cr_assert_eq(places_find(&p, &e), 0);
	cr_expect_str_eq(p.state, "/r/box");
	cr_expect_str_eq(p.store, "/d/box");
	cr_expect_str_eq(p.cache, "/c/box");
	cr_expect_str_eq(p.config, "/home/somebody/.config/box");
	places_release(&p);
}

Test(places, store_by_name)
{
	struct places p;
	struct error e = { 0 };

	cr_assert_eq(setenv("BOX_STORE", "/somewhere/store", 1), 0);
	cr_assert_eq(places_find(&p, &e), 0);
	cr_expect_str_eq(p.store, "/somewhere/store");
	places_release(&p);
	cr_assert_eq(setenv("BOX_STORE", "relative", 1), 0);
	cr_expect_eq(places_find(&p, &e), -1);
	cr_expect(strstr(e.text, "relative"), "%s", e.text);
	cr_expect_eq(e.kind, ERROR_USAGE);
}

Test(places, without_a_home)
{
	struct places p;
	struct error e = { 0 };

	become_user();
	cr_assert_eq(unsetenv("HOME"), 0);
	cr_expect_eq(places_find(&p, &e), -1);
	cr_expect(strstr(e.text, "HOME"), "%s", e.text);
}

Test(places, missing_helper_has_a_hint)
{
	struct error e = { 0 };

	cr_expect_null(places_helper("no-such-helper", &e));
	cr_expect(strstr(e.text, "no-such-helper"), "%s", e.text);
	cr_expect(e.hint[0], "no hint");
}
