/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store.c - the store on disk: who may have it, what is swept, what a pin holds.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "images/layer.h"
#include "images/record.h"
#include "images/store.h"
#include "tests/unit/base/scratch.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int open_here(const char *name, struct error *e)
{
	autofree char *path = NULL;
	char here[4096];

	cr_assert_not_null(getcwd(here, sizeof here));
	path = text_format("%s/%s", here, name);
	return store_open(path, e);
}

Test(store, is_made_once_as_an_oci_layout_for_its_owner_alone)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int store = open_here("a/b/store", &e);
	autoclose int again = -1;
	struct stat st;

	cr_assert(store >= 0, "%s", e.text);
	cr_assert_eq(stat("a/b/store", &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0700);
	cr_expect_eq(access("a/b/store/oci-layout", F_OK) | access("a/b/store/index.json", F_OK) |
			     access("a/b/store/blobs/sha256", F_OK),
		     0);
	put("a/b/store/index.json", "changed");
	again = open_here("a/b/store", &e);
	cr_assert(again >= 0, "%s", e.text);
	cr_assert_eq(stat("a/b/store/index.json", &st), 0);
	cr_expect_eq(st.st_size, 7, "opening the store again wrote index.json");
}

Test(store, a_folder_that_others_may_write_is_refused)
{
	SCRATCH();
	struct error e = { 0 };

	cr_assert_eq(mkdir("store", 0777), 0);
	cr_assert_eq(chmod("store", 0777), 0);
	cr_expect_eq(open_here("store", &e), -1);
	cr_expect_neq(e.text[0], '\0');
}

Test(store, paths_come_from_parsed_digests)
{
	struct digest digest;
	autofree char *layer = NULL;
	autofree char *blob = NULL;
	autofree char *record = NULL;

	cr_assert_eq(digest_parse("sha256:" HEX64, &digest), 0);
	layer = layer_root_path(&digest);
	blob = store_blob_path(&digest);
	record = image_record_path(&digest);
	cr_expect_str_eq(layer, "layers/sha256-" HEX64 "/root");
	cr_expect_str_eq(blob, "blobs/sha256/" HEX64);
	cr_expect_str_eq(record, "images/sha256-" HEX64 ".json");
}

static int remove_named(int staging, const char *name, void *data, struct error *e)
{
	(void)e;
	list_add(data, name);
	return unlinkat(staging, name, AT_REMOVEDIR);
}

Test(store, a_sweep_takes_what_nobody_holds)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int store = open_here("store", &e);
	char held_name[STORE_NAME], left_name[STORE_NAME];
	autoclose int held = store_staging_make(store, held_name, &e);
	int left = store_staging_make(store, left_name, &e);
	struct list swept = { 0 };

	cr_assert(held >= 0 && left >= 0, "%s", e.text);
	cr_expect_str_neq(held_name, left_name);
	close(left); /* as the end of its process would */
	cr_assert_eq(store_staging_sweep(store, remove_named, &swept, &e), 0, "%s", e.text);
	cr_assert_eq(swept.count, 1);
	cr_expect_str_eq(swept.items[0], left_name);
	list_release(&swept);
}

Test(store, a_pin_is_a_shared_lock_on_the_record)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int store = open_here("store", &e);
	autoclose int one = -1, two = -1, claim = -1;
	struct digest digest;

	cr_assert_eq(digest_parse("sha256:" HEX64, &digest), 0);
	cr_expect_eq(store_pin(store, &digest), -1);
	cr_expect_eq(errno, ENOENT);
	put("store/images/sha256-" HEX64 ".json", "{}");
	one = store_pin(store, &digest);
	two = store_pin(store, &digest);
	cr_assert(one >= 0 && two >= 0);
	cr_expect_eq(store_claim(store, &digest), -1);
	cr_expect_eq(errno, EWOULDBLOCK);
	close(take_fd(&one));
	cr_expect_eq(store_claim(store, &digest), -1);
	close(take_fd(&two));
	claim = store_claim(store, &digest);
	cr_expect_geq(claim, 0);
}

Test(store, a_layer_without_its_last_name_is_not_there)
{
	SCRATCH();
	struct error e = { 0 };
	autoclose int store = open_here("store", &e);
	struct digest digest;

	cr_assert_eq(digest_parse("sha256:" HEX64, &digest), 0);
	cr_expect_not(layer_has_folder(store, &digest));
	cr_assert_eq(mkdir("store/layers/sha256-" HEX64, 0700), 0);
	cr_expect_not(layer_has_folder(store, &digest));
	cr_assert_eq(mkdir("store/layers/sha256-" HEX64 "/root", 0700), 0);
	cr_expect(layer_has_folder(store, &digest));
}
