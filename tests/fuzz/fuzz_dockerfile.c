/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dockerfile.c - a Dockerfile from any bytes: what is taken makes the same plan twice, whose paths are clean and whose configuration
 * can be read again. Bytes behind a zero byte are a .dockerignore.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "specs/build_ignore.h"
#include "specs/build_plan.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A relative path that cannot lead out of its root. */
static void check_relative(const char *path)
{
	require(*path && *path != '/' && !strstr(path, "//") && strncmp(path, "../", 3) != 0 &&
		strcmp(path, "..") != 0 && !strstr(path, "/../") && !text_ends(path, "/.."));
}

static void check_step(const struct build_step *step)
{
	require(step->key && step->words && step->created_by);
	require(!step->target || *step->target == '/');
	require(step->kind != BUILD_RUN || (step->argv.count && *step->working_dir == '/'));
	for (size_t i = 0; i < step->source_count; i++)
		if (step->sources[i].kind == BUILD_SOURCE_PATH)
			check_relative(step->sources[i].path);
	for (size_t i = 0; i < step->mount_count; i++) {
		require(!step->mounts[i].target || (*step->mounts[i].target == '/' && step->mounts[i].target[1]));
		if (step->mounts[i].source)
			check_relative(step->mounts[i].source);
	}
}

static void resolve(const struct build_file *file, size_t number, const struct build_config *base,
		    struct build_config *ret)
{
	struct build_stage one = { 0 }, two = { 0 };
	autorelease(text) struct text first = { 0 }, second = { 0 }, config = { 0 };
	autorelease(build_config) struct build_config again = { 0 };
	struct error e = { 0 };

	if (build_stage_resolve(file, number, base, &one, &e)) {
		require(e.kind != ERROR_NONE && e.text[0]);
		return;
	}
	require(build_stage_resolve(file, number, base, &two, &e) == 0);
	build_stage_dump(&one, &first);
	build_stage_dump(&two, &second);
	require(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
	for (size_t i = 0; i < one.step_count; i++)
		check_step(&one.steps[i]);
	text_add(&config, "{\"config\":");
	build_config_write(&one.config, &config);
	text_add(&config, "}");
	require(build_config_decode(config.data, config.length, "again", &again, &e) == 0 || e.kind == ERROR_IMAGE);
	build_config_copy(ret, &one.config);
	build_stage_release(&one);
	build_stage_release(&two);
}

static void read_ignore(const char *text, size_t length)
{
	autorelease(build_ignore) struct build_ignore ignore = { 0 };
	struct error e = { 0 };

	if (build_ignore_parse(text, length, "ignore", &ignore, &e))
		return;
	/* A folder whose content can be shown again has to be entered. */
	if (build_ignore_hides(&ignore, "a") && !build_ignore_hides(&ignore, "a/b"))
		require(build_ignore_enters(&ignore, "a"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct build_config nothing;
	const uint8_t *zero = memchr(data, 0, size);
	size_t length = zero ? (size_t)(zero - data) : size, count;
	struct build_inputs inputs = { .platform = "linux/amd64", .build_platform = "linux/amd64" };
	struct build_file *file = NULL;
	struct build_config *configs;
	struct error e = { 0 };

	if (zero)
		read_ignore((const char *)zero + 1, size - length - 1);
	list_add(&inputs.args, "GIVEN=x y");
	if (build_file_parse((const char *)data, length, "fuzz", &inputs, &file, &e)) {
		require(e.kind != ERROR_NONE && e.text[0]);
		list_release(&inputs.args);
		return 0;
	}
	list_release(&inputs.args);
	count = build_file_count(file);
	configs = calloc(count, sizeof *configs);
	require(configs);
	for (size_t i = 0; i < count; i++) {
		const struct build_head *head = build_file_head(file, i);

		require(head->base.kind != BUILD_FROM_STAGE || head->base.stage < i);
		resolve(file, i, head->base.kind == BUILD_FROM_STAGE ? &configs[head->base.stage] : &nothing,
			&configs[i]);
	}
	for (size_t i = 0; i < count; i++)
		build_config_release(&configs[i]);
	free(configs);
	build_file_free(file);
	return 0;
}
