/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lock_files.c - which lock files are remembered, and which digests count.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/places.h"
#include "base/text.h"
#include "images/lock_files.h"
#include "images/store.h"
#include "tests/unit/base/scratch.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHORT "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

Test(lock_files, digests_of_files_that_are_still_there)
{
	SCRATCH();
	struct error e = { 0 };
	char here[4096];
	struct places places = { 0 };
	autorelease(list) struct list first = { 0 };
	autorelease(list) struct list second = { 0 };
	autoclose int store = -1;

	cr_assert_not_null(getcwd(here, sizeof here));
	places.store = text_format("%s/store", here);
	store = store_open(places.store, &e);
	cr_assert(store >= 0, "%s", e.text);
	put("app.lock.json", "{\"images\":[{\"manifest\":\"" A "\"}, \"" B "\", \"" SHORT "\", \"" A "\"]}");
	lock_files_register(&places, "app.lock.json");
	lock_files_register(&places, "./app.lock.json");
	lock_files_register(&places, "other.lock.json"); /* is not there */
	cr_assert_eq(lock_files_digests(store, &first, &e), 0, "%s", e.text);
	cr_assert_eq(first.count, 2);
	cr_expect(list_has(&first, A) && list_has(&first, B));
	cr_assert_eq(unlink("app.lock.json"), 0);
	cr_assert_eq(lock_files_digests(store, &second, &e), 0, "%s", e.text);
	cr_expect_eq(second.count, 0);
	/* It is forgotten: a file of that name that comes later has to be run with again. */
	put("app.lock.json", "\"" A "\"");
	cr_assert_eq(lock_files_digests(store, &second, &e), 0, "%s", e.text);
	cr_expect_eq(second.count, 0);
	free(places.store);
}
