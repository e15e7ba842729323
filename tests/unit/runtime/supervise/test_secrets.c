/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_secrets.c - a change of a secret's source is seen, wherever on the way to it it happens, and nothing else is.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/supervise/secrets.h"

static char folder[] = "/tmp/box-secrets-XXXXXX";
static struct secrets secrets;
static int here = -1;
static int64_t now_ms = 1000;

static void put(const char *name, const char *content)
{
	struct error e = { 0 };

	cr_assert_eq(file_replace(here, name, content, strlen(content), 0700, &e), 0, "%s", e.text);
}

/* One round of the loop, with the program whose end it waits for. */
static bool serve(void)
{
	struct pollfd polls[SECRETS_POLLS];
	bool result;

	(void)secrets_watch(&secrets, polls);
	(void)poll(polls, SECRETS_POLLS, secrets.pid ? 5000 : 50);
	result = secrets_serve(&secrets, polls, now_ms);
	return result;
}

/* Whether something has been seen that box shall look at later. */
static bool is_seen(void)
{
	(void)serve();
	return secrets.due_ms != INT64_MAX;
}

/* Lets the time pass, and the program run. */
static bool settle(void)
{
	bool result = false;

	now_ms = secrets.due_ms;
	(void)serve();
	while (secrets.pid)
		result = serve() || result;
	return result;
}

static void begin(const char *source, int code)
{
	autorelease(list) struct list paths = { 0 };
	static char program[64];
	const struct probe_app app = { .name = "web", .state = "/", .store = "/", .box = program };
	struct error e = { 0 };

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(program, sizeof program, "%s/program", folder);
	(void)mkdir("real", 0700);
	(void)mkdir("next", 0700);
	put("real/key", "one");
	put("next/key", "two");
	cr_assert_eq(symlink("real", "way"), 0);
	list_addf(&paths, "%s/%s", folder, source);
	cr_assert_eq(secrets_define(here, &paths, &e), 0, "%s", e.text);
	secrets_open(&secrets, &app, here, here, here);
	autofree char *script = text_format("#!/bin/sh\nexit %d\n", code);
	put("program", script);
	secrets_begin(&secrets, now_ms);
}

static void fini(void)
{
	struct error e = { 0 };

	secrets_rest(&secrets);
	list_release(&secrets.paths);
	close(here);
	cr_assert_eq(folder_remove(AT_FDCWD, folder, &e), 0, "%s", e.text);
}

TestSuite(secrets, .fini = fini);

Test(secrets, looks_once_at_the_beginning_and_then_at_changes_alone)
{
	begin("real/key", 0);
	cr_expect_eq(secrets.due_ms, now_ms);
	cr_expect_not(settle());
	cr_expect_not(is_seen());
	put("real/other", "x");
	put("neighbour", "x");
	cr_expect_not(is_seen(), "another file of the folder is none of our business");
	put("real/key", "two");
	cr_expect(is_seen());
	cr_expect_geq(secrets.due_ms, now_ms + 400, "a file that is being written has time for that");
}

Test(secrets, links_and_folders_on_the_way)
{
	begin("way/../way/./key", 0);
	(void)settle();
	put("real/key", "by the link");
	cr_expect(is_seen());
	(void)settle();
	cr_assert_eq(symlink("next", "new"), 0);
	cr_assert_eq(rename("new", "way"), 0);
	cr_expect(is_seen());
	(void)settle();
	put("real/key", "the old way");
	cr_expect_not(is_seen());
	put("next/key", "the new way");
	cr_expect(is_seen());
}

Test(secrets, a_folder_that_vanishes_and_returns)
{
	begin("real/key", 0);
	(void)settle();
	cr_assert_eq(rename("real", "away"), 0);
	cr_expect(is_seen());
	(void)settle();
	cr_expect_not(is_seen());
	cr_assert_eq(rename("away", "real"), 0);
	cr_expect(is_seen());
}

Test(secrets, waits_for_the_last_change_but_not_for_ever)
{
	int64_t first = now_ms;

	begin("real/key", 0);
	(void)settle();
	for (int i = 0; i < 100; i++) {
		put("real/key", i % 2 ? "one" : "two");
		(void)is_seen();
		if (secrets.pid)
			break;
		now_ms += 100;
	}
	cr_expect_neq(secrets.pid, 0);
	cr_expect_geq(now_ms, first + 4500);
	cr_expect_leq(now_ms, first + 6000);
}

Test(secrets, a_restart_is_asked_for_by_the_exit_code)
{
	begin("real/key", SECRETS_WANT_RESTART);
	cr_expect(settle());
}

Test(secrets, nothing_is_watched_without_a_source)
{
	begin("real/key", 0);
	secrets_rest(&secrets);
	list_release(&secrets.paths);
	cr_assert_eq(unlinkat(here, "secrets", 0), 0);
	secrets_open(&secrets, &secrets.app, here, here, here);
	secrets_begin(&secrets, now_ms);
	cr_expect_eq(secrets.watch, -1);
	cr_expect_eq(secrets.due_ms, INT64_MAX);
}
