/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_stages.c - who needs whom, what is in scope where, what an image's ONBUILD does; and what is refused, with which words.
 */
#include "tests/unit/specs/build_sample.h"

Test(build_stages, names_numbers_and_images_are_told_apart)
{
	struct sample s;
	const char *text =
		"ARG B=debian:12\nFROM --platform=$BUILDPLATFORM $B AS Base\nFROM base\nFROM scratch AS unused\nFROM "
		"base AS out\n"
		"COPY --from=1 a b\nCOPY --from=BASE a b\nCOPY --from=nginx:1 a b\nRUN --mount=from=1,target=/x y\n"
		"RUN --mount=type=bind,from=tool:2,target=/x y\nCOPY --from=debian:12 a b\n";
	struct list images = { 0 };

	cr_assert_eq(sample_build(&s, text, NULL, NULL), 0, "%s", s.e.text);
	cr_expect_eq(build_file_count(s.file), 4);
	cr_expect_eq(build_file_target(s.file), 3);
	cr_expect_str_eq(build_file_head(s.file, 0)->base.name, "debian:12");
	cr_expect_str_eq(build_file_head(s.file, 0)->base.platform, "linux/amd64");
	cr_expect_eq(build_file_head(s.file, 1)->base.kind, BUILD_FROM_STAGE);
	cr_expect_eq(build_file_head(s.file, 2)->base.kind, BUILD_FROM_SCRATCH);
	cr_expect(build_file_head(s.file, 1)->is_needed);
	cr_expect_not(build_file_head(s.file, 2)->is_needed);
	cr_expect_eq(build_file_head(s.file, 3)->need_count, 2);
	cr_expect_eq(s.stages[3].need_count, 2);
	cr_expect_eq(s.stages[3].steps[0].from.stage, 1);
	cr_expect_eq(s.stages[3].steps[1].from.stage, 0);
	cr_expect_eq(s.stages[3].steps[2].from.kind, BUILD_FROM_IMAGE);
	cr_expect_eq(s.stages[3].steps[3].mounts[0].from.stage, 1);
	build_file_images(s.file, &images);
	cr_assert_eq(images.count, 3);
	cr_expect_str_eq(images.items[0], "debian:12");
	cr_expect_str_eq(images.items[1], "nginx:1");
	cr_expect_str_eq(images.items[2], "tool:2");
	list_release(&images);
	sample_release(&s);
}

Test(build_stages, arguments_and_variables_have_their_scope)
{
	static const char *const args[] = { "g=given", "HTTP_PROXY=http://u:p@x", "other=1", NULL };
	struct sample s;
	struct list unused = { 0 };
	const char *text = "ARG g=1\nARG h=2\nFROM scratch AS a\nARG g\nARG l=$g-$h\nENV e=$l\nRUN x\nFROM a\nRUN "
			   "y\nFROM scratch\nRUN z\n";

	cr_assert_eq(sample_build(&s, text, args, NULL), 0, "%s", s.e.text);
	cr_expect_str_eq(list_env_get(&s.stages[0].steps[0].environment, "l"),
			 "given-"); /* h is not declared in the stage */
	cr_expect_str_eq(list_env_get(&s.stages[1].steps[0].environment, "g"), "given"); /* inherited */
	cr_expect_null(list_env_get(&s.stages[2].steps[0].environment, "g"));
	cr_expect_null(list_env_get(&s.stages[1].config.env, "g"));
	cr_expect_str_eq(list_env_get(&s.stages[1].config.env, "e"), "given-");
	cr_expect_str_eq(s.stages[0].steps[0].created_by, "RUN |2 g l /bin/sh -c x");
	cr_expect_str_eq(s.stages[0].history[0].created_by, "ARG g");
	/* Proxies reach the step, and neither key nor history. */
	cr_expect_str_eq(list_env_get(&s.stages[2].steps[0].hidden_environment, "http_proxy"), "http://u:p@x");
	cr_expect_null(strstr(s.stages[2].steps[0].key, "u:p"));
	build_file_unused_args(s.file, &unused);
	cr_assert_eq(unused.count, 1);
	cr_expect_str_eq(unused.items[0], "other");
	list_release(&unused);
	sample_release(&s);
}

Test(build_stages, keys_do_not_depend_on_where_a_step_stands)
{
	struct sample a, b;

	cr_assert_eq(sample_build(&a, "FROM scratch AS x\nFROM scratch\nCOPY --from=x a b\n", NULL, NULL), 0);
	cr_assert_eq(sample_build(&b, "FROM scratch\n\nFROM scratch AS y\nFROM scratch\n\nCOPY --from=y a b\n", NULL,
				  NULL),
		     0);
	cr_expect_str_eq(sample_last(&a)->steps[0].key, sample_last(&b)->steps[0].key);
	sample_release(&a);
	sample_release(&b);
}

Test(build_stages, a_bases_configuration_is_inherited_and_its_triggers_fire)
{
	static const char json[] = "{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\",\"config\":{"
				   "\"User\":\"app\",\"Env\":[\"PATH=/p\",\"X=1\"],"
				   "\"Cmd\":[\"old\"],\"WorkingDir\":\"/"
				   "w\",\"Labels\":{\"z\":\"1\",\"a\":\"2\"},\"ExposedPorts\":{\"80/tcp\":{}},"
				   "\"OnBuild\":[\"COPY . .\",\"RUN echo $X\"],\"StopTimeout\":5,\"Unknown\":1}}";
	struct build_config base = { 0 };
	struct sample s;
	char *config;

	cr_assert_eq(build_config_decode(json, strlen(json), "base", &base, &(struct error){ 0 }), 0);
	cr_assert_eq(sample_build(&s, "FROM img\nENTRYPOINT [\"e\"]\n", NULL, &base), 0, "%s", s.e.text);
	cr_assert_eq(s.stages[0].step_count, 2);
	cr_expect_str_eq(s.stages[0].steps[0].target, "/w");
	cr_expect_str_eq(s.stages[0].steps[1].user, "app");
	cr_expect_str_eq(list_env_get(&s.stages[0].steps[1].environment, "X"), "1");
	config = sample_config(&s);
	cr_expect_str_eq(config, "{\"User\":\"app\",\"ExposedPorts\":{\"80/tcp\":{}},\"Env\":[\"PATH=/"
				 "p\",\"X=1\"],\"Entrypoint\":[\"e\"],"
				 "\"WorkingDir\":\"/w\",\"Labels\":{\"a\":\"2\",\"z\":\"1\"},\"StopTimeout\":5}");
	free(config);
	sample_release(&s);
	build_config_release(&base);
}

#define D64 "0123456789012345678901234567890123456789012345678901234567890123"

/* What is said about a wrong file, or the beginning of it. */
static const struct {
	const char *text, *said;
} wrong[] = {
	{ "", "Dockerfile: there is no FROM in it" },
	{ "RUN x\n", "Dockerfile:1: RUN: it stands before the first FROM, where only ARG may" },
	{ "FROM a\n\nCOYP a b\n", "Dockerfile:3: unknown instruction \"COYP\": did you mean \"COPY\"?" },
	{ "FROM a\nCOPY --form=x a b\n", "Dockerfile:2: COPY: COPY has no flag --form: did you mean --from?" },
	{ "FROM a\nCOPY --chown a b\n", "Dockerfile:2: COPY: --chown has no value" },
	{ "FROM a b\n", "Dockerfile:1: FROM: it takes an image" },
	{ "FROM a AS 1b\n", "Dockerfile:1: FROM: \"1b\" is no name for a stage" },
	{ "FROM $x\n", "Dockerfile:1: FROM: \"$x\" is empty" },
	{ "FROM a\nCOPY --from=3 a b\n", "Dockerfile:2: COPY: stage 3 is not before this one" },
	{ "FROM a\nCOPY --from=b x y\nFROM a AS b\n", "Dockerfile:2: COPY: stage \"b\" begins only in line 3" },
	{ "FROM a\nCOPY x\n", "Dockerfile:2: COPY: it takes at least a source and a target" },
	{ "FROM a\nCOPY x y z\n", "Dockerfile:2: COPY: several sources go into one file, \"z\"" },
	{ "FROM a\nCOPY $x y\n", "Dockerfile:2: COPY: the source \"$x\" is empty" },
	{ "FROM a\nCOPY --chmod=9 x y\n", "Dockerfile:2: COPY: --chmod=9 is no mode" },
	{ "FROM a\nADD --checksum=sha256:" D64 " x y\n",
	  "Dockerfile:2: ADD: --checksum is for one source that is an address" },
	{ "FROM a\nRUN --mount=type=cash,target=/x y\n", "Dockerfile:2: RUN: --mount=type=cash,target=/x: the type is "
							 "bind, cache, tmpfs, secret or ssh, not \"cash\"" },
	{ "FROM a\nRUN --mount=tagret=/x y\n",
	  "Dockerfile:2: RUN: --mount=tagret=/x: unknown key \"tagret\": did you mean \"target\"?" },
	{ "FROM a\nRUN --mount=target=/ y\n", "Dockerfile:2: RUN: --mount=target=/: nothing can be mounted on /" },
	{ "FROM a\nRUN --mount=from=$x,target=/y z\n",
	  "Dockerfile:2: RUN: --mount=from=$x,target=/y: \"from\" can have no variable" },
	{ "FROM a\nRUN --mount=target=/x,target=/y z\n",
	  "Dockerfile:2: RUN: --mount=target=/x,target=/y: \"target\" is said twice" },
	{ "FROM a\nRUN --mount=type=tmpfs,target=/x,mode=1 z\n",
	  "Dockerfile:2: RUN: --mount=type=tmpfs,target=/x,mode=1: a mount of type tmpfs has no \"mode\"" },
	{ "FROM a\nRUN --security=insecure x\n", "Dockerfile:2: RUN: --security=insecure is refused" },
	{ "FROM a\nRUN\n", "Dockerfile:2: RUN: nothing to run" },
	{ "FROM a\nRUN <<E\nx\n", "Dockerfile:2: the heredoc \"E\" has no end" },
	{ "FROM a\nENV x\n", "Dockerfile:2: ENV: \"x\" has no value" },
	{ "FROM a\nENV x=1 y\n", "Dockerfile:2: ENV: \"y\" has no \"=\"" },
	{ "FROM a\nENV x=\"${y:?is needed}\"\n", "Dockerfile:2: ENV: y: is needed" },
	{ "FROM a\nENV x=${y\n", "Dockerfile:2: ENV: \"${\" has no \"}\"" },
	{ "FROM a\nENV x=\"y\n", "Dockerfile:2: ENV: a double quote has no other one" },
	{ "FROM a\nEXPOSE 70000\n", "Dockerfile:2: EXPOSE: \"70000\" is no port" },
	{ "FROM a\nSTOPSIGNAL SIGX\n", "Dockerfile:2: STOPSIGNAL: \"SIGX\" is no signal" },
	{ "FROM a\nSHELL bash\n", "Dockerfile:2: SHELL: it takes a JSON array" },
	{ "FROM a\nCMD [1]\n", "Dockerfile:2: CMD: item 1 of the JSON array is no text" },
	{ "FROM a\nHEALTHCHECK curl\n", "Dockerfile:2: HEALTHCHECK: it takes CMD and a command, or NONE" },
	{ "FROM a\nONBUILD FROM x\n", "Dockerfile:2: ONBUILD: FROM cannot stand behind it" },
	{ "# escape=x\nFROM a\n", "Dockerfile:1: the escape character has to be" },
	{ "FROM a\nRUN \xff\n", "Dockerfile:2: the line has bytes that are no UTF-8" },
};

Test(build_stages, errors_say_line_instruction_and_reason)
{
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct sample s;

		cr_expect_eq(sample_build(&s, wrong[i].text, NULL, NULL), -1, "%s", wrong[i].text);
		cr_expect(text_starts(s.e.text, wrong[i].said), "%s\nsays: %s\nwant: %s", wrong[i].text, s.e.text,
			  wrong[i].said);
		sample_release(&s);
	}
}

Test(build_stages, comments_directives_and_marks_of_other_systems_are_read)
{
	struct sample s;

	cr_assert_eq(sample_build(&s,
				  "\xef\xbb\xbf# syntax=docker/dockerfile:1\r\n# escape=`\r\nFROM scratch\r\n  # "
				  "c\r\nRUN a `\r\n  b\\c\r\n",
				  NULL, NULL),
		     0, "%s", s.e.text);
	cr_expect_str_eq(s.stages[0].steps[0].argv.items[2], "a   b\\c");
	cr_expect_eq(s.stages[0].steps[0].line, 5);
	sample_release(&s);
}

/* Files that want more than a file can need. */
Test(build_stages, hostile_files_end_soon, .timeout = 60)
{
	struct text bomb = { 0 }, many = { 0 }, deep = { 0 }, glob = { 0 };
	struct sample s;

	text_add(&bomb, "FROM scratch\nENV a=0123456789\n");
	for (int i = 0; i < 40; i++)
		text_add(&bomb, "ENV a=$a$a$a$a\n");
	cr_expect_eq(sample_build(&s, bomb.data, NULL, NULL), -1);
	cr_expect(strstr(s.e.text, "more text than box takes"), "%s", s.e.text);
	sample_release(&s);
	text_add(&many, "FROM scratch\n");
	for (int i = 0; i < 1000; i++)
		text_add(&many, "RUN x\n");
	cr_expect_eq(sample_build(&s, many.data, NULL, NULL), -1);
	cr_expect(strstr(s.e.text, "more than 1000 instructions"), "%s", s.e.text);
	sample_release(&s);
	text_add(&deep, "FROM scratch\nENV a=");
	for (int i = 0; i < 10000; i++)
		text_add(&deep, "${x:-");
	cr_expect_eq(sample_build(&s, deep.data, NULL, NULL), -1);
	sample_release(&s);
	text_add(&glob, "FROM scratch\nENV a=");
	for (int i = 0; i < 20000; i++)
		text_add(&glob, "aaaaaaaaaa");
	text_add(&glob, "\nENV b=${a//*a*a*a*a*a*a*b/x}\n");
	cr_expect_eq(sample_build(&s, glob.data, NULL, NULL), -1);
	sample_release(&s);
	text_release(&bomb);
	text_release(&many);
	text_release(&deep);
	text_release(&glob);
}
