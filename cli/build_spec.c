/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_spec.c - what a build file says before anything is built.
 */
#include "cli/build_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "images/platform.h"
#include "specs/build_plan.h"

int build_spec_load(const char *path, const char *override, const char *service, struct build_spec *ret, struct error *e)
{
	const struct app_options chosen = { .override = override, .service = service };
	const char *slash = strrchr(path, '/');
	const char *context, *file, *folder;

	folder = ret->folder = slash ? alloc_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path)) : alloc_copy(".");
	if (app_load(path, &chosen, &ret->app, e))
		return -1;
	if (!app_build_of(ret->app, &ret->build))
		return error_set(e, ERROR_SPEC, "build %s: it has no \"build\"", path);
	context = ret->build.context ? ret->build.context : ".";
	file = ret->build.is_native ? NULL : ret->build.dockerfile;
	ret->context = *context == '/' ? alloc_copy(context) : text_format("%s/%s", folder, context);
	if (file)
		ret->file = *file == '/' ? alloc_copy(file) : text_format("%s/%s", ret->context, file);
	return 0;
}

void build_spec_release(struct build_spec *spec)
{
	app_free(spec->app);
	free(spec->context);
	free(spec->file);
	free(spec->folder);
	*spec = (struct build_spec){ 0 };
}

const char *build_context_image(const char *value)
{
	static const char *const images[] = { "docker-image://", "container-image://", "docker://" };

	for (size_t i = 0; i < sizeof images / sizeof *images; i++)
		if (text_starts(value, images[i]) && value[strlen(images[i])])
			return value + strlen(images[i]);
	return NULL;
}

int build_text_read(int context, const char *file, char **ret_name, struct text *ret, struct error *e)
{
	static const char *const names[] = { "Dockerfile", "Containerfile", "dockerfile" };

	if (file && strcmp(file, "-") == 0) {
		*ret_name = alloc_copy("stdin");
		return file_read_fd(STDIN_FILENO, "stdin", BUILD_TEXT_LIMIT, ret, e);
	}
	if (file) {
		*ret_name = alloc_copy(file);
		return file_read(AT_FDCWD, file, BUILD_TEXT_LIMIT, ret, e);
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		autoclose int fd = beneath_try(context, names[i], O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
			continue;
		*ret_name = alloc_copy(names[i]);
		return file_read_fd(fd, names[i], BUILD_TEXT_LIMIT, ret, e);
	}
	error_set(e, ERROR_MISSING, "build: the context has no Dockerfile");
	return error_hint(e, "box build -f FILE CONTEXT");
}

/* The steps of the spec, or a Dockerfile. */
static int parse(const struct build_spec *spec, const char *path, const struct build_inputs *inputs, struct build_file **ret,
		 struct error *e)
{
	autofree char *name = NULL;
	autorelease(text) struct text text = { 0 };
	autoclose int context = -1;

	if (spec && spec->build.is_native)
		return build_file_from_spec(spec->build.build, inputs, ret, e) ? error_at(e, "build") : 0;
	context = spec ? open(spec->context, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (spec && context < 0)
		return error_sys(e, "open the build context %s", spec->context);
	if (build_text_read(context, spec ? spec->file : path, &name, &text, e))
		return -1;
	return build_file_parse(text.length ? text.data : "", text.length, name, inputs, ret, e);
}

/* Contexts by name: no images of these names, but perhaps others. */
static void add_contexts(const struct build_spec *spec, struct build_inputs *inputs, struct list *ret)
{
	for (size_t i = 0; spec && spec->build.contexts && i < spec->build.contexts->count; i++) {
		const char *item = spec->build.contexts->items[i], *value = strchr(item, '=') + 1;
		const char *image = build_context_image(value);

		list_addf(&inputs->contexts, "%.*s", (int)(value - item - 1), item);
		if (image && !list_has(ret, image))
			list_add(ret, image);
	}
}

int build_spec_images(const struct build_spec *spec, const char *path, struct list *ret, struct error *e)
{
	autofree char *platform = text_format("linux/%s", platform_host_architecture());
	struct build_inputs inputs = { .platform = platform, .build_platform = platform };
	struct build_file *file = NULL;
	int result;

	if (spec && spec->build.args)
		list_copy(&inputs.args, spec->build.args);
	add_contexts(spec, &inputs, ret);
	result = parse(spec, path, &inputs, &file, e);
	if (result == 0)
		build_file_images(file, ret);
	build_file_free(file);
	list_release(&inputs.args);
	list_release(&inputs.contexts);
	return result;
}
