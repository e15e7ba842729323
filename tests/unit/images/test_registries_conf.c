/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_registries_conf.c - registries.conf and registries.json, and which setting a name gets.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "images/registry/registries_conf.h"
#include "images/registry/registry_settings.h"

static const char example[] = "# a remark\n"
			      "unqualified-search-registries = [\"docker.io\", # first\n  'quay.io']\n"
			      "short-name-mode=\"enforcing\"\n"
			      "[[registry]]\n"
			      "prefix = \"docker.io\"\n"
			      "location = \"docker.io\" # the same\n"
			      "blocked = false\n"
			      "[[registry.mirror]]\n"
			      "location = 'cache.example:5000/hub'\n"
			      "insecure = true\n"
			      "[[registry.mirror]]\n"
			      "location = \"other.example\"\n"
			      "pull-from-mirror = \"digest-only\"\n"
			      "[[registry]]\r\n"
			      "location = \"dev.example:80\"\n"
			      "insecure = true\n"
			      "[aliases]\n"
			      "\"alpine\" = \"docker.io/library/alpine\"\n"
			      "location = \"not a registry's\"\n"
			      "[[registry]]\n"
			      "prefix = \"*.blocked.example\"\n"
			      "blocked = true\n";

Test(registries_conf, is_read)
{
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	struct error e = { 0 };
	const struct registry_setting *found;

	cr_assert_eq(registries_conf_parse(example, strlen(example), "x.conf", &settings, &e), 0, "%s", e.text);
	cr_assert_eq(settings.count, 3);
	found = registry_settings_find(&settings, "docker.io/library/debian");
	cr_assert_not_null(found);
	cr_assert_eq(found->mirror_count, 2);
	cr_expect_str_eq(found->mirrors[0].location, "cache.example:5000/hub");
	cr_expect(found->mirrors[0].is_insecure && !found->mirrors[0].by_digest_only);
	cr_expect(!found->mirrors[1].is_insecure && found->mirrors[1].by_digest_only);
	cr_expect(!found->is_insecure && !found->is_blocked);
	cr_expect(registry_settings_find(&settings, "dev.example:80/a")->is_insecure);
	cr_expect(registry_settings_find(&settings, "a.blocked.example/x")->is_blocked);
}

Test(registries_conf, a_setting_is_for_whole_parts_of_a_name)
{
	static const char conf[] = "[[registry]]\nlocation=\"a.b\"\n[[registry]]\nlocation=\"a.b/team\"\n"
				   "[[registry]]\nprefix=\"*.c.d\"\nlocation=\"x\"\n"
				   "[[registry]]\nlocation=\"e.c.d\"\n";
	static const struct {
		const char *name, *prefix;
	} cases[] = {
		{ "a.b/x", "a.b" },	       { "a.b/team/x", "a.b/team" }, { "a.b/teams/x", "a.b" }, { "a.b/team", "a.b/team" },
		{ "a.bc/x", NULL },	       { "aa.b/x", NULL },	     { "f.c.d/x", "*.c.d" },   { "e.c.d/x", "e.c.d" },
		{ "c.d/x", NULL },	       { "fc.d/x", NULL },	     { "g.f.c.d/y", "*.c.d" },
	};
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	struct error e = { 0 };

	cr_assert_eq(registries_conf_parse(conf, strlen(conf), "x.conf", &settings, &e), 0, "%s", e.text);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct registry_setting *found = registry_settings_find(&settings, cases[i].name);

		if (cases[i].prefix)
			cr_expect_str_eq(found ? found->prefix : "(none)", cases[i].prefix, "%s", cases[i].name);
		else
			cr_expect_null(found, "%s", cases[i].name);
	}
}

/* Hosts are the same in capitals, and one that is blocked is so on every port. */
Test(registries_conf, no_spelling_of_a_host_goes_round_its_setting)
{
	static const char conf[] = "[[registry]]\nprefix=\"Blocked.example\"\nblocked=true\n"
				   "[[registry]]\nprefix=\"*.all.example\"\nblocked=true\n"
				   "[[registry]]\nprefix=\"*.one.example:5000\"\nblocked=true\n";
	static const char *const blocked[] = { "blocked.example/x", "BLOCKED.example/x", "blocked.example:443/x", "a.all.example/x",
					       "A.ALL.example/x", "a.all.example:443/x", "a.one.example:5000/x" };
	static const char *const others[] = { "all.example/x", "a.all.example.org/x", "x.org/a.all.example", "a.one.example:5001/x",
					      "a.one.example/x" };
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	struct error e = { 0 };

	cr_assert_eq(registries_conf_parse(conf, strlen(conf), "x.conf", &settings, &e), 0, "%s", e.text);
	for (size_t i = 0; i < sizeof blocked / sizeof blocked[0]; i++)
		cr_expect_not_null(registry_settings_find(&settings, blocked[i]), "%s", blocked[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		cr_expect_null(registry_settings_find(&settings, others[i]), "%s", others[i]);
}

Test(registries_conf, what_is_wrong_is_told_with_its_line)
{
	static const struct {
		const char *conf, *words;
	} cases[] = {
		{ "x", "line 1: expected KEY = VALUE" },
		{ "\n\na = \"b", "line 3: a text without its closing quote" },
		{ "a = [\"b\"\n\"c\"]", "line 2: expected \",\" or \"]\"" },
		{ "[[registry]]\nlocation = true", "line 2: expected a text" },
		{ "[[registry]]\nlocation = \"a\"\ninsecure = \"yes\"", "line 3: expected true or false" },
		{ "[[registry]]\ninsecure = true\n[x]", "line 3: a [[registry]] without \"location\"" },
		{ "[[registry.mirror]]\nlocation=\"a\"", "line 1: a [[registry.mirror]] without its [[registry]]" },
		{ "[[registry]]\nlocation=\"a\"\n[[registry.mirror]]\n", "a [[registry.mirror]] without \"location\"" },
		{ "[registries.search]\nregistries = ['docker.io']", "line 1: this is version 1 of the format" },
		{ "a = 1 b = 2", "line 1: more than one thing on a line" },
		{ "[[registry]\n", "line 1: a table's name without its closing bracket" },
		{ "a = {b = 1}", "line 1: expected a text, true, false" },
		{ "a = [[[[[[1]]]]]]", "line 1: arrays in arrays in arrays" },
		{ "a = \"\\u0041\"", "line 1: an escape" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autorelease(registry_settings) struct registry_settings settings = { 0 };
		struct error e = { 0 };

		cr_expect_eq(registries_conf_parse(cases[i].conf, strlen(cases[i].conf), "x.conf", &settings, &e), -1, "%s", cases[i].conf);
		cr_expect_not_null(strstr(e.text, cases[i].words), "%s: %s", cases[i].conf, e.text);
	}
}

Test(registries_conf, boxs_own_file_comes_later_and_wins)
{
	static const char json[] = "{\"registries\": {\"docker.io\": {\"insecure\": true, \"mirrors\": [\"m.example\"], "
				   "\"token_hosts\": [\"t.example\"]}},"
				   " \"idle_timeout\": \"5s\"}";
	autorelease(registry_settings) struct registry_settings settings = { 0 };
	const struct registry_setting *found;
	struct error e = { 0 };

	cr_assert_eq(registries_conf_parse(example, strlen(example), "x.conf", &settings, &e), 0, "%s", e.text);
	cr_assert_eq(registry_settings_add_json(json, strlen(json), "registries.json", &settings, &e), 0, "%s", e.text);
	found = registry_settings_find(&settings, "docker.io/library/debian");
	cr_expect(found->is_insecure);
	cr_expect_eq(found->mirror_count, 1);
	cr_expect_str_eq(found->token_hosts.items[0], "t.example");
	cr_expect_eq(settings.idle_us, 5000000);
	cr_expect_eq(settings.count, 3);
}
