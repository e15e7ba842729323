/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_make.c - the lock of a spec or Dockerfile, from what there is now.
 *
 * One lock is for the file with all its overrides: what is under "images" and "seccomp" is what any of them names.
 */
#include "cli/lock_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/build_spec.h"
#include "cli/locking.h"
#include "cli/needs.h"
#include "images/image.h"
#include "images/reference.h"
#include "images/survey.h"
#include "specs/app.h"
#include "specs/container.h"
#include "specs/lock.h"
#include "specs/stack.h"

struct making {
	const struct lock_order *order;
	struct lock lock;
	struct list *left_out;
	bool has_updated; /* order's update named an image of the spec */
};

static int add_tar(struct making *making, const char *name, const char *path, struct error *e)
{
	autorelease(image) struct image image = { .pin = -1 };

	if (image_resolve(making->order->places, path, NULL, &image, e))
		return -1;
	lock_add_file(&making->lock.rootfs, &making->lock.rootfs_count, name, image.digest);
	return 0;
}

/* "debian:12" and "docker.io/library/debian:12" are the same image. */
static bool is_named(const struct reference *reference, const char *name, const char *wanted)
{
	autorelease(image_name) struct image_name parsed = { 0 };
	struct error ignored = { 0 };
	autofree char *full = NULL, *other = NULL;

	if (strcmp(name, wanted) == 0)
		return true;
	if (reference->kind != REFERENCE_REGISTRY || image_name_parse(wanted, &parsed, &ignored))
		return false;
	full = image_name_text(&reference->name);
	other = image_name_text(&parsed);
	return strcmp(full, other) == 0;
}

static bool is_updated(struct making *making, const struct reference *reference, const char *name)
{
	const char *update = making->order->update;

	if (!update || (*update && !is_named(reference, name, update)))
		return false;
	making->has_updated = true;
	return true;
}

static int add_image(struct making *making, const struct reference *reference, const char *name, const char *words,
		     struct error *e)
{
	const struct lock_order *order = making->order;
	const struct lock_image *locked = order->before ? lock_find_image(order->before, name) : NULL;
	bool is_registry = reference->kind == REFERENCE_REGISTRY, is_fresh = is_updated(making, reference, name);

	if (is_registry && locked && !is_fresh) {
		lock_copy_image(&making->lock, locked);
		return 0;
	}
	if (is_registry && order->is_offline) {
		list_addf(making->left_out, "%s is not locked", name);
		return 0;
	}
	return image_survey(order->places, words, is_fresh, lock_add_image(&making->lock, name), e);
}

/* One image that a build begins with, or takes files from. */
static int add_base(struct making *making, const char *name, struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };

	if (lock_find_image(&making->lock, name))
		return 0;
	return reference_parse(name, &reference, e) || add_image(making, &reference, name, name, e) ? -1 : 0;
}

static int add_bases(struct making *making, const struct list *images, struct error *e)
{
	for (size_t i = 0; i < images->count; i++)
		if (add_base(making, images->items[i], e))
			return error_in(e, "%s", images->items[i]);
	return 0;
}

static int add_build(struct making *making, const char *override, const char *service, struct error *e)
{
	struct build_spec spec = { 0 };
	autorelease(list) struct list images = { 0 };
	int result = build_spec_load(making->order->spec, override, service, &spec, e) || build_spec_images(&spec, NULL, &images, e) ||
		     add_bases(making, &images, e) ? -1 : 0;

	build_spec_release(&spec);
	return result;
}

/* A Dockerfile: its bases, and nothing else. */
static int add_file(struct making *making, struct error *e)
{
	autorelease(list) struct list images = { 0 };

	if (build_spec_images(NULL, making->order->spec, &images, e))
		return -1;
	making->lock.version = LOCK_VERSION;
	making->lock.spec = locking_images_digest(&images);
	return add_bases(making, &images, e);
}

static int add_source(struct making *making, const struct app *app, const char *override, const char *service, struct error *e)
{
	autorelease(reference) struct reference reference = { 0 };
	const char *field, *name = app_source(app), *words = app_image(app, &field);
	struct app_build build;

	if (app_build_of(app, &build))
		return add_build(making, override, service, e);
	if (lock_find_image(&making->lock, name) ||
	    lock_find_file(making->lock.rootfs, making->lock.rootfs_count, name))
		return 0;
	if (reference_parse(words, &reference, e))
		return error_at(e, "%s", field);
	if (reference.kind == REFERENCE_FOLDER) {
		error_set(e, ERROR_UNSUPPORTED, "%s is a folder, which has no digest", name);
		error_hint(e, "tar -C %s -cf rootfs.tar . makes an archive of it", name);
		return error_at(e, "%s", field);
	}
	if (reference.kind == REFERENCE_TAR ? add_tar(making, name, words, e)
					    : add_image(making, &reference, name, words, e))
		return e->field[0] ? -1 : error_at(e, "%s", field);
	return 0;
}

static int add_policy(struct making *making, const struct app *app, struct error *e)
{
	autorelease(container) struct container policy = { 0 };
	autofree char *digest = NULL;
	const char *word;

	if (app_policy(app, &policy, e))
		return -1;
	needs_list(&policy, &making->lock.features, &making->lock.controllers);
	word = locking_seccomp_word(app, &policy);
	if (!word || lock_find_file(making->lock.seccomp, making->lock.seccomp_count, word))
		return 0;
	digest = locking_seccomp_digest(&policy, e);
	if (!digest)
		return -1;
	lock_add_file(&making->lock.seccomp, &making->lock.seccomp_count, word, digest);
	return 0;
}

/* The app that a file is, or one of its services. */
static int add_service(struct making *making, const struct stack_service *service, bool is_one_of_several, const char *override,
		       struct error *e)
{
	const struct app *app = service->app;
	int line;

	if (add_source(making, app, override, is_one_of_several ? service->name : NULL, e) == 0 && add_policy(making, app, e) == 0)
		return 0;
	line = app_error_line(app, e->field);
	if (e->field[0] && is_one_of_several)
		error_in(e, "services.%s.%s", service->name, e->field);
	else if (e->field[0])
		error_in(e, "%s", e->field);
	if (line)
		error_in(e, "%s:%d", making->order->spec, line);
	e->field[0] = '\0';
	return -1;
}

/* The spec with one of its overrides, or without any (NULL). */
static int add_variant(struct making *making, const char *override, struct error *e)
{
	const struct app_options options = { .override = override };
	struct stack *stack = NULL;
	int result = stack_load(making->order->spec, &options, &stack, e);

	for (size_t i = 0; result == 0 && i < stack->count; i++)
		result = add_service(making, &stack->services[i], stack->name != NULL, override, e);
	stack_free(stack);
	return result && override ? error_in(e, "override %s", override) : result;
}

static int add_all(struct making *making, struct error *e)
{
	autorelease(list) struct list overrides = { 0 };
	struct stack *stack = NULL;
	int result = stack_load(making->order->spec, NULL, &stack, e);

	if (result == 0) {
		const struct app *app = stack->services[0].app; /* each of them has the text of the whole file */

		app_override_names(app, &overrides);
		making->lock.version = LOCK_VERSION;
		making->lock.spec = locking_spec_digest(app);
		result = add_variant(making, NULL, e);
	}
	for (size_t i = 0; result == 0 && i < overrides.count; i++)
		result = add_variant(making, overrides.items[i], e);
	stack_free(stack);
	return result;
}

int lock_make(const struct lock_order *order, struct lock *ret, struct list *left_out, struct error *e)
{
	struct making making = { .order = order, .left_out = left_out };
	int result = text_ends(order->spec, ".json") ? add_all(&making, e) : add_file(&making, e);

	if (result == 0 && order->update && *order->update && !making.has_updated)
		result = error_set(e, ERROR_MISSING, "%s names no image %s", order->spec, order->update);
	if (result) {
		lock_release(&making.lock);
		return -1;
	}
	*ret = making.lock;
	return 0;
}
