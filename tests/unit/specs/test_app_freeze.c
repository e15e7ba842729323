/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_app_freeze.c - a frozen spec says the same without its folder, variables and command line.
 */
#include <sys/stat.h>

#include "tests/unit/specs/scratch_app.h"

TestSuite(app_freeze, .init = begin, .fini = end);

static struct container freeze_and_thaw(const char *json, const struct app_options *options)
{
	autorelease(text) struct text frozen = { 0 };
	const struct app_options nothing = { 0 };
	struct container before = { 0 }, after = { 0 };
	struct app *app = NULL;
	struct error e = { 0 };

	put("app.json", json);
	cr_assert_eq(app_load("app.json", options, &app, &e), 0, "%s", e.text);
	cr_assert_eq(app_container(app, NULL, options, &before, &e), 0, "%s", e.text);
	cr_assert_eq(app_freeze(app, options, &before, &frozen, &e), 0, "%s", e.text);
	app_free(app);
	cr_assert_eq(mkdir("elsewhere", 0700), 0);
	cr_assert_eq(chdir("elsewhere"), 0);
	(void)unlink("../env");
	(void)unsetenv("WORD");
	put("frozen.json", frozen.data);
	cr_assert_eq(app_load("frozen.json", &nothing, &app, &e), 0, "%s", e.text);
	cr_assert_eq(app_container(app, NULL, &nothing, &after, &e), 0, "%s", e.text);
	app_free(app);
	cr_expect_str_eq(after.name, before.name);
	cr_expect_eq(after.mount_count, before.mount_count);
	container_release(&before);
	return after;
}

Test(app_freeze, everything_that_the_command_line_says)
{
	char *const more_env[] = { (char *)"D=four$", (char *)"A=over", NULL };
	char *const volumes[] = { (char *)".:/here:ro", (char *)"vol:/vol", NULL };
	char *const words[] = { (char *)"echo", (char *)"$$HOME ${X}", NULL };
	const struct list env = { (char **)more_env, 2 }, mounts = { (char **)volumes, 2 }, command = { (char **)words, 2 };
	const struct app_options options = { .name = "other", .env = &env, .volumes = &mounts, .command = &command };
	struct container c;
	const struct mount_entry *here;

	put("env", "A=1\nE=$WORD\n");
	cr_assert_eq(setenv("WORD", "said", 1), 0);
	c = freeze_and_thaw("{\"name\": \"web\", \"rootfs\": \"./r\", \"env_file\": [\"./env\"], \"environment\": {\"B\": \"${WORD}\","
			    " \"C\": \"$$x\"}, \"command\": [\"false\"], \"volumes\": [\"./data:/data\"]}",
			    &options);
	cr_expect_str_eq(c.name, "other");
	cr_expect_str_eq(list_env_get(&c.env, "A"), "over");
	cr_expect_str_eq(list_env_get(&c.env, "B"), "said");
	cr_expect_str_eq(list_env_get(&c.env, "C"), "$x");
	cr_expect_str_eq(list_env_get(&c.env, "D"), "four$");
	cr_assert_eq(c.args.count, 2);
	cr_expect_str_eq(c.args.items[1], "$$HOME ${X}");
	here = mount_at(&c, "/data");
	cr_assert(here && here->kind == MOUNT_BIND);
	cr_expect(text_starts(here->source, folder) && text_ends(here->source, "/data"), "%s", here->source);
	here = mount_at(&c, "/here");
	cr_assert(here && here->kind == MOUNT_BIND);
	cr_expect_str_eq(here->source, folder);
	cr_expect(here->attributes & 1, "read-only");
	here = mount_at(&c, "/vol");
	cr_assert(here && here->kind == MOUNT_VOLUME);
	cr_expect_str_eq(here->source, "vol");
	container_release(&c);
}

/* An empty entrypoint that is written takes the image's away, and one that is not leaves it. */
Test(app_freeze, what_is_written_and_what_is_not)
{
	const struct app_options nothing = { 0 };
	autorelease(text) struct text frozen = { 0 };
	struct container c = make("\"entrypoint\": [], \"oci\": {\"domainname\": \"x\"}");
	struct app *app = NULL;
	struct error e = { 0 };

	cr_assert_eq(app_load("app.json", &nothing, &app, &e), 0, "%s", e.text);
	cr_assert_eq(app_freeze(app, &nothing, &c, &frozen, &e), 0, "%s", e.text);
	cr_expect(strstr(frozen.data, "\"entrypoint\": []"), "%s", frozen.data);
	cr_expect(strstr(frozen.data, "\"oci\""), "%s", frozen.data);
	cr_expect(!strstr(frozen.data, "\"healthcheck\""), "%s", frozen.data);
	app_free(app);
	container_release(&c);
}

/* Where a secret comes from is kept, with paths that hold elsewhere; what only the caller has is refused. */
Test(app_freeze, secrets)
{
	const struct app_options nothing = { 0 };
	autorelease(text) struct text frozen = { 0 };
	autofree char *path = text_format("\"file\": \"%s/key\"", folder);
	struct container c;
	struct app *app = NULL;
	struct error e = { 0 };

	put("key", "top secret");
	c = make("\"secrets\": [{\"source\": \"./key\"}]");
	cr_assert_eq(app_load("app.json", &nothing, &app, &e), 0, "%s", e.text);
	cr_assert_eq(app_freeze(app, &nothing, &c, &frozen, &e), 0, "%s", e.text);
	cr_expect(strstr(frozen.data, path), "%s", frozen.data);
	cr_expect(!strstr(frozen.data, "top secret"), "%s", frozen.data);
	app_free(app);
	container_release(&c);
	cr_assert_eq(setenv("KEY", "top secret", 1), 0);
	c = make("\"secrets\": [{\"source\": {\"environment\": \"KEY\"}, \"target\": \"k\"}]");
	cr_assert_eq(app_load("app.json", &nothing, &app, &e), 0, "%s", e.text);
	cr_expect_eq(app_freeze(app, &nothing, &c, &frozen, &e), -1);
	cr_expect_str_eq(e.field, "secrets[0].source.environment");
	app_free(app);
	container_release(&c);
}
