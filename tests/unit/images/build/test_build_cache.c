/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build_cache.c - results by their keys: two keys of one hash, files that are none, layers that are gone.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "images/build/build_cache.h"
#include "images/commit_request.h"
#include "images/prune.h"
#include "tests/unit/base/scratch.h"

#define HEX "abababababababababababababababababababababababababababababababab"

static char *find(int store, const char *key)
{
	autorelease(text) struct text value = { 0 };

	return build_cache_find_text(store, key, &value) ? alloc_copy(value.length ? value.data : "") : NULL;
}

static void expect(int store, const char *key, const char *expected)
{
	autofree char *found = find(store, key);

	cr_expect(text_equal(found, expected), "%s: found %s, expected %s", key, found ? found : "nothing", expected ? expected : "nothing");
}

Test(build_cache, two_keys_of_one_hash_are_two)
{
	SCRATCH();
	autoclose int store = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *one = "key 122789", *other = "key 339192";
	struct error e = { 0 };

	cr_assert_eq(text_hash(one), text_hash(other));
	expect(store, one, NULL);
	cr_assert_eq(build_cache_put_text(store, one, "1", &e), 0, "%s", e.text);
	expect(store, other, NULL);
	cr_assert_eq(build_cache_put_text(store, other, "2", &e), 0, "%s", e.text);
	expect(store, one, "1");
	expect(store, other, "2");
	cr_assert_eq(build_cache_put_text(store, one, "3", &e), 0, "%s", e.text);
	expect(store, one, "3");
	expect(store, other, "2");
}

Test(build_cache, a_key_is_all_of_it)
{
	SCRATCH();
	autoclose int store = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error e = { 0 };

	/* The value of the one looks like the rest of the other's key. */
	cr_assert_eq(build_cache_put_text(store, "key", "more\nvalue\n", &e), 0, "%s", e.text);
	expect(store, "key\nmore", NULL);
	expect(store, "ke", NULL);
	expect(store, "", NULL);
	expect(store, "key", "more\nvalue\n");
}

Test(build_cache, a_layer_that_is_gone_is_no_hit)
{
	SCRATCH();
	autoclose int store = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char digest[] = "sha256:" HEX, type[] = "application/vnd.oci.image.layer.v1.tar+zstd";
	const struct commit_layer layer = { .diff_id = digest, .digest = digest, .media_type = type, .size = 7 }, nothing = { 0 };
	struct commit_layer found = { 0 };
	struct prune_cached *items = NULL;
	size_t count = 0;
	struct error e = { 0 };

	cr_assert_eq(build_cache_put(store, "step", &layer, &e) + build_cache_put(store, "none", &nothing, &e), 0, "%s", e.text);
	cr_expect(build_cache_find(store, "none", &found) && !found.diff_id);
	cr_expect_not(build_cache_find(store, "step", &found), "the store has no such layer");
	cr_assert_eq(mkdir("blobs", 0700) + mkdir("blobs/sha256", 0700) + mkdir("layers", 0700) + mkdir("layers/sha256-" HEX, 0700) +
			     mkdir("layers/sha256-" HEX "/root", 0700),
		     0);
	cr_expect_not(build_cache_find(store, "step", &found), "the store has no such blob");
	close(open("blobs/sha256/" HEX, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	cr_assert(build_cache_find(store, "step", &found));
	cr_expect(strcmp(found.diff_id, digest) == 0 && found.size == 7 && strcmp(found.media_type, type) == 0);
	commit_layer_release(&found);
	build_cache_list(store, &items, &count);
	cr_assert_eq(count, 2);
	cr_expect(text_equal(items[0].layer, digest) != text_equal(items[1].layer, digest), "prune does not know whose the layer is");
	build_cache_list_release(items, count);
}
