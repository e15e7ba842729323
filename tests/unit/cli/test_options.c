/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_options.c - every way to write an option, and what is said about the wrong ones.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/options.h"

struct chosen {
	bool terminal, interactive;
	const char *name;
	struct list env;
};

static const struct option_row table[] = {
	{ 't', "tty", OPTION_FLAG, offsetof(struct chosen, terminal), NULL, "a terminal" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct chosen, interactive), NULL, "stdin" },
	{ 'n', "name", OPTION_TEXT, offsetof(struct chosen, name), "NAME", "its name" },
	{ 'e', "env", OPTION_LIST, offsetof(struct chosen, env), "KEY=VALUE", "a variable" },
	{ 0 },
};

static struct chosen chosen;
static struct list operands, after;
static struct error error;

/* Splits words at "|"; "" is no word at all. */
static int parse(const char *line, enum operand_rule rule)
{
	static struct list argv;
	char *words = alloc_copy(line), *at = words;

	list_release(&argv);
	while (at && *line) {
		char *bar = strchr(at, '|');

		if (bar)
			*bar = '\0';
		list_add(&argv, at);
		at = bar ? bar + 1 : NULL;
	}
	free(words);
	return options_parse(table, rule, argv.items ? argv.items : (char *[]){ NULL }, &chosen, &operands, &after, &error);
}

static const char *joined(const struct list *list)
{
	static struct text text;

	text_clear(&text);
	for (size_t i = 0; i < list->count; i++)
		text_addf(&text, "%s%s", i ? "|" : "", list->items[i]);
	return text.data ? text.data : "";
}

static void end(void)
{
	list_release(&chosen.env);
	list_release(&operands);
	list_release(&after);
}

TestSuite(options, .fini = end);

struct spelling {
	char line[64];
	bool terminal, interactive;
	char name[16], env[32], operands[32], after[32];
};

ParameterizedTestParameters(options, spellings)
{
	static struct spelling all[] = {
		{ "", false, false, "", "", "", "" },
		{ "-t|a", true, false, "", "", "a", "" },
		{ "-it|a", true, true, "", "", "a", "" },
		{ "--tty|--interactive|a", true, true, "", "", "a", "" },
		{ "--tty=true|a", true, false, "", "", "a", "" },
		{ "-t|--tty=false|a", false, false, "", "", "a", "" },
		{ "--name|web|a", false, false, "web", "", "a", "" },
		{ "--name=web|a", false, false, "web", "", "a", "" },
		{ "-n|web|a", false, false, "web", "", "a", "" },
		{ "-nweb|a", false, false, "web", "", "a", "" },
		{ "-n=web|a", false, false, "web", "", "a", "" },
		{ "-tnweb|a", true, false, "web", "", "a", "" },
		{ "-itn|web|a", true, true, "web", "", "a", "" },
		{ "--name=|a", false, false, "", "", "a", "" },
		{ "--name|--tty|a", false, false, "--tty", "", "a", "" },
		{ "-n|one|--name|two|a", false, false, "two", "", "a", "" },
		{ "-e|A=1|--env=B=2|-eC=3|-e=D|a", false, false, "", "A=1|B=2|C=3|D", "a", "" },
		{ "a|-t|--name|x", true, false, "x", "", "a", "" },
		{ "a|b|-", false, false, "", "", "a|b|-", "" },
		{ "a|--|-t|--name", false, false, "", "", "a", "-t|--name" },
		{ "--|a", false, false, "", "", "", "a" },
		{ "a|--|b|--|c", false, false, "", "", "a", "b|--|c" },
	};

	return cr_make_param_array(struct spelling, all, sizeof all / sizeof *all);
}

ParameterizedTest(struct spelling *s, options, spellings)
{
	cr_assert_eq(parse(s->line, OPERANDS_ANYWHERE), 0, "%s: %s", s->line, error.text);
	cr_expect_eq(chosen.terminal, s->terminal, "%s", s->line);
	cr_expect_eq(chosen.interactive, s->interactive, "%s", s->line);
	cr_expect_str_eq(chosen.name ? chosen.name : "", s->name, "%s", s->line);
	cr_expect_str_eq(joined(&chosen.env), s->env, "%s: %s", s->line, joined(&chosen.env));
	cr_expect_str_eq(joined(&operands), s->operands, "%s: %s", s->line, joined(&operands));
	cr_expect_str_eq(joined(&after), s->after, "%s: %s", s->line, joined(&after));
}

Test(options, behind_the_first_operand_everything_belongs_to_the_program)
{
	cr_assert_eq(parse("-t|web|ls|-t|--name|--|-x", OPERANDS_FIRST), 0);
	cr_expect_str_eq(joined(&operands), "web");
	cr_expect_str_eq(joined(&after), "ls|-t|--name|--|-x");
	cr_expect_null(chosen.name);
}

Test(options, without_a_place_for_them_words_behind_dashes_are_operands)
{
	char *argv[] = { (char *)"a", (char *)"--", (char *)"-b", NULL };

	cr_assert_eq(options_parse(table, OPERANDS_ANYWHERE, argv, &chosen, &operands, NULL, &error), 0);
	cr_expect_str_eq(joined(&operands), "a|-b");
}

struct mistake {
	char line[32], text[64], hint[48];
};

ParameterizedTestParameters(options, mistakes)
{
	static struct mistake all[] = {
		{ "--nme|x", "unknown option --nme", "did you mean --name?" },
		{ "--intractive", "unknown option --intractive", "did you mean --interactive?" },
		{ "--quite-another", "unknown option --quite-another", "" },
		{ "--nam=x", "unknown option --nam", "did you mean --name?" },
		{ "-x", "unknown option -x", "" },
		{ "-tx", "unknown option -x in -tx", "" },
		{ "--name", "option --name needs a value: NAME", "" },
		{ "-n", "option -n needs a value: NAME", "" },
		{ "-tn", "option -tn needs a value: NAME", "" },
		{ "--tty=yes", "option --tty=yes: expected no value, or true or false", "" },
	};

	return cr_make_param_array(struct mistake, all, sizeof all / sizeof *all);
}

ParameterizedTest(struct mistake *m, options, mistakes)
{
	cr_assert_eq(parse(m->line, OPERANDS_ANYWHERE), -1, "%s", m->line);
	cr_expect_str_eq(error.text, m->text);
	cr_expect_str_eq(error.hint, m->hint, "%s: %s", m->line, error.hint);
	cr_expect_eq(error.kind, ERROR_USAGE);
}

Test(options, the_nearest_name)
{
	static const char *const names[] = { "run", "exec", "ps", "kill", "unpause", NULL };

	cr_expect_str_eq(options_nearest(names, 5, "rum"), "run");
	cr_expect_str_eq(options_nearest(names, 5, "unpase"), "unpause");
	cr_expect_null(options_nearest(names, 5, "zzzzzz"));
	cr_expect_null(options_nearest(names, 5, ""));
	/* Two letters off of two letters is another word. */
	cr_expect_null(options_nearest(names, 5, "xy"));
	cr_expect_null(options_nearest(names, 5, "a-word-that-is-longer-than-any-option-that-anybody-will-ever-want-to-type"));
}

Test(options, help_is_one_line_per_row_in_columns)
{
	struct text out = { 0 };

	options_help(table, &out);
	cr_expect_str_eq(out.data, "  -t, --tty            a terminal\n"
				   "  -i, --interactive    stdin\n"
				   "  -n, --name NAME      its name\n"
				   "  -e, --env KEY=VALUE  a variable\n");
	text_release(&out);
}

/* What the loop and the help assume of every table. */
static void check_table(const struct option_row *rows, const char *name)
{
	for (const struct option_row *row = rows; row->name; row++) {
		cr_expect(row->help && row->help[0], "%s --%s has no help", name, row->name);
		cr_expect_eq((option_is_flag(row) && row->kind != OPTION_WORD) || row->kind == OPTION_ELSEWHERE, row->argument == NULL,
			     "%s --%s: flags have no argument, nor what stands elsewhere; the others have one", name, row->name);
		cr_expect_null(strchr(row->name, '='), "%s --%s", name, row->name);
		for (const struct option_row *other = rows; other < row; other++) {
			cr_expect_str_neq(other->name, row->name, "%s --%s stands twice", name, row->name);
			cr_expect(!row->letter || other->letter != row->letter, "%s -%c stands twice", name, row->letter);
		}
	}
}

Test(options, the_tables_of_all_commands_are_complete)
{
	size_t count = 0;

	for (const struct command *c = commands; c->name; c++, count++) {
		cr_assert_not_null(c->options, "%s", c->name);
		check_table(c->options, c->name);
		cr_expect(c->summary[0] >= 'a' && c->summary[0] <= 'z', "%s: the summary begins with a small letter", c->name);
		cr_expect(c->examples && c->examples[0], "%s has no example", c->name);
		for (const char *const *example = c->examples; *example; example++)
			cr_expect(text_starts(*example, "box ") || strstr(*example, " | box "), "%s: %s", c->name, *example);
	}
	cr_expect_geq(count, 11);
}
