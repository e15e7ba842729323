/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock_compare.c - in which facts two locks differ.
 */
#include <string.h>

#include "base/alloc.h"
#include "specs/lock.h"

static bool is_same_list(const struct list *a, const struct list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool is_same_platform(const struct lock_platform *a, const struct lock_platform *b)
{
	return strcmp(a->manifest, b->manifest) == 0 && strcmp(a->config, b->config) == 0 &&
	       is_same_list(&a->layers, &b->layers) && is_same_list(&a->diff_ids, &b->diff_ids);
}

static const struct lock_platform *find_platform(const struct lock_image *image, const char *name)
{
	for (size_t i = 0; i < image->platform_count; i++)
		if (strcmp(image->platforms[i].name, name) == 0)
			return &image->platforms[i];
	return NULL;
}

static void compare_image(const struct lock_image *before, const struct lock_image *now, struct list *ret)
{
	if (strcmp(before->digest, now->digest) != 0) {
		list_addf(ret, "%s is %s, and %s is locked", now->reference, now->digest, before->digest);
		return;
	}
	for (size_t i = 0; i < now->platform_count; i++) {
		const struct lock_platform *locked = find_platform(before, now->platforms[i].name);

		if (!locked)
			list_addf(ret, "%s is not locked for %s", now->reference, now->platforms[i].name);
		else if (!is_same_platform(locked, &now->platforms[i]))
			list_addf(ret, "%s has other digests for %s than are locked", now->reference,
				  now->platforms[i].name);
	}
	for (size_t i = 0; i < before->platform_count; i++)
		if (!find_platform(now, before->platforms[i].name))
			list_addf(ret, "%s is locked for %s, for which there is no image", now->reference,
				  before->platforms[i].name);
}

static void compare_images(const struct lock *before, const struct lock *now, struct list *ret)
{
	for (size_t i = 0; i < now->image_count; i++) {
		const struct lock_image *locked = lock_find_image(before, now->images[i].reference);

		if (locked)
			compare_image(locked, &now->images[i], ret);
		else
			list_addf(ret, "%s is not locked", now->images[i].reference);
	}
	for (size_t i = 0; i < before->image_count; i++)
		if (!lock_find_image(now, before->images[i].reference))
			list_addf(ret, "%s is locked, and the spec does not name it", before->images[i].reference);
}

static void compare_files(const struct lock_file *before, size_t before_count, const struct lock_file *now,
			  size_t now_count, const char *what, struct list *ret)
{
	for (size_t i = 0; i < now_count; i++) {
		const struct lock_file *locked = lock_find_file(before, before_count, now[i].name);

		if (!locked)
			list_addf(ret, "the %s \"%s\" is not locked", what, now[i].name);
		else if (strcmp(locked->digest, now[i].digest) != 0)
			list_addf(ret, "the %s \"%s\" is %s, and %s is locked", what, now[i].name, now[i].digest,
				  locked->digest);
	}
	for (size_t i = 0; i < before_count; i++)
		if (!lock_find_file(now, now_count, before[i].name))
			list_addf(ret, "the %s \"%s\" is locked, and the spec does not name it", what, before[i].name);
}

static void compare_words(const struct list *before, const struct list *now, const char *what, struct list *ret)
{
	for (size_t i = 0; i < now->count; i++)
		if (!list_has(before, now->items[i]))
			list_addf(ret, "the spec needs the %s %s, which the lock does not name", what, now->items[i]);
	for (size_t i = 0; i < before->count; i++)
		if (!list_has(now, before->items[i]))
			list_addf(ret, "the lock names the %s %s, which the spec does not need", what,
				  before->items[i]);
}

void lock_compare(const struct lock *before, const struct lock *now, struct list *ret)
{
	if (strcmp(before->spec, now->spec) != 0)
		list_add(ret, "the spec has changed");
	compare_images(before, now, ret);
	compare_files(before->rootfs, before->rootfs_count, now->rootfs, now->rootfs_count, "root file system", ret);
	compare_files(before->seccomp, before->seccomp_count, now->seccomp, now->seccomp_count, "seccomp profile", ret);
	compare_words(&before->features, &now->features, "feature", ret);
	compare_words(&before->controllers, &now->controllers, "cgroup controller", ret);
}

void lock_copy_image(struct lock *lock, const struct lock_image *image)
{
	struct lock_image *copy = lock_add_image(lock, image->reference);

	copy->digest = alloc_copy(image->digest);
	for (size_t i = 0; i < image->platform_count; i++) {
		const struct lock_platform *from = &image->platforms[i];
		struct lock_platform *to = lock_add_platform(copy, from->name);

		to->manifest = alloc_copy(from->manifest);
		to->config = alloc_copy(from->config);
		list_copy(&to->layers, &from->layers);
		list_copy(&to->diff_ids, &from->diff_ids);
	}
}
