/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frozen.c - an app in the background as its definition says it.
 */
#include "cli/frozen.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/digest.h"
#include "runtime/apps/app_network.h"
#include "runtime/apps/apps.h"
#include "runtime/apps/instances.h"
#include "runtime/supervise/app_settings.h"
#include "specs/app.h"

void frozen_release(struct frozen *frozen)
{
	app_free(frozen->app);
	image_release(&frozen->image);
	container_release(&frozen->container);
}

static int read_chosen(const struct places *places, const struct app_options *chosen, int definition, struct frozen *ret, struct error *e)
{
	autofree char *folder = apps_path(places, chosen->name);
	autofree char *path = text_format("%s/app.json", folder);
	autorelease(text) struct text digest = { 0 };
	const char *reference, *field;

	if (app_load(path, chosen, &ret->app, e))
		return -1;
	reference = app_image(ret->app, &field);
	if (file_read(definition, "image", DIGEST_TEXT, &digest, e) && e->sys != ENOENT)
		return -1;
	error_clear(e);
	if (digest.length ? image_stored(places, reference, digest.data, &ret->image, e)
			  : image_resolve(places, reference, NULL, &ret->image, e))
		return error_at(e, "%s", field);
	if (app_container(ret->app, &ret->image.config, chosen, &ret->container, e) || app_network_read(definition, &ret->container, e))
		return -1;
	ret->container.layers = take_ptr(&ret->image.layers);
	ret->container.layer_count = ret->image.layer_count;
	ret->image.layer_count = 0;
	return 0;
}

int frozen_read(const struct places *places, const char *name, int definition, struct frozen *ret, struct error *e)
{
	struct app_settings settings = { 0 };
	struct app_options chosen = { .name = name };
	autofree char *hostname = NULL;
	int result;

	if (app_settings_read(definition, &settings, e))
		return -1;
	chosen.volumes_of = settings.volumes_of;
	chosen.terminal = settings.terminal;
	chosen.keep_stdin = settings.keep_stdin;
	hostname = settings.service ? instance_name(settings.service, settings.replica, /* generation= */ 1) : NULL;
	chosen.hostname = hostname;
	result = read_chosen(places, &chosen, definition, ret, e);
	app_settings_release(&settings);
	return result;
}
