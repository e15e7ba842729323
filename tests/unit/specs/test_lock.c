/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lock.c - app.lock.json: stable bytes, damages with their line, and the schema.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/lock.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void fill_platform(struct lock_image *image, const char *name, const char *config)
{
	struct lock_platform *platform = lock_add_platform(image, name);

	platform->manifest = strdup(B);
	platform->config = strdup(config);
	list_add(&platform->layers, A);
	list_add(&platform->diff_ids, B);
}

/* The same facts in one order or the other. */
static void fill(struct lock *lock, bool is_backwards)
{
	struct lock_image *image;

	lock->version = LOCK_VERSION;
	lock->spec = strdup(A);
	list_add(&lock->features, is_backwards ? "seccomp" : "overlayfs");
	list_add(&lock->features, is_backwards ? "overlayfs" : "seccomp");
	for (int i = 0; i < 2; i++) {
		image = lock_add_image(lock, is_backwards == (i == 0) ? "localhost:5000/b.c:1" : "a:1");
		image->digest = strdup(A);
		fill_platform(image, is_backwards ? "linux/arm64" : "linux/amd64", is_backwards ? B : A);
		fill_platform(image, is_backwards ? "linux/amd64" : "linux/arm64", is_backwards ? A : B);
	}
	lock_add_file(&lock->seccomp, &lock->seccomp_count, "default", B);
}

Test(lock, the_same_facts_are_the_same_bytes_and_read_back)
{
	struct lock one = { 0 }, two = { 0 }, read = { 0 };
	struct text first = { 0 }, second = { 0 }, third = { 0 };
	struct error e = { 0 };

	fill(&one, false);
	fill(&two, true);
	lock_dump(&one, &first);
	lock_dump(&two, &second);
	cr_assert_str_eq(first.data, second.data);
	cr_assert_eq(lock_decode(first.data, first.length, "x.lock.json", &read, &e), 0, "%s", e.text);
	cr_expect_not_null(lock_find_image(&read, "localhost:5000/b.c:1"));
	cr_expect_null(lock_find_image(&read, "a:2"));
	cr_expect_str_eq(lock_find_file(read.seccomp, read.seccomp_count, "default")->digest, B);
	lock_dump(&read, &third);
	cr_assert_str_eq(first.data, third.data);
	lock_release(&one);
	lock_release(&two);
	lock_release(&read);
	text_release(&first);
	text_release(&second);
	text_release(&third);
}

struct damage {
	char find[64], put[128], expected[200];
};

/* Each takes one text out of a good lock and puts another there. */
ParameterizedTestParameters(lock, damages_have_their_line)
{
	static struct damage cases[] = {
		{ "\"linux/arm64\"", "\"arm64\"", "x.lock.json:21: images.a:1.platforms.arm64: expected a platform" },
		{ "\"linux/arm64\"", "\"linux/A b\"",
		  "x.lock.json:21: images.a:1.platforms.linux/A b: expected a platform" },
		{ "\"linux/arm64\"", "\"linux/\"", "expected a platform such as" },
		{ "\"spec\": \"sha256:aa", "\"spec\": \"sha256:A", "x.lock.json:65: spec: expected a digest" },
		{ "\"spec\"", "\"spek\"", "did you mean \"spec\"?" },
		{ "\"version\": 1", "\"version\": 2", "x.lock.json:66: version: expected" },
		{ "\"version\": 1", "\"version\": 1,", "x.lock.json:67: " },
		{ "\"diff_ids\": [", "\"diff_ids\": [ \"" B "\",",
		  "diff_ids: expected one per layer, found 2 for 1 layers" },
		{ "\"layers\": [", "\"layers\": [ \"sha1:1\",", "platforms.linux/amd64.layers[0]: expected a digest" },
		{ "\"features\": [", "\"features\": [ 7,", "x.lock.json:3: features[0]: expected" },
		{ "\"overlayfs\"", "\"overlayfs", "x.lock.json:" },
	};

	return cr_make_param_array(struct damage, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct damage *damage, lock, damages_have_their_line)
{
	struct lock lock = { 0 }, read = { 0 };
	struct text good = { 0 }, bad = { 0 };
	struct error e = { 0 };
	const char *found;

	fill(&lock, false);
	lock_dump(&lock, &good);
	found = strstr(good.data, damage->find);
	cr_assert_not_null(found, "%s", damage->find);
	text_add_bytes(&bad, good.data, (size_t)(found - good.data));
	text_add(&bad, damage->put);
	text_add(&bad, found + strlen(damage->find));
	cr_assert_eq(lock_decode(bad.data, bad.length, "x.lock.json", &read, &e), -1);
	cr_expect_not_null(strstr(e.text, damage->expected), "it said: %s", e.text);
	lock_release(&lock);
	text_release(&good);
	text_release(&bad);
}

Test(lock, an_empty_file_and_one_that_is_missing_are_errors)
{
	struct lock lock = { 0 };
	struct error e = { 0 };

	cr_expect_eq(lock_decode("", 0, "x.lock.json", &lock, &e), -1);
	error_clear(&e);
	cr_expect_eq(lock_decode("{}", 2, "x.lock.json", &lock, &e), -1);
	cr_expect_not_null(strstr(e.text, "missing"), "%s", e.text);
	error_clear(&e);
	cr_expect_eq(lock_read("/nonexistent/x.lock.json", &lock, &e), -1);
	cr_expect_eq(e.sys, ENOENT);
}

Test(lock, its_name_is_made_of_the_spec_s)
{
	char *names[] = { lock_path("app.json"), lock_path("/srv/web.v2.json"), lock_path("spec") };

	cr_expect_str_eq(names[0], "app.lock.json");
	cr_expect_str_eq(names[1], "/srv/web.v2.lock.json");
	cr_expect_str_eq(names[2], "spec.lock.json");
	for (size_t i = 0; i < 3; i++)
		free(names[i]);
}

Test(lock, the_schema_in_the_tree_is_that_of_the_tables)
{
	struct text tree = { 0 }, tables = { 0 };
	struct error e = { 0 };

	if (file_read(AT_FDCWD, "specs/lock.schema.json", 1 << 20, &tree, &e))
		cr_skip("run from the top of the tree");
	lock_schema(&tables);
	cr_assert_str_eq(tree.data, tables.data, "box spec --lock-schema > specs/lock.schema.json");
	text_release(&tree);
	text_release(&tables);
}

/* What changes in now, and the sentence about it. */
static void expect_difference(struct lock *now, const char *expected)
{
	struct lock before = { 0 };
	struct list found = { 0 };

	fill(&before, false);
	lock_compare(&before, now, &found);
	cr_assert_eq(found.count, expected ? 1u : 0u, "%s: %zu differences", expected ? expected : "none", found.count);
	cr_expect(!expected || strstr(found.items[0], expected), "it said: %s", found.items[0]);
	lock_release(&before);
	lock_release(now);
	list_release(&found);
	fill(now, false);
}

Test(lock, every_fact_that_differs_is_told)
{
	struct lock now = { 0 };

	fill(&now, false);
	expect_difference(&now, NULL);
	now.spec[10] = '0';
	expect_difference(&now, "the spec has changed");
	now.images[0].digest[10] = '0';
	expect_difference(&now, "a:1 is sha256:aaa0");
	now.images[1].platforms[1].layers.items[0][10] = '0';
	expect_difference(&now, "has other digests for linux/arm64 than are locked");
	fill_platform(&now.images[0], "linux/s390x", A);
	expect_difference(&now, "a:1 is not locked for linux/s390x");
	now.seccomp[0].digest[10] = '0';
	expect_difference(&now, "the seccomp profile \"default\" is sha256:bbb0");
	lock_add_file(&now.rootfs, &now.rootfs_count, "./x.tar", A);
	expect_difference(&now, "the root file system \"./x.tar\" is not locked");
	list_add(&now.controllers, "memory");
	expect_difference(&now, "the spec needs the cgroup controller memory");
	lock_release(&now);
}
