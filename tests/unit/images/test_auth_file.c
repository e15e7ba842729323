/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_auth_file.c - whose password a registry gets: order of the files, and what an entry is for.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "images/registry/auth_file.h"
#include "images/registry/endpoint.h"
#include "specs/auth_document.h"
#include "tests/unit/base/scratch.h"

/* base64 of "a:1", "b:2", "c:3", "d:4:5" */
#define A "\"YTox\""
#define B "\"Yjoy\""
#define C "\"Yzoz\""
#define D "\"ZDo0OjU=\""

static void look(const char *json, const char *name, const char *user, const char *helper)
{
	autorelease(credentials) struct credentials found = { 0 };
	autofree char *program = NULL;
	struct error e = { 0 };
	int result = auth_file_look(json, strlen(json), "auth.json", name, &found, &program, &e);

	cr_expect_eq(result, user || helper, "%s in %s: %d %s", name, json, result, e.text);
	cr_expect(text_equal(found.user, user), "%s in %s: %s", name, json, found.user);
	cr_expect(text_equal(program, helper), "%s in %s: %s", name, json, program);
}

Test(auth_file, an_entry_is_for_its_host_alone)
{
	static const char json[] = "{\"auths\": {\"quay.io\": {\"auth\": " A "}, \"quay.io/team\": {\"auth\": " B "},"
				   "\"https://index.docker.io/v1/\": {\"auth\": " C "}, \"x.io:5000\": {\"auth\": " D "}}}";

	look(json, "quay.io/other/app", "a", NULL);
	look(json, "quay.io/team/app", "b", NULL);
	look(json, "quay.io/team", "b", NULL);
	look(json, "quay.io/teams/app", "a", NULL);
	look(json, "docker.io/library/debian", "c", NULL);
	look(json, "x.io:5000/app", "d", NULL);
	look(json, "x.io/app", NULL, NULL);
	look(json, "x.io:5001/app", NULL, NULL);
	look(json, "quay.io.evil.com/app", NULL, NULL);
	look(json, "notquay.io/app", NULL, NULL);
}

Test(auth_file, a_password_may_hold_colons)
{
	static const char json[] = "{\"auths\": {\"x.io\": {\"auth\": " D "}}}";
	autorelease(credentials) struct credentials found = { 0 };
	autofree char *helper = NULL;
	struct error e = { 0 };

	cr_assert_eq(auth_file_look(json, strlen(json), "auth.json", "x.io/a", &found, &helper, &e), 1, "%s", e.text);
	cr_expect_str_eq(found.password, "4:5");
}

Test(auth_file, helpers)
{
	look("{\"credsStore\": \"pass\"}", "any.io/x", NULL, "pass");
	look("{\"credHelpers\": {\"ecr.aws\": \"ecr-login\"}, \"credsStore\": \"pass\"}", "ecr.aws/x", NULL, "ecr-login");
	look("{\"credHelpers\": {\"ecr.aws\": \"ecr-login\"}, \"auths\": {\"ecr.aws\": {\"auth\": " A "}}}", "ecr.aws/x", NULL, "ecr-login");
	/* Docker leaves an empty entry where a helper keeps the password. */
	look("{\"auths\": {\"a.io\": {}}, \"credsStore\": \"pass\"}", "a.io/x", NULL, "pass");
	look("{\"auths\": {\"a.io\": {\"auth\": " A "}}, \"credsStore\": \"pass\"}", "a.io/x", "a", NULL);
	look("{\"auths\": {\"a.io\": {}}}", "a.io/x", NULL, NULL);
	look("{}", "a.io/x", NULL, NULL);
}

Test(auth_file, what_is_broken_is_refused)
{
	static const char *const cases[] = { "", "[]", "{\"auths\": {\"a.io\": {\"auth\": \"x\"}}}",
					     "{\"auths\": {\"a.io\": {\"auth\": \"YWJj\"}}}",
					     "{\"auths\": 1}", "{\"auths\": {\"a.io\": {\"auth\": \"!!!!\"}}}" };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		autorelease(credentials) struct credentials found = { 0 };
		autofree char *helper = NULL;
		struct error e = { 0 };

		cr_expect_eq(auth_file_look(cases[i], strlen(cases[i]), "auth.json", "a.io/x", &found, &helper, &e), -1, "%s", cases[i]);
		cr_expect_null(found.user);
	}
}

/* A file with one user for h.io, mode 0600. */
static void put_user(const char *path, const char *auth)
{
	autofree char *json = text_format("{\"auths\": {\"h.io\": {\"auth\": %s}}}", auth);

	put(path, json);
	cr_assert_eq(chmod(path, 0600), 0);
}

static void expect_user(const char *user)
{
	autorelease(credentials) struct credentials found = { 0 };
	struct error e = { 0 };

	cr_assert_eq(auth_find("h.io/x", &found, &e), 0, "%s", e.text);
	cr_expect(text_equal(found.user, user), "found %s, not %s", found.user, user);
}

static void set(const char *variable, const char *folder, const char *rest)
{
	autofree char *path = text_format("%s/%s", folder, rest);

	cr_assert_eq(setenv(variable, path, 1), 0);
}

Test(auth_file, files_in_their_order)
{
	SCRATCH();
	const char *folders[] = { "run", "run/containers", "config", "config/containers", "home", "home/.docker" };

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		cr_assert_eq(mkdir(folders[i], 0700), 0);
	set("XDG_RUNTIME_DIR", scratch_folder.path, "run");
	set("XDG_CONFIG_HOME", scratch_folder.path, "config");
	set("HOME", scratch_folder.path, "home");
	unsetenv("DOCKER_CONFIG");
	unsetenv("REGISTRY_AUTH_FILE");
	expect_user(NULL);
	put_user("home/.docker/config.json", A);
	expect_user("a");
	put_user("config/containers/auth.json", B);
	expect_user("b");
	put_user("run/containers/auth.json", C);
	expect_user("c");
	put_user("named.json", D);
	set("REGISTRY_AUTH_FILE", scratch_folder.path, "named.json");
	expect_user("d");
	set("REGISTRY_AUTH_FILE", scratch_folder.path, "missing.json");
	expect_user(NULL);
}

Test(auth_file, a_file_that_others_can_read_gives_nothing)
{
	SCRATCH();
	autorelease(credentials) struct credentials found = { 0 };
	struct error e = { 0 };

	set("REGISTRY_AUTH_FILE", scratch_folder.path, "auth.json");
	put_user("auth.json", A);
	cr_assert_eq(chmod("auth.json", 0644), 0);
	cr_expect_eq(auth_find("h.io/x", &found, &e), -1);
	cr_expect_not_null(strstr(e.text, "its mode is 0644"), "%s", e.text);
	/* Somebody else's password in it does not matter to us. */
	error_clear(&e);
	credentials_release(&found);
	cr_expect_eq(auth_find("other.io/x", &found, &e), 0, "%s", e.text);
	cr_assert_eq(rename("auth.json", "real.json"), 0);
	cr_assert_eq(symlink("real.json", "auth.json"), 0);
	cr_expect_eq(auth_find("h.io/x", &found, &e), -1);
	cr_expect_not_null(strstr(e.hint, "symbolic link"), "%s", e.hint);
}

Test(auth_file, a_helpers_name_is_no_path)
{
	SCRATCH();
	static const char *const names[] = { "../../tmp/x", "a/b", "A", "a b", "x;y", "." };

	set("REGISTRY_AUTH_FILE", scratch_folder.path, "auth.json");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		autorelease(credentials) struct credentials found = { 0 };
		autofree char *json = text_format("{\"credsStore\": \"%s\"}", names[i]);
		struct error e = { 0 };

		put("auth.json", json);
		cr_expect_eq(auth_find("h.io/x", &found, &e), -1, "%s", names[i]);
		cr_expect_not_null(strstr(e.text, "is no name of a credential helper"), "%s: %s", names[i], e.text);
	}
}

Test(auth_file, a_change_leaves_the_rest)
{
	static const char json[] = "{\"auths\": {\"a.io\": {\"auth\": \"x\", \"more\": 1}}, \"credsStore\": \"pass\"}";
	struct text with = { 0 }, without = { 0 };
	struct error e = { 0 };

	cr_assert_eq(auth_document_set(json, strlen(json), "x", "b.io", "yy", &with, &e), 1, "%s", e.text);
	cr_expect_not_null(strstr(with.data, "\"more\": 1"), "%s", with.data);
	cr_expect_not_null(strstr(with.data, "\"auth\": \"yy\""), "%s", with.data);
	cr_expect_not_null(strstr(with.data, "credsStore"), "%s", with.data);
	cr_assert_eq(auth_document_set(with.data, with.length, "x", "b.io", NULL, &without, &e), 1, "%s", e.text);
	cr_expect_null(strstr(without.data, "b.io"), "%s", without.data);
	text_clear(&with);
	cr_expect_eq(auth_document_set(without.data, without.length, "x", "b.io", NULL, &with, &e), 0, "nothing to take away");
	text_clear(&with);
	cr_expect_eq(auth_document_set("", 0, "x", "b.io", "zz", &with, &e), 1, "an empty file: %s", e.text);
	text_release(&with);
	text_release(&without);
}
