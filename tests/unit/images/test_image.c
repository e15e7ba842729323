/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_image.c - an image that the store knows becomes layers.
 */
#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"
#include "images/image.h"
#include "images/record.h"
#include "images/store.h"
#include "specs/container.h"
#include "tests/unit/base/scratch.h"

#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static void add_layer(int store, struct image_record *record, const char *digest)
{
	autofree char *path = text_format("layers/sha256-%s/root", digest + strlen("sha256:"));
	autofree char *outer = text_format("%.*s", (int)(strlen(path) - strlen("/root")), path);

	list_add(&record->layers, digest);
	(void)mkdirat(store, outer, 0700); /* may be there */
	(void)mkdirat(store, path, 0700);
}

/* A store that knows the file "image.tar" as an image of these layers. */
static void know(int store, const char *const *layers, struct error *e)
{
	struct image_record image = { .image = (char *)(uintptr_t) "sha256:" HEX63 "f" }; /* only read */
	struct source_record source = { .path = image.image, .image = image.image };
	struct stat st;

	for (; *layers; layers++)
		add_layer(store, &image, *layers);
	put("image.tar", "any");
	cr_assert_eq(stat("image.tar", &st), 0);
	source_record_stat(&st, &source);
	source.written_ns += INT64_C(10000000000); /* else the file is too young to be trusted */
	cr_assert_eq(image_record_write(store, &image, e), 0, "%s", e->text);
	cr_assert_eq(source_record_write(store, REFERENCE_TAR, &source, e), 0, "%s", e->text);
	list_release(&image.layers);
}

Test(image, a_layer_that_comes_again_counts_where_it_is_highest)
{
	static const char *const layers[] = {
		"sha256:" HEX63 "a", "sha256:" HEX63 "b", "sha256:" HEX63 "a", "sha256:" HEX63 "c",
		"sha256:" HEX63 "b", "sha256:" HEX63 "b", NULL,
	};
	static const char *const expected[] = { "ea/root", "ec/root", "eb/root" };
	SCRATCH();
	autofree char *path = text_format("%s/store", scratch_folder.path);
	autofree char *reference = text_format("%s/image.tar", scratch_folder.path);
	const struct places places = { .store = path };
	struct image image = { .pin = -1 };
	struct error e = { 0 };
	autoclose int store = store_open(path, &e);

	cr_assert(store >= 0, "%s", e.text);
	know(store, layers, &e);
	cr_assert_eq(image_resolve(&places, reference, NULL, &image, &e), 0, "%s", e.text);
	cr_assert_eq(image.layer_count, 3);
	for (size_t i = 0; i < 3; i++)
		cr_expect_not_null(strstr(image.layers[i].path, expected[i]), "layer %zu is %s", i, image.layers[i].path);
	image_release(&image);
}
