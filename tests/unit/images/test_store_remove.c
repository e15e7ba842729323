/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_store_remove.c - how things leave the store.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "images/index.h"
#include "images/store.h"
#include "images/store_remove.h"
#include "tests/unit/base/scratch.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect_names(int store, size_t count)
{
	autorelease(index) struct index index = { 0 };
	struct error e = { 0 };

	cr_assert_eq(index_read(store, &index, &e), 0, "%s", e.text);
	cr_expect_eq(index.count, count);
}

Test(store_remove, an_image_that_is_pinned_keeps_its_record_and_its_names)
{
	SCRATCH();
	struct error e = { 0 };
	autofree char *here = getcwd(NULL, 0);
	autofree char *path = text_format("%s/store", here);
	autoclose int store = store_open(path, &e);
	struct list names = { 0 };
	struct digest digest;
	int pin;

	cr_assert_eq(digest_parse("sha256:" HEX64, &digest), 0);
	list_add(&names, "web:1");
	put("store/index.json", "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"m\",\"digest\":\"sha256:" HEX64
				"\",\"size\":1,\"annotations\":{\"org.opencontainers.image.ref.name\":\"web:1\"}}]}");
	put("store/images/sha256-" HEX64 ".json", "{}");
	pin = store_pin(store, &digest);
	cr_assert_geq(pin, 0);
	cr_expect_eq(store_remove_image(store, "sha256:" HEX64, &names, &e), 1);
	cr_expect_eq(access("store/images/sha256-" HEX64 ".json", F_OK), 0);
	expect_names(store, 1);
	close(pin);
	cr_expect_eq(store_remove_image(store, "sha256:" HEX64, &names, &e), 0, "%s", e.text);
	cr_expect_neq(access("store/images/sha256-" HEX64 ".json", F_OK), 0);
	expect_names(store, 0);
	/* Without a record it has only names, and these may be gone. */
	cr_expect_eq(store_remove_image(store, "sha256:" HEX64, &names, &e), 0, "%s", e.text);
	cr_expect_eq(store_remove_image(store, "web:1", &names, &e), -1);
	cr_expect_str_eq(e.text, "remove the image \"web:1\" from the image store: it is no digest");
	list_release(&names);
}
