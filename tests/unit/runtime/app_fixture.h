/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app_fixture.h - a store with definitions of apps in the background that nobody has ever started.
 *
 * In a test with SCRATCH(): the folder is state folder and store alike.
 */
#pragma once

#include <limits.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"
#include "runtime/supervise/app_settings.h"
#include "tests/unit/base/scratch.h"

static inline struct places app_places(void)
{
	static char here[PATH_MAX];

	cr_assert_not_null(realpath(".", here));
	return (struct places){ .state = here, .store = here };
}

static inline void app_mark(const char *name, const char *mark)
{
	autofree char *path = text_format("apps/%s/%s", name, mark);

	put(path, "");
}

/* stack, service: may be NULL. marks: STANDBY_FILE or RETIRED_FILE, or NULL. state: another state folder than this one; or NULL. */
static inline void app_define_in(const char *state, const char *name, const char *stack, const char *service, int64_t generation,
				 int64_t replica, int64_t level, const char *mark)
{
	autofree char *path = text_format("apps/%s", name), *here = realpath(".", NULL);
	const struct app_settings settings = { .name = (char *)name, .state = state ? (char *)state : here, .store = here, .box = here,
					       .supervisor = here, .restart = (char *)"no", .log_driver = (char *)"file",
					       .log_max_size = 1 << 20, .log_max_files = 3, .stack = (char *)stack, .service = (char *)service,
					       .generation = generation, .replica = replica, .level = level };
	struct error e = { 0 };
	int folder;

	(void)mkdir("apps", 0700);
	cr_assert_eq(mkdir(path, 0700), 0, "%s: %m", path);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(app_settings_write(folder, &settings, &e), 0, "%s", e.text);
	close(folder);
	if (mark)
		app_mark(name, mark);
}

static inline void app_define(const char *name, const char *stack, const char *service, int64_t generation, int64_t replica, int64_t level,
			      const char *mark)
{
	app_define_in(NULL, name, stack, service, generation, replica, level, mark);
}
