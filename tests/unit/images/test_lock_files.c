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

enum { NAMES = 300000, NAME = 16 };

struct named {
	uint32_t hash;
	char name[NAME];
};

static int by_hash(const void *a, const void *b)
{
	uint32_t one = ((const struct named *)a)->hash, other = ((const struct named *)b)->hash;

	return one < other ? -1 : one > other;
}

/* Two names whose paths have one hash: of 300,000 there is a pair. */
static const struct named *find_pair(const char *here)
{
	struct named *names = calloc(NAMES, sizeof *names);

	cr_assert_not_null(names);
	for (int i = 0; i < NAMES; i++) {
		autofree char *path = NULL;

		(void)snprintf(names[i].name, NAME, "%08x.json", (uint32_t)i * 2654435761U); /* always fits */
		path = text_format("%s/%s", here, names[i].name);
		names[i].hash = text_hash(path);
	}
	qsort(names, NAMES, sizeof *names, by_hash);
	for (int i = 0; i + 1 < NAMES; i++)
		if (names[i].hash == names[i + 1].hash)
			return &names[i]; /* not freed: the test ends soon */
	cr_assert_fail("no pair");
	return NULL;
}

/* Who names folders chooses hashes: a path of one's own must not stand for another's, whose images prune would remove. */
Test(lock_files, one_hash_of_two_paths_is_two_files)
{
	SCRATCH();
	struct error e = { 0 };
	char here[4096];
	struct places places = { 0 };
	autorelease(list) struct list found = { 0 };
	autoclose int store = -1;
	const struct named *pair;

	cr_assert_not_null(getcwd(here, sizeof here));
	places.store = text_format("%s/store", here);
	store = store_open(places.store, &e);
	cr_assert(store >= 0, "%s", e.text);
	pair = find_pair(here);
	put(pair[0].name, A);
	put(pair[1].name, B);
	for (int i = 0; i < 2; i++) {
		lock_files_register(&places, pair[0].name);
		lock_files_register(&places, pair[1].name);
	}
	cr_assert_eq(lock_files_digests(store, &found, &e), 0, "%s", e.text);
	cr_expect_eq(found.count, 2, "%zu", found.count);
	cr_expect(list_has(&found, A) && list_has(&found, B));
	free(places.store);
}
