/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_image_config.c - what an image says, and what hostile images say.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "specs/image_config.h"

static int decode(const char *json, struct image_config *ret, struct error *e)
{
	return image_config_decode(json, strlen(json), "sha256:0", ret, e);
}

Test(image_config, everything)
{
	static const char json[] =
		"{\"architecture\": \"amd64\", \"os\": \"linux\", \"created\": \"2024\", \"history\": [{\"created_by\": \"x\"}],"
		"\"config\": {\"User\": \"1000:1000\", \"Env\": [\"PATH=/bin\", \"A=b=c\"], \"Entrypoint\": [\"/e\"], \"Cmd\": [\"c\"],"
		"\"WorkingDir\": \"/w\", \"Volumes\": {\"/z\": {}, \"/a\": {}}, \"StopSignal\": \"SIGQUIT\", \"Labels\": {\"k\": \"v\"},"
		"\"ExposedPorts\": {\"80/tcp\": {}}, \"Healthcheck\": {\"Test\": [\"CMD\"]}, \"OnBuild\": null},"
		"\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"sha256:1\", \"sha256:2\"]}}";
	struct image_config config;
	struct error e = { 0 };

	cr_assert_eq(decode(json, &config, &e), 0, "%s", e.text);
	cr_expect_str_eq(config.architecture, "amd64");
	cr_expect_str_eq(config.os, "linux");
	cr_expect_str_eq(config.user, "1000:1000");
	cr_expect_str_eq(list_env_get(&config.env, "A"), "b=c");
	cr_expect_str_eq(config.entrypoint.items[0], "/e");
	cr_expect_str_eq(config.command.items[0], "c");
	cr_expect_str_eq(config.working_dir, "/w");
	cr_assert_eq(config.volumes.count, 2u);
	cr_expect_str_eq(config.volumes.items[0], "/a", "sorted");
	cr_expect_str_eq(config.stop_signal, "SIGQUIT");
	cr_expect_str_eq(config.diff_ids.items[1], "sha256:2");
	cr_expect_str_eq(config.labels.items[0], "k=v");
	image_config_release(&config);
	cr_expect_null(config.user);
	image_config_release(&config); /* twice is harmless */
}

Test(image_config, null_is_absent)
{
	static const char json[] = "{\"config\": {\"Entrypoint\": null, \"Cmd\": null, \"Volumes\": null, \"Env\": null, \"Labels\": null}}";
	struct image_config config;
	struct error e = { 0 };

	cr_assert_eq(decode(json, &config, &e), 0, "%s", e.text);
	cr_expect_eq(config.entrypoint.count + config.command.count + config.volumes.count + config.env.count, 0u);
	image_config_release(&config);
	cr_assert_eq(decode("{}", &config, &e), 0, "%s", e.text);
	image_config_release(&config);
}

Test(image_config, hostile)
{
	static const char *const cases[][2] = {
		{ "[]", "expected an object, found []" },
		{ "{\"config\": {\"Cmd\": \"sh -c x\"}}", "expected an array of texts" },
		{ "{\"config\": {\"Env\": [1]}}", "expected a text, found 1" },
		{ "{\"config\": {\"Env\": [\"A\\u0000=b\"]}}", "zero byte" },
		{ "{\"config\": {\"Volumes\": [\"/a\"]}}", "expected an object" },
		{ "{\"config\": {\"User\": \"a\"}, \"config\": {\"User\": \"b\"}}", "\"config\" comes twice" },
		{ "{\"config\": {\"User\": \"a\", \"User\": \"b\"}}", "\"User\" comes twice" },
		{ "{\"config\": {\"User\": \"\xff\"}}", "not JSON" },
		{ "{\"rootfs\": {\"diff_ids\": {}}}", "expected an array of texts" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct image_config config = { .user = (char *)"untouched" };
		struct error e = { 0 };

		cr_expect_eq(decode(cases[i][0], &config, &e), -1, "%s", cases[i][0]);
		cr_expect_not_null(strstr(e.text, cases[i][1]), "%s: %s", cases[i][0], e.text);
		cr_expect_eq(e.kind, ERROR_IMAGE);
		cr_expect_str_eq(config.user, "untouched");
	}
}

/* Depth is found before anything walks the tree: it costs one pass, however deep. */
Test(image_config, nested)
{
	struct text json = { 0 };
	struct image_config config;
	struct error e = { 0 };

	alarm(10); /* what takes longer, hangs */
	text_add(&json, "{\"config\": {\"User\": \"a\"}, \"x\": ");
	for (int i = 0; i < 30; i++)
		text_add_char(&json, '[');
	for (int i = 0; i < 30; i++)
		text_add_char(&json, ']');
	text_add_char(&json, '}');
	cr_expect_eq(decode(json.data, &config, &e), 0, "%s", e.text);
	image_config_release(&config);
	text_clear(&json);
	for (int i = 0; i < 1 << 20; i++)
		text_add(&json, "[");
	cr_expect_eq(decode(json.data, &config, &e), -1);
	cr_expect_not_null(strstr(e.text, "nested deeper than 32 levels"), "%s", e.text);
	text_release(&json);
}

Test(image_config, large)
{
	struct text json = { 0 };
	struct image_config config;
	struct error e = { 0 };

	alarm(20);
	text_add(&json, "{\"config\": {\"Labels\": {");
	for (int i = 0; i < 20000; i++)
		text_addf(&json, "%s\"l%d\":\"\"", i ? "," : "", i);
	text_add(&json, "}}}");
	cr_assert_eq(decode(json.data, &config, &e), 0, "%s", e.text);
	cr_expect_eq(config.labels.count, 20000u);
	image_config_release(&config);
	text_clear(&json);
	text_add(&json, "{\"config\": {\"Env\": [\"A=b\"");
	for (int i = 0; i < 40000; i++)
		text_addf(&json, ",\"E%d=\"", i);
	text_add(&json, "]}}");
	cr_expect_eq(decode(json.data, &config, &e), -1);
	cr_expect_not_null(strstr(e.text, "more than 131072"), "%s", e.text);
	text_release(&json);
}

/* As "KEY=value" one by one: no search of all for each. */
Test(image_config, many_labels_cost_as_many_times_as_there_are)
{
	struct text json = { 0 };
	struct image_config config;
	struct error e = { 0 };

	alarm(20);
	text_add(&json, "{\"config\": {\"Labels\": [\"l7=first\"");
	for (int i = 0; i < 280000; i++)
		text_addf(&json, ",\"l%d=\"", i);
	text_add(&json, ",\"l9=last\"]}}");
	cr_assert_eq(decode(json.data, &config, &e), 0, "%s", e.text);
	cr_expect_eq(config.labels.count, 280000u);
	cr_expect_str_eq(config.labels.items[0], "l7=");
	cr_expect_str_eq(list_env_get(&config.labels, "l9"), "last");
	image_config_release(&config);
	text_release(&json);
}

Test(image_config, size)
{
	struct image_config config;
	struct error e = { 0 };
	static char large[(4 << 20) + 1];

	memset(large, ' ', sizeof large);
	cr_expect_eq(image_config_decode(large, sizeof large, "c", &config, &e), -1);
	cr_expect_not_null(strstr(e.text, "bytes, more than"), "%s", e.text);
}
