/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_native.c - "build" in app.json: the same plan as a Dockerfile's, stages in any order.
 */
#include "specs/app.h"
#include "tests/unit/specs/build_sample.h"
#include "tests/unit/specs/scratch_app.h"

static const char text[] =
	"{\"name\":\"x\",\"build\":{\"context\":\"src\",\"epoch\":1700000000,\"args\":{\"V\":\"1\",\"W\":2},\n"
	"\"stages\":{\"last\":{\"from\":\"mid\",\"steps\":[{\"run\":[\"l\"]}]},\"unused\":{\"from\":\"scratch\"},\n"
	"\"mid\":{\"from\":\"debian:12\",\"platform\":\"linux/arm64\",\"steps\":[{\"run\":\"make -C "
	"/src\",\"cache\":[\"/root/.cache\"],\"secrets\":[\"npm\"],"
	"\"mounts\":[\"type=bind,target=/b,source=../x\"],\"environment\":{\"E\":\"e\"},\"working_dir\":\"/"
	"src\",\"user\":\"me\"}]}},\n"
	"\"from\":\"debian:12\",\"steps\":[{\"copy\":[\"/out/a*\"],\"from\":\"last\",\"to\":\"/srv/"
	"\",\"owner\":\"1:2\",\"mode\":\"755\"},\n"
	"{\"run\":[\"id\"],\"network\":\"default\"},{\"write\":\"hi\\n\",\"to\":\"etc/motd\"},{\"folder\":\"/d\"},\n"
	"{\"add\":[\"https://x.org/a.tgz\"],\"to\":\"/a\",\"unpack\":true}],\n"
	"\"config\":{\"environment\":{\"A\":\"b\"},\"user\":\"app\",\"command\":[\"/srv/"
	"a\"],\"expose\":[\"80\"],\"labels\":{\"l\":\"m\"},"
	"\"healthcheck\":{\"test\":[\"CMD\",\"x\"],\"interval\":\"10s\"}}}}";

TestSuite(build_native, .init = begin, .fini = end);

static struct app *load(const char *json)
{
	const struct app_options options = { 0 };
	struct error e = { 0 };
	struct app *app = NULL;

	put("app.json", json);
	cr_assert_eq(app_load("app.json", &options, &app, &e), 0, "%s", e.text);
	return app;
}

static void check_middle(const struct build_head *head, const struct build_step *run)
{
	cr_expect_str_eq(head->base.platform, "linux/arm64");
	cr_expect_str_eq(run->argv.items[2], "make -C /src");
	cr_expect_str_eq(list_env_get(&run->environment, "V"), "9");
	cr_expect_str_eq(list_env_get(&run->environment, "W"), "2");
	cr_expect_str_eq(list_env_get(&run->environment, "E"), "e");
	cr_expect_eq(run->network, BUILD_NETWORK_NONE);
	cr_assert_eq(run->mount_count, 3);
	cr_expect_str_eq(run->mounts[0].id, "/root/.cache");
	cr_expect_str_eq(run->mounts[1].target, "/run/secrets/npm");
	cr_expect_str_eq(run->mounts[2].source, "x");
}

static void check_last(const struct build_stage *stage)
{
	cr_assert_eq(stage->step_count, 5);
	cr_expect_eq(stage->need_count, 1);
	cr_expect_str_eq(stage->steps[0].sources[0].path, "out/a*");
	cr_expect(stage->steps[0].target_is_folder);
	cr_expect_eq(stage->steps[1].network, BUILD_NETWORK_DEFAULT);
	cr_expect_str_eq(stage->steps[2].target, "/etc/motd");
	cr_expect_str_eq(stage->steps[2].files[0].content, "hi\n");
	cr_expect(stage->steps[4].sources[0].unpack);
}

Test(build_native, the_object_is_a_plan)
{
	struct app *app = load(text);
	struct app_build build = { 0 };
	struct build_inputs inputs = { 0 };
	struct build_config nothing = { 0 };
	struct build_stage stages[4] = { 0 };
	struct build_file *file = NULL;
	struct error e = { 0 };
	struct text config = { 0 };

	cr_assert(app_build_of(app, &build));
	cr_expect(build.is_native);
	cr_expect_str_eq(build.context, "src");
	cr_expect_eq(build.epoch, 1700000000);
	list_add(&inputs.args, "V=9");
	cr_assert_eq(build_file_from_spec(build.build, &inputs, &file, &e), 0, "%s: %s", e.field, e.text);
	cr_assert_eq(build_file_count(file), 4);
	cr_expect_eq(build_file_target(file), 3);
	for (size_t i = 0; i < 4; i++) {
		const struct build_head *head = build_file_head(file, i);

		cr_expect_eq(head->is_needed, !head->name || strcmp(head->name, "unused") != 0);
		cr_assert(head->base.kind != BUILD_FROM_STAGE || head->base.stage < i);
		cr_assert_eq(build_stage_resolve(file, i,
						 head->base.kind == BUILD_FROM_STAGE ? &stages[head->base.stage].config
										     : &nothing,
						 &stages[i], &e),
			     0, "%s: %s", e.field, e.text);
		if (text_equal(head->name, "mid"))
			check_middle(head, &stages[i].steps[0]);
	}
	check_last(&stages[3]);
	build_config_write(&stages[3].config, &config);
	cr_expect(strstr(config.data, "\"User\":\"app\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH="), "%s",
		  config.data);
	cr_expect(strstr(config.data, "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":10000000000}"), "%s",
		  config.data);
	for (size_t i = 0; i < 4; i++)
		build_stage_release(&stages[i]);
	list_release(&inputs.args);
	text_release(&config);
	build_file_free(file);
	app_free(app);
}

/* The same words in both forms are the same step: a cache serves both. */
Test(build_native, a_step_has_the_key_that_a_dockerfile_gives_it)
{
	struct app *app = load("{\"build\":{\"from\":\"scratch\",\"steps\":[{\"copy\":[\"a\"],\"to\":\"/b\"}]}}");
	struct app_build build = { 0 };
	struct build_config nothing = { 0 };
	struct build_stage stage = { 0 };
	struct build_file *file = NULL;
	struct error e = { 0 };
	struct sample s;

	cr_assert(app_build_of(app, &build));
	cr_assert_eq(build_file_from_spec(build.build, &(struct build_inputs){ 0 }, &file, &e), 0);
	cr_assert_eq(build_stage_resolve(file, 0, &nothing, &stage, &e), 0);
	cr_assert_eq(sample_build(&s, "FROM scratch\nCOPY a /b\n", NULL, NULL), 0);
	cr_expect_str_eq(stage.steps[0].key, s.stages[0].steps[0].key);
	build_stage_release(&stage);
	build_file_free(file);
	sample_release(&s);
	app_free(app);
}
