/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.c - the folder that COPY takes files from, and what it hides.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/build/named.h"
#include "cli/build/stdin.h"
#include "cli/build/work.h"
#include "images/build/content_digests.h"

/* Adds the text of a rule file; 0 with *ret_found false where there is none. Its links lead no further than the context. */
static int read_rules(int folder, const char *name, struct build_ignore *ret, bool *ret_found, struct error *e)
{
	autoclose int fd = beneath_try(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	autorelease(text) struct text rules = { 0 };
	struct stat st;

	*ret_found = false;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_sys(e, "open %s", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return error_set(e, ERROR_SPEC, "read %s: it is no regular file", name);
	*ret_found = true;
	if (file_read_fd(fd, name, BUILD_IGNORE_LIMIT, &rules, e))
		return -1;
	return build_ignore_parse(rules.length ? rules.data : "", rules.length, name, ret, e);
}

int build_context_rules(int folder, struct build_ignore *ret, struct error *e)
{
	bool found = false;

	if (read_rules(folder, ".containerignore", ret, &found, e))
		return -1;
	return found ? 0 : read_rules(folder, ".dockerignore", ret, &found, e);
}

/* "FILE.dockerignore" beside the build file comes before ".dockerignore" of the context. */
static int find_rules(struct build_work *work, const char *file, struct error *e)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	autofree char *folder = slash ? alloc_copy_bytes(file, slash == file ? 1 : (size_t)(slash - file)) : alloc_copy(".");
	autofree char *name = text_format("%s.dockerignore", !file ? "Dockerfile" : slash ? slash + 1 : file);
	autoclose int beside = file ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool found = false;

	if (read_rules(beside >= 0 ? beside : work->context, name, &work->ignore, &found, e))
		return -1;
	return found ? 0 : build_context_rules(work->context, &work->ignore, e);
}

int build_context_open(struct build_work *work, const char *path, const char *file, struct error *e)
{
	if (strcmp(path, "-") == 0) {
		if (build_stdin_open(work, e))
			return -1;
	} else if ((work->context = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		return error_sys(e, "open the build context %s", path);
	}
	if (find_rules(work, file, e))
		return -1;
	work->digests = content_digests_open(work->store, work->context);
	return 0;
}

bool build_folder_of(const struct build_work *work, const struct build_from *from, struct build_folder *ret)
{
	const struct build_named *named = from->kind == BUILD_FROM_NAMED ? build_named_find(work, from) : NULL;

	if (named && named->image)
		return false;
	if (named) {
		*ret = (struct build_folder){ .root = named->root, .what = named->what, .ignore = &named->ignore, .digests = named->digests };
		return true;
	}
	*ret = (struct build_folder){ .root = work->context, .what = "the build context", .ignore = &work->ignore, .digests = work->digests };
	return from->kind == BUILD_FROM_CONTEXT;
}
