/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locking.c - a lock beside the spec that runs.
 */
#include "cli/locking.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/needs.h"
#include "images/descriptor.h"
#include "images/image.h"
#include "images/platform.h"
#include "runtime/seccomp/seccomp.h"
#include "specs/app.h"
#include "specs/container.h"

void locking_release(struct locking *locking)
{
	free(locking->spec);
	free(locking->path);
	lock_release(&locking->lock);
	*locking = (struct locking){ 0 };
}

/* One thing that is not as the lock has it. */
__attribute__((format(printf, 3, 4))) static int disagree(const struct locking *locking, struct error *e,
							  const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof line, format, arguments); /* cut where it is too long */
	va_end(arguments);
	if (!locking->is_strict && locking->is_quiet)
		return 0;
	if (!locking->is_strict) {
		log_warning("%s: %s, continuing (box lock %s makes a new one)", locking->path, line, locking->spec);
		return 0;
	}
	error_set(e, ERROR_SPEC, "%s: %s", locking->path, line);
	return error_hint(e, "box lock %s makes a new one", locking->spec);
}

const char *locking_seccomp_word(const struct app *app, const struct container *policy)
{
	switch (policy->seccomp) {
	case SECCOMP_UNCONFINED: return NULL;
	case SECCOMP_DEFAULT: return "default";
	case SECCOMP_TEXT: return "oci";
	case SECCOMP_FILE: break;
	}
	return app_seccomp(app);
}

static char *text_digest(const struct text *content)
{
	char digest[SHA256_TEXT];

	sha256_bytes(content->data ? content->data : "", content->length, digest);
	return alloc_copy(digest);
}

char *locking_spec_digest(const struct app *app)
{
	autorelease(text) struct text canonical = { 0 };

	app_canonical(app, &canonical);
	return text_digest(&canonical);
}

char *locking_seccomp_digest(const struct container *policy, struct error *e)
{
	autorelease(text) struct text profile = { 0 };

	return seccomp_profile_text(policy, &profile, e) ? NULL : text_digest(&profile);
}

char *locking_images_digest(const struct list *images)
{
	autorelease(text) struct text lines = { 0 };

	for (size_t i = 0; i < images->count; i++)
		text_addf(&lines, "%s\n", images->items[i]);
	return text_digest(&lines);
}

static int compare_spec(const struct locking *locking, const char *digest, struct error *e)
{
	return strcmp(digest, locking->lock.spec) == 0
		       ? 0
		       : disagree(locking, e, "%s has changed since it was locked", locking->spec);
}

static int compare_seccomp(const struct locking *locking, const struct app *app, struct error *e)
{
	autorelease(container) struct container policy = { 0 };
	const struct lock_file *locked;
	autofree char *digest = NULL;
	const char *word;

	if (app_policy(app, &policy, e))
		return -1;
	word = locking_seccomp_word(app, &policy);
	if (!word)
		return 0;
	locked = lock_find_file(locking->lock.seccomp, locking->lock.seccomp_count, word);
	if (!locked)
		return disagree(locking, e, "the seccomp profile \"%s\" is not locked", word);
	digest = locking_seccomp_digest(&policy, e);
	if (!digest)
		return -1;
	return strcmp(digest, locked->digest) == 0
		       ? 0
		       : disagree(locking, e, "the seccomp profile \"%s\" has changed since it was locked", word);
}

static int find_lock(struct locking *locking, struct error *e)
{
	locking->path = lock_path(locking->spec);
	if (lock_read(locking->path, &locking->lock, e) == 0) {
		locking->is_there = true;
		return 0;
	}
	if (e->sys != ENOENT)
		return -1;
	error_clear(e);
	if (!locking->is_strict)
		return 0;
	error_set(e, ERROR_MISSING, "--locked: there is no %s", locking->path);
	return error_hint(e, "box lock %s", locking->spec);
}

int locking_begin(struct locking *locking, const struct app *app, struct error *e)
{
	autofree char *digest = NULL;

	if (find_lock(locking, e))
		return -1;
	if (!locking->is_there)
		return 0;
	if (!locking->is_quiet) {
		digest = locking_spec_digest(app);
		if (compare_spec(locking, digest, e))
			return -1;
	}
	return compare_seccomp(locking, app, e);
}

int locking_begin_build(struct locking *locking, const char *digest, struct error *e)
{
	return find_lock(locking, e) || (locking->is_there && digest && compare_spec(locking, digest, e)) ? -1 : 0;
}

/* The platform that serves best; NULL and *ret_known: none of these. */
static const struct lock_platform *choose_platform(const struct lock_image *image, const struct platform *wanted,
						   struct text *ret_known)
{
	const struct lock_platform *best = NULL;
	int best_fit = 0;

	for (size_t i = 0; i < image->platform_count; i++) {
		autorelease(platform) struct platform found = { 0 };
		struct error ignored = { 0 };
		int fit = platform_parse(image->platforms[i].name, &found, &ignored) == 0
				  ? platform_fits(&found, wanted)
				  : 0;

		text_addf(ret_known, "%s%s", i ? ", " : "", image->platforms[i].name);
		if (fit > best_fit) {
			best_fit = fit;
			best = &image->platforms[i];
		}
	}
	return best;
}

/* As locking_image; image: the lock's entry, or NULL. */
static int choose_image(const struct locking *locking, const struct lock_image *image, const char *reference, const char *platform,
			const struct lock_platform **ret, struct error *e)
{
	autorelease(platform) struct platform wanted = { 0 };
	autorelease(text) struct text known = { 0 };

	*ret = NULL;
	if (platform_parse(platform ? platform : platform_host_architecture(), &wanted, e))
		return error_in(e, "option --platform");
	if (!image)
		return disagree(locking, e, "%s is not locked", reference);
	*ret = choose_platform(image, &wanted, &known);
	if (*ret)
		return 0;
	return disagree(locking, e, "%s is not locked for %s/%s%s%s, only for %s", reference, wanted.os, wanted.architecture,
			wanted.variant ? "/" : "", wanted.variant ? wanted.variant : "", known.data);
}

int locking_image(const struct locking *locking, const char *reference, const char *platform, const struct lock_platform **ret,
		  struct error *e)
{
	*ret = NULL;
	return locking->is_there ? choose_image(locking, lock_find_image(&locking->lock, reference), reference, platform, ret, e) : 0;
}

int locking_compare_image(const struct locking *locking, const char *reference, const struct lock_platform *locked,
			  const struct image *image, struct error *e)
{
	if (!locked || image_is_locked(image, locked))
		return 0;
	return disagree(locking, e, "%s is %s, and %s is locked", reference, image->digest, locked->manifest);
}

int locking_choose(struct locking *locking, const struct app *app, const char *platform, struct error *e)
{
	const struct lock_image *image = lock_find_image(&locking->lock, app_source(app));

	if (!locking->is_there)
		return 0;
	locking->rootfs = image ? NULL : lock_find_file(locking->lock.rootfs, locking->lock.rootfs_count, app_source(app));
	return locking->rootfs ? 0 : choose_image(locking, image, app_source(app), platform, &locking->image, e);
}

int locking_compare(const struct locking *locking, const char *words, const struct image *image, struct error *e)
{
	const struct locking strict = { .is_strict = true, .spec = locking->spec, .path = locking->path };
	const char *wanted = locking->image    ? locking->image->manifest
			     : locking->rootfs ? locking->rootfs->digest
					       : NULL;
	bool is_same = locking->image ? image_is_locked(image, locking->image) : text_equal(wanted, image->digest);

	if (!wanted || is_same)
		return 0;
	/* Who says where the locked bytes are wants those, and no others. */
	return disagree(locking->has_source ? &strict : locking, e, "%s holds %s, and %s is locked", words,
			image->digest ? image->digest : "a folder", wanted);
}

int locking_host(const struct locking *locking, const struct places *places, const struct container *container,
		 struct error *e)
{
	return locking->is_strict ? needs_check(places, container, &locking->lock, locking->path, e) : 0;
}
