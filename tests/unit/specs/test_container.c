/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_container.c - program, environment, identity and limits of the container that an app.json describes.
 */
#include <sys/resource.h>

#include "base/names.h"
#include "tests/unit/specs/scratch_app.h"

TestSuite(container, .init = begin, .fini = end);

Test(container, option_e)
{
	struct list env = { 0 };
	const struct app_options options = { .env = &env };
	struct container c = { 0 };
	struct error e = { 0 };

	cr_assert_eq(setenv("BOX_T_CALLER", "theirs", 1), 0);
	cr_assert_eq(unsetenv("BOX_T_ABSENT"), 0);
	list_add(&env, "BOX_T_CALLER");
	list_add(&env, "BOX_T_ABSENT");
	list_add(&env, "A=b=c");
	list_add(&env, "EMPTY=");
	cr_assert_eq(try("\"environment\": {\"A\": 1}", NULL, &options, &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(list_env_get(&c.env, "BOX_T_CALLER"), "theirs");
	cr_expect_null(list_env_get(&c.env, "BOX_T_ABSENT"));
	cr_expect_str_eq(list_env_get(&c.env, "A"), "b=c");
	cr_expect_str_eq(list_env_get(&c.env, "EMPTY"), "");
	container_release(&c);
	list_add(&env, "=x");
	cr_expect_eq(try("", NULL, &options, &c, &e), -1);
	cr_expect_str_eq(e.text, "option -e: expected KEY=value or KEY, found \"=x\"");
	list_release(&env);
}

Test(container, environment_in_layers)
{
	struct image_config image = { 0 };
	struct container c = { 0 };
	struct error e = { 0 };

	put("a.env", "A=file\nB=file\nC=file\n");
	put("b.env", "B=second\n");
	list_add(&image.env, "A=image");
	list_add(&image.env, "D=image");
	list_add(&image.env, "PATH=/image");
	list_add(&image.env, "no-equals");
	list_add(&image.env, "=no-key");
	cr_assert_eq(setenv("no-equals", "leaked", 1), 0);
	cr_assert_eq(try("\"env_file\": [{\"path\": \"./none.env\", \"required\": false}, \"./a.env\", {\"path\": \"b.env\"}], "
			 "\"environment\": [\"C=spec\"]", &image, NULL, &c, &e), 0, "%s", e.text);
	cr_expect_str_eq(list_env_get(&c.env, "A"), "file");
	cr_expect_str_eq(list_env_get(&c.env, "B"), "second");
	cr_expect_str_eq(list_env_get(&c.env, "C"), "spec");
	cr_expect_str_eq(list_env_get(&c.env, "D"), "image");
	cr_expect_str_eq(list_env_get(&c.env, "PATH"), "/image");
	cr_expect_str_eq(list_env_get(&c.env, "HOSTNAME"), "web");
	cr_expect_null(list_env_get(&c.env, "TERM"), "without a terminal");
	cr_expect_null(list_env_get(&c.env, "no-equals"), "an image does not read the caller's environment");
	cr_expect_null(list_env_get(&c.env, "HOME"), "the runtime looks it up in the image");
	container_release(&c);
	list_release(&image.env);
}

Test(container, names)
{
	struct app_options options = { .name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct container c = { 0 };
	struct error e = { 0 };

	cr_assert_eq(try("", NULL, &options, &c, &e), 0, "%s", e.text);
	cr_expect_eq(strlen(c.name), 80u);
	cr_expect_eq(strlen(c.hostname), 63u, "the kernel takes no more");
	container_release(&c);
}

Test(container, program)
{
	static const struct {
		const char *members, *words; /* joined by spaces */
	} cases[] = {
		{ "", "image-entry x" },
		{ "\"entrypoint\": [\"e\"]", "e x" },
		{ "\"entrypoint\": []", "x" },
	};
	struct image_config image = { 0 };
	struct container c = { 0 };
	struct error e = { 0 };
	struct app *app = NULL;

	list_add(&image.entrypoint, "image-entry");
	list_add(&image.command, "image-command");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text words = { 0 };

		cr_assert_eq(try(cases[i].members, &image, NULL, &c, &e), 0, "%s", e.text);
		for (size_t j = 0; j < c.args.count; j++)
			text_addf(&words, "%s%s", j ? " " : "", c.args.items[j]);
		cr_expect_str_eq(words.data, cases[i].words);
		text_release(&words);
		container_release(&c);
	}
	/* An entrypoint of the spec takes the image's command away: nothing is left to run behind it. */
	put("app.json", "{\"rootfs\": \"r\", \"entrypoint\": [\"e\"]}");
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	cr_assert_eq(app_container(app, &image, NULL, &c, &e), 0, "%s", e.text);
	cr_expect_eq(c.args.count, 1u);
	container_release(&c);
	app_free(app);
	put("app.json", "{\"rootfs\": \"r\"}");
	cr_assert_eq(app_load("app.json", NULL, &app, &e), 0, "%s", e.text);
	cr_expect_eq(app_container(app, NULL, NULL, &c, &e), -1);
	cr_expect_not_null(strstr(e.text, "nothing to run"), "%s", e.text);
	cr_expect_not_null(strstr(e.hint, "\"command\""), "%s", e.hint);
	app_free(app);
	list_release(&image.entrypoint);
	list_release(&image.command);
}

Test(container, security)
{
	struct container c = make("\"security\": {\"userns\": \"host\", \"seccomp\": \"./p.json\", \"no_new_privileges\": false},"
				  "\"cap_add\": [\"ALL\"], \"cap_drop\": [\"cap_sys_admin\"], \"network_mode\": \"host\"");
	char *profile = text_format("%s/p.json", folder);

	cr_expect_not(container_has_namespace(&c, NAMESPACE_USER));
	cr_expect_eq(c.seccomp, SECCOMP_FILE);
	cr_expect_str_eq(c.seccomp_file, profile);
	cr_expect_not(c.no_new_privileges);
	cr_expect_not(container_has_namespace(&c, NAMESPACE_NETWORK));
	cr_expect_eq(c.sysctl_count, 0u, "the host's network settings stay as they are");
	cr_expect_eq(c.capabilities.bounding, ((UINT64_C(1) << CAPABILITY_COUNT) - 1) & ~(UINT64_C(1) << capability_number("SYS_ADMIN")));
	free(profile);
	container_release(&c);
}

Test(container, every_limit)
{
	struct container c = make("\"resources\": {\"limits\": {\"cpus\": \"0.5\", \"cpu_weight\": 200, \"cpuset\": \"0\", \"cpuset_mems\": \"0\","
				  "\"memory\": \"8m\", \"swap\": \"4m\", \"pids\": \"20\", \"io_weight\": 50,"
				  "\"io\": [{\"device\": \"/dev/sda\", \"read_bps\": \"1m\", \"write_iops\": 7}]},"
				  "\"reservations\": {\"memory\": \"4m\"}}, \"ulimits\": {\"nofile\": 10, \"core\": \"5:-1\"},"
				  "\"sysctls\": {\"net.core.somaxconn\": 256}, \"devices\": [\"/dev/null\", \"/dev/zero:/dev/nought:r\"]");

	cr_expect_eq(c.limits.cpu_quota_us, 50000);
	cr_expect_eq(c.limits.cpu_period_us, 100000);
	cr_expect_eq(c.limits.cpu_weight, 200);
	cr_expect_str_eq(c.limits.cpuset_mems, "0");
	cr_expect_eq(c.limits.memory_reservation, 4 << 20);
	cr_expect_eq(c.limits.swap, 4 << 20);
	cr_expect_not(c.limits.swap_is_default);
	cr_expect_eq(c.limits.pids, 20);
	cr_expect_eq(c.limits.io_weight, 50);
	cr_assert_eq(c.limits.io_count, 1u);
	cr_expect_eq(c.limits.io[0].read_bps, 1 << 20);
	cr_expect_eq(c.limits.io[0].write_bps, LIMIT_UNSET);
	cr_expect_eq(c.limits.io[0].write_iops, 7);
	cr_assert_eq(c.rlimit_count, 2u);
	cr_expect_eq(c.rlimits[0].resource, (int)RLIMIT_CORE);
	cr_expect_eq(c.rlimits[0].hard, (uint64_t)RLIM_INFINITY);
	cr_expect_eq(c.rlimits[1].soft, 10u);
	cr_assert_eq(c.device_count, 2u);
	cr_expect_str_eq(c.devices[0].access, "rwm");
	cr_expect_str_eq(c.devices[1].source, "/dev/zero");
	cr_expect_str_eq(c.devices[1].target, "/dev/nought");
	cr_expect_str_eq(c.devices[1].access, "r");
	cr_expect_str_eq(c.sysctls[c.sysctl_count - 1].key, "net.core.somaxconn");
	cr_expect_str_eq(c.sysctls[c.sysctl_count - 1].value, "256");
	container_release(&c);
}

Test(container, lines_of_later_errors)
{
	struct app *app = NULL;
	struct error e = { 0 };
	const struct app_options options = { .override = "dev" };

	put("app.json", "{\"rootfs\": \"r\",\n\"volumes\": [\n\"a:/a\"],\n"
			"\"sysctls\": {\n\"net.a.b\": 1},\n\"overrides\": {\"dev\":\n{\"user\":\n\"1\"}}}");
	cr_assert_eq(app_load("app.json", &options, &app, &e), 0, "%s", e.text);
	cr_expect_eq(app_error_line(app, "volumes[0].source"), 3);
	cr_expect_eq(app_error_line(app, "sysctls.net.a.b"), 5);
	cr_expect_eq(app_error_line(app, "user"), 7, "where the chosen override says it");
	cr_expect_eq(app_error_line(app, ""), 0);
	app_free(app);
}
