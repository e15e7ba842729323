/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_audit_words.c - what of a command line the audit trail keeps, and that every verb answers whether it is audited.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/audit_words.h"
#include "cli/commands.h"

Test(audit, every_verb_answers)
{
	for (const struct command *c = commands; c->name; c++)
		cr_expect(c->audit == AUDITED || c->audit == NOT_AUDITED, "does box %s leave a record? Its row does not say", c->name);
}

struct sample {
	const char *words; /* "verb|word|word" */
	const char *expected; /* "box|verb|…" */
};

static const struct sample samples[] = {
	{ "run|-e|PW=x=y|a.json", "box|run|-e|PW=***|a.json" },
	{ "run|-ePW=x|a.json", "box|run|-ePW=***|a.json" },
	{ "run|-te|PW=x|a.json", "box|run|-te|PW=***|a.json" },
	{ "run|--env=PW=x|a.json", "box|run|--env=PW=***|a.json" },
	{ "run|--env|PW|a.json", "box|run|--env|PW|a.json" },
	{ "run|-e", "box|run|-e" },
	{ "run|--name|web|a.json", "box|run|--name|web|a.json" },
	{ "login|-p|x|host", "box|login|-p|***|host" },
	{ "login|-px", "box|login|-p***" },
	{ "login|--password=x", "box|login|--password=***" },
	{ "login|--password-stdin|host", "box|login|--password-stdin|***" },
	{ "exec|web|sh|-c|ls", "box|exec|web|sh|-c|ls" },
	{ "exec|web|psql|--password|x|db", "box|exec|web|psql|--password|***|db" },
	{ "exec|web|env|PGPASSWORD=x|psql", "box|exec|web|env|PGPASSWORD=***|psql" },
	{ "exec|web|app|--api-key=x", "box|exec|web|app|--api-key=***" },
	{ "exec|web|curl|https://me:x@example.com/", "box|exec|web|curl|https://me:***@example.com/" },
	{ "exec|web|curl|https://me@example.com:80/", "box|exec|web|curl|https://me@example.com:80/" },
	{ "exec|web|curl|https://me:a@b@example.com/", "box|exec|web|curl|https://me:***@example.com/" },
	{ "exec|web|curl|https://me:a/b@example.com/", "box|exec|web|curl|https://me:***@example.com/" },
	{ "pull|robot:x@example.com:5000/web:1", "box|pull|robot:***@example.com:5000/web:1" },
	{ "pull|web:1@sha256:abc", "box|pull|web:1@sha256:abc" },
	{ "pull|example.com:5000/web:1@sha256:abc", "box|pull|example.com:5000/web:1@sha256:abc" },
};

static const struct command *find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	cr_assert_fail("no verb %s", name);
	return NULL;
}

static void keeps(const struct sample *sample)
{
	autorelease(list) struct list argv = { 0 }, kept = { 0 };
	autorelease(text) struct text found = { 0 };
	autofree char *copy = alloc_copy(sample->words);
	char *state = NULL;

	for (char *word = strtok_r(copy, "|", &state); word; word = strtok_r(NULL, "|", &state))
		list_add(&argv, word);
	audit_words(find(argv.items[0]), argv.items + 1, &kept);
	for (size_t i = 0; i < kept.count; i++)
		text_addf(&found, "%s%s", i ? "|" : "", kept.items[i]);
	cr_expect_str_eq(found.data, sample->expected);
}

Test(audit, keeps_no_secret)
{
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		keeps(&samples[i]);
}

Test(audit, long_lines_are_cut)
{
	autorelease(list) struct list argv = { 0 }, kept = { 0 };
	autofree char *word = alloc_zeroed(5001, 1);
	size_t total = 0;

	memset(word, 'w', 5000);
	for (int i = 0; i < 50; i++)
		list_add(&argv, word);
	audit_words(find("exec"), argv.items, &kept);
	for (size_t i = 0; i < kept.count; i++)
		total += strlen(kept.items[i]);
	cr_expect_lt(total, 10000u);
	cr_expect_str_eq(kept.items[kept.count - 1], "…");
}

/* Words of nothing, or of options whose value is kept, must not make a line that is too long to be kept at all. */
Test(audit, no_command_line_is_too_long)
{
	autofree char *long_word = alloc_zeroed(100002, 1), *flags = alloc_zeroed(100002, 1);
	char *const lines[][4] = { { (char *)"-e", long_word }, { long_word }, { flags, (char *)"A" } };

	memset(long_word, 'A', 100000);
	memcpy(long_word, "-e", 2);
	memset(flags, 't', 100000);
	flags[0] = '-';
	flags[99999] = 'e';
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		autorelease(list) struct list kept = { 0 };

		audit_words(find("exec"), lines[i], &kept);
		for (size_t word = 0; word < kept.count; word++)
			cr_expect_lt(strlen(kept.items[word]), 1100u, "line %zu, word %zu", i, word);
	}
}

Test(audit, many_empty_words_are_cut)
{
	autorelease(list) struct list argv = { 0 }, kept = { 0 };

	for (int i = 0; i < 100000; i++)
		list_add(&argv, "");
	audit_words(find("exec"), argv.items, &kept);
	cr_expect_lt(kept.count, 5000u);
	cr_expect_str_eq(kept.items[kept.count - 1], "…");
}
