/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch.h - a folder of one test's own, and small files in it.
 *
 * SCRATCH() at the top of a test makes the folder, goes there, and leaves a descriptor of it in "scratch"; it is removed when
 * the test returns (a failed assertion leaves it for a look).
 */
#pragma once

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

struct scratch {
	char path[32];
	int fd;
};

static inline struct scratch scratch_make(void)
{
	struct scratch made = { .path = "/tmp/box-unit-XXXXXX" };

	cr_assert(mkdtemp(made.path) != NULL, "mkdtemp: %m");
	cr_assert(chdir(made.path) == 0, "chdir: %m");
	made.fd = open(made.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(made.fd >= 0, "open %s: %m", made.path);
	return made;
}

static inline void scratch_remove(struct scratch *made)
{
	struct error e = { 0 };

	cr_expect(chdir("/") == 0);
	cr_expect(folder_remove(AT_FDCWD, made->path, &e) == 0, "%s", e.text);
	close(made->fd);
}

#define SCRATCH()                                                                    \
	__attribute__((cleanup(scratch_remove))) struct scratch scratch_folder = scratch_make(); \
	int scratch __attribute__((unused)) = scratch_folder.fd

static inline void put(const char *path, const char *content)
{
	FILE *file = fopen(path, "we");

	cr_assert(file != NULL, "%s: %m", path);
	cr_assert(fputs(content, file) >= 0);
	cr_assert(fclose(file) == 0);
}

static inline int has_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
