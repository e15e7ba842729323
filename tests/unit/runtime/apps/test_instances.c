/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_instances.c - which definitions are what of which service, and which of them a word means.
 */
#include "base/cleanup.h"
#include "runtime/apps/instances.h"
#include "tests/unit/runtime/app_fixture.h"

/* "web live, web.2 standby": in the order in which they are found. */
static void expect(const char *word, const char *expected)
{
	struct places places = app_places();
	autorelease(instances) struct instances found = { 0 };
	autorelease(text) struct text words = { 0 };
	struct error e = { 0 };

	cr_assert_eq(instances_find(&places, word, &found, &e), 0, "%s", e.text);
	for (size_t i = 0; i < found.count; i++)
		text_addf(&words, "%s%s %s", i ? ", " : "", found.items[i].name, instance_role_word(found.items[i].role));
	cr_expect_str_eq(words.data ? words.data : "", expected, "%s: %s", word ? word : "all", words.data ? words.data : "");
}

static void expect_meant(const char *word, const char *expected)
{
	struct places places = app_places();
	autorelease(list) struct list names = { 0 };
	autorelease(text) struct text words = { 0 };
	struct error e = { 0 };

	cr_assert_eq(instances_resolve(&places, word, &names, &e), 0, "%s", e.text);
	for (size_t i = 0; i < names.count; i++)
		text_addf(&words, "%s%s", i ? " " : "", names.items[i]);
	cr_expect_str_eq(words.data ? words.data : "", expected, "%s: %s", word, words.data ? words.data : "");
}

Test(instances, roles_follow_from_marks_and_numbers)
{
	SCRATCH();
	app_define("web", NULL, "web", 1, 1, 0, RETIRED_FILE);
	app_define("web.2", NULL, "web", 2, 1, 0, NULL);
	app_define("web.3", NULL, "web", 3, 1, 0, NULL);
	app_define("web-2.3", NULL, "web", 3, 2, 0, NULL);
	app_define("web.4", NULL, "web", 4, 1, 0, STANDBY_FILE);
	expect("web", "web retired, web.2 replaced, web.3 live, web.4 standby, web-2.3 live");
	/* One that was retired does not come back when what replaced it is not there any more. */
	cr_assert_eq(unlink("apps/web.4/standby"), 0);
	expect("web", "web retired, web.2 replaced, web.3 replaced, web.4 live, web-2.3 replaced");
	app_mark("web.4", RETIRED_FILE);
	expect("web", "web retired, web.2 replaced, web.3 live, web.4 retired, web-2.3 live");
}

Test(instances, a_service_is_not_one_that_begins_alike)
{
	SCRATCH();
	app_define("shop-web", "shop", "shop-web", 1, 1, 2, NULL);
	app_define("shop-db", "shop", "shop-db", 1, 1, 0, NULL);
	app_define("shop-db-2", "shop", "shop-db", 1, 2, 0, NULL);
	app_define("shop-web-2", NULL, "shop-web-2", 1, 1, 0, NULL); /* an app alone */
	app_define("shopping", NULL, "shopping", 1, 1, 0, NULL);
	app_define("old", NULL, NULL, 0, 0, 0, NULL); /* of a version that knew no services */
	expect("shop", "shop-db live, shop-db-2 live, shop-web live");
	expect("shop-web", "shop-web live");
	expect("shop-web-2", "shop-web-2 live");
	expect("shop-d", "");
	expect("shop-db-2", ""); /* a replica is no service */
	expect("old", "old live");
	expect(NULL, "old live, shop-db live, shop-db-2 live, shop-web-2 live, shopping live, shop-web live");
}

Test(instances, a_word_means_what_is_live)
{
	SCRATCH();
	app_define("shop-web", "shop", "shop-web", 1, 1, 1, RETIRED_FILE);
	app_define("shop-web.2", "shop", "shop-web", 2, 1, 1, NULL);
	app_define("shop-web-2.2", "shop", "shop-web", 2, 2, 1, NULL);
	app_define("shop-db", "shop", "shop-db", 1, 1, 0, NULL);
	app_define("new", NULL, "new", 1, 1, 0, STANDBY_FILE);
	expect_meant("shop", "shop-db shop-web.2 shop-web-2.2");
	expect_meant("shop-web", "shop-web.2 shop-web-2.2");
	expect_meant("shop-web-2.2", "shop-web-2.2");
	expect_meant("shop-web.1", "shop-web");
	expect_meant("shop-web.2", "shop-web.2");
	expect_meant("none.1", "none.1");
	expect_meant(".1", ".1");
	expect_meant("none", "none");
	expect_meant("new", "new");
}

Test(instances, nobody_has_made_any_yet_and_those_of_another_state_folder)
{
	SCRATCH();
	expect(NULL, "");
	expect_meant("web", "web");
	cr_assert_eq(mkdir("elsewhere", 0700), 0);
	app_define_in("elsewhere", "web", NULL, "web", 1, 1, 0, NULL);
	expect(NULL, "");
	expect("web", "");
}

Test(instances, a_definition_that_makes_no_sense_is_an_error)
{
	SCRATCH();
	struct places places = app_places();
	struct instances found = { 0 };
	struct error e = { 0 };

	app_define("web", NULL, "web", 1, 1, 0, NULL);
	put("apps/web/settings", "name web\n");
	cr_expect_eq(instances_find(&places, NULL, &found, &e), -1);
	cr_expect_not_null(strstr(e.text, "open the app web"), "%s", e.text);
	cr_expect_null(found.items);
}

Test(instances, marks_are_set_and_taken_away)
{
	SCRATCH();
	struct places places = app_places();
	struct error e = { 0 };

	app_define("web", NULL, "web", 1, 1, 0, NULL);
	app_define("web.2", NULL, "web", 2, 1, 0, STANDBY_FILE);
	expect("web", "web live, web.2 standby");
	cr_assert_eq(instance_promote(&places, "web.2", &e), 0, "%s", e.text);
	expect("web", "web replaced, web.2 live");
	cr_assert_eq(instance_promote(&places, "web.2", &e), 0, "once more is no error: %s", e.text);
	cr_assert_eq(instance_demote(&places, "web.2", &e), 0, "%s", e.text);
	expect("web", "web live, web.2 standby");
	cr_assert_eq(instance_promote(&places, "web.2", &e), 0, "%s", e.text);
	cr_assert_eq(instance_retire(&places, "web", &e), 0, "%s", e.text);
	expect("web", "web retired, web.2 live");
	cr_expect_eq(instance_retire(&places, "web.3", &e), -1);
	cr_expect_eq((int)e.kind, ERROR_MISSING);
}

Test(instances, names)
{
	static const struct {
		int64_t replica, generation;
		const char *name;
	} cases[] = { { 1, 1, "web" }, { 2, 1, "web-2" }, { 1, 2, "web.2" }, { 12, 34, "web-12.34" }, { 0, 0, "web" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autofree char *name = instance_name("web", cases[i].replica, cases[i].generation);

		cr_expect_str_eq(name, cases[i].name);
	}
}
