/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch_app.h - an app.json in a folder of its own, and the container that it describes. For tests alone.
 */
#pragma once

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/image_config.h"

/* Each test works in a folder of its own. */
static char folder[] = "/tmp/box-container-XXXXXX";

static inline void begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

static inline void end(void)
{
	struct error e = { 0 };

	(void)!chdir("/");
	(void)folder_remove(AT_FDCWD, folder, &e);
}

static inline void put(const char *name, const char *content)
{
	autoclose int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write_all(fd, content, strlen(content)), 0);
}

/* members: those of app.json beside rootfs and command */
static inline int try(const char *members, const struct image_config *image, const struct app_options *options, struct container *ret,
		      struct error *e)
{
	char *json = text_format("{\"name\": \"web\", \"rootfs\": \"./r\", \"command\": [\"x\"]%s%s}", *members ? ",\n" : "", members);
	struct app *app = NULL;
	int result;

	put("app.json", json);
	free(json);
	result = app_load("app.json", options, &app, e);
	if (result == 0)
		result = app_container(app, image, options, ret, e);
	app_free(app);
	return result;
}

static inline struct container make(const char *members)
{
	struct container c = { 0 };
	struct error e = { 0 };

	cr_assert_eq(try(members, NULL, NULL, &c, &e), 0, "%s: %s", members, e.text);
	return c;
}

static inline const struct mount_entry *mount_at(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->mount_count; i++)
		if (strcmp(c->mounts[i].target, target) == 0)
			return &c->mounts[i];
	return NULL;
}

static inline const struct file_entry *file_at(const struct container *c, const char *target)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (strcmp(c->files[i].target, target) == 0)
			return &c->files[i];
	return NULL;
}
