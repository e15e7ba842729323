/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_targets.c - what the NAMEs of a command line mean, and in which order a verb takes them.
 */
#include "cli/targets.h"

#include "base/cleanup.h"
#include "cli/commands.h"
#include "tests/unit/runtime/app_fixture.h"

static struct places places;
static const struct call call = { .places = &places };

/* db (two replicas) <- web (its second generation; a third waits), and an app alone. */
static void make_shop(void)
{
	places = app_places();
	app_define("shop-db", "shop", "shop-db", 1, 1, 0, NULL);
	app_define("shop-db-2", "shop", "shop-db", 1, 2, 0, NULL);
	app_define("shop-web", "shop", "shop-web", 1, 1, 1, RETIRED_FILE);
	app_define("shop-web.2", "shop", "shop-web", 2, 1, 1, NULL);
	app_define("shop-web.3", "shop", "shop-web", 3, 1, 1, STANDBY_FILE);
	app_define("alone", NULL, "alone", 1, 1, 0, NULL);
}

static char *join(const struct list *words)
{
	struct text all = { 0 };

	text_add(&all, "");
	for (size_t i = 0; i < words->count; i++)
		text_addf(&all, "%s%s", i ? " " : "", words->items[i]);
	return text_take(&all);
}

static void split(const char *words, struct list *ret)
{
	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
		list_addf(ret, "%.*s", (int)strcspn(at, " "), at);
}

Test(targets, in_place_of_each_word_what_it_means)
{
	SCRATCH();
	static const struct {
		const char *words, *expected;
	} cases[] = { { "shop", "shop-db shop-db-2 shop-web.2" }, { "alone shop-web", "alone shop-web.2" }, { "shop-db-2", "shop-db-2" },
		      { "shop-web.1 shop-web.3", "shop-web shop-web.3" }, { "nobody", "nobody" }, { "", "" } };

	make_shop();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autorelease(list) struct list words = { 0 };
		struct error e = { 0 };
		autofree char *found = NULL;

		split(cases[i].words, &words);
		cr_assert_eq(targets_all(&call, &words, &e), 0, "%s", e.text);
		found = join(&words);
		cr_expect_str_eq(found, cases[i].expected);
	}
}

Test(targets, the_one_that_is_meant_and_who_has_several_services)
{
	SCRATCH();
	autorelease(list) struct list words = { 0 };
	struct error e = { 0 };

	make_shop();
	split("shop-db shop x", &words);
	cr_assert_eq(targets_one(&call, &words, 0, &e), 0, "%s", e.text);
	cr_expect_str_eq(words.items[0], "shop-db", "the first replica");
	cr_expect_eq(targets_one(&call, &words, 1, &e), -1);
	cr_expect_str_eq(e.text, "shop has several services");
	cr_expect_str_eq(e.hint, "name one of them: shop-db, shop-web");
	cr_expect_str_eq(words.items[1], "shop", "it is as it was");
	error_clear(&e);
	cr_expect_eq(targets_one(&call, &words, 3, &e), 0, "there is no such word");
}

Test(targets, what_was_meant_by_a_word_that_is_nobodys)
{
	SCRATCH();
	static const struct {
		const char *word, *hint;
	} cases[] = { { "web", "did you mean shop-web?" }, { "shop-wbe", "did you mean shop-web?" }, { "alon", "did you mean alone?" },
		      { "app.json", "there is no file of this name either; box ps -a lists what there is" } };

	make_shop();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autorelease(list) struct list words = { 0 };
		struct error e = { 0 };

		list_add(&words, "alone");
		list_add(&words, cases[i].word);
		cr_expect_eq(targets_all(&call, &words, &e), -1);
		cr_expect_eq((int)e.kind, ERROR_MISSING);
		cr_expect_str_eq(e.hint, cases[i].hint);
		cr_expect_eq(words.count, 2, "they are as they were");
	}
}

Test(targets, names_of_files)
{
	SCRATCH();
	make_shop();
	cr_expect(target_is_stack(&call, "shop"));
	cr_expect_not(target_is_stack(&call, "shop-web"));
	cr_expect_not(target_is_stack(&call, "alone"));
	cr_expect_not(target_is_stack(&call, "nobody"));
}

/* Notes the name in a file, since each may have a process of its own; "bad" names fail. */
static int note(const struct call *of, const char *name, const void *data, struct error *e)
{
	autofree char *line = text_format("%s ", name);
	int fd = open("noted", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ssize_t length = write(fd, line, strlen(line));

	(void)of;
	close(fd);
	if (length < 0 || (data && strcmp(name, data) == 0))
		return error_set(e, ERROR_KERNEL, "%s is bad", name);
	return 0;
}

/* What was noted, where the names of one level may come in any order: they are sorted by the lists. */
static void expect_order(const char *words, enum targets_order order, enum targets_scope scope, const char *bad, int status,
			 const char *const levels[])
{
	autorelease(list) struct list list = { 0 };
	const struct each each = { note, bad, .tells = false };
	struct text noted = { 0 };
	struct error e = { 0 };
	const char *at;

	(void)unlink("noted");
	split(words, &list);
	cr_expect_eq(targets_each(&call, &list, order, scope, &each), status, "%s", words);
	cr_assert_eq(file_read(AT_FDCWD, "noted", 1 << 16, &noted, &e), 0, "%s", e.text);
	at = noted.data;
	for (; *levels; levels++) {
		size_t length = strlen(*levels);
		autofree char *part = alloc_copy_bytes(at, strlen(at) < length + 1 ? strlen(at) : length + 1);
		autorelease(list) struct list expected = { 0 }, found = { 0 };

		split(*levels, &expected);
		split(part, &found);
		cr_expect_eq(expected.count, found.count, "%s, not %s", part, *levels);
		for (size_t i = 0; i < found.count; i++)
			cr_expect(list_has(&expected, found.items[i]), "%s, not %s", part, *levels);
		at += strlen(part);
	}
	cr_expect_str_eq(at, "");
	text_release(&noted);
}

Test(targets, one_level_after_the_other_each_name_once)
{
	SCRATCH();
	make_shop();
	expect_order("shop alone", TARGETS_FIRST_LEVEL_FIRST, TARGETS_LIVE, NULL, 0,
		     (const char *[]){ "shop-db shop-db-2 alone", "shop-web.2", NULL });
	expect_order("shop shop-web shop-db", TARGETS_LAST_LEVEL_FIRST, TARGETS_LIVE, NULL, 0,
		     (const char *[]){ "shop-web.2", "shop-db shop-db-2", NULL });
	expect_order("shop", TARGETS_LAST_LEVEL_FIRST, TARGETS_WHOLE, NULL, 0,
		     (const char *[]){ "shop-web shop-web.2 shop-web.3", "shop-db shop-db-2", NULL });
	/* Who fails does not keep the others, nor the next level. */
	expect_order("shop", TARGETS_FIRST_LEVEL_FIRST, TARGETS_LIVE, "shop-db", 1, (const char *[]){ "shop-db shop-db-2", "shop-web.2", NULL });
	/* What nobody has is found out by who is asked for it; what can be told is told before. */
	expect_order("nobody alone", TARGETS_FIRST_LEVEL_FIRST, TARGETS_LIVE, NULL, 0, (const char *[]){ "nobody alone", NULL });
	expect_order("web alone", TARGETS_FIRST_LEVEL_FIRST, TARGETS_LIVE, NULL, 1, (const char *[]){ "alone", NULL });
}
