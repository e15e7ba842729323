/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_app.c - app.json from any bytes: comments, JSON, tables, checks, the container, and back to JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/image_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_app(const char *path)
{
	struct error e = { 0 };
	struct list problems = { 0 };
	struct text json = { 0 };
	struct container c = { 0 };
	struct app *app = NULL;

	if (app_load(path, NULL, &app, &e) == 0) {
		app_dump(app, &json);
		if (app_container(app, NULL, NULL, &c, &e) == 0)
			container_release(&c);
	}
	app_free(app);
	(void)app_check(path, NULL, &problems, NULL, &e); /* the answer does not matter, the memory does */
	list_release(&problems);
	text_release(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_config config = { 0 };
	struct error e = { 0 };
	char path[] = "/tmp/box-fuzz-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0)
		abort();
	if (write_all(fd, data, size) == 0)
		read_as_app(path);
	close(fd);
	(void)unlink(path);
	if (image_config_decode((const char *)data, size, "config", &config, &e) == 0)
		image_config_release(&config);
	return 0;
}
