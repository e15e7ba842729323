/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help.c - help texts and manual pages.
 */
#include "cli/help.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "specs/oci_config.h"

static int print(const struct text *text, struct error *e)
{
	return report_text(text, e) ? EXIT_BOX_FAILED : 0;
}

static const struct command *find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int help_print(const struct command *command, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	text_addf(&out, "Usage: box %s %s%s\n\n%c%s.\n", command->name, command->options[0].name ? "[OPTIONS] " : "", command->operands,
		  command->summary[0] & ~0x20, command->summary + 1);
	if (command->options[0].name) {
		text_add(&out, "\nOptions:\n");
		options_help(command->options, &out);
	}
	text_add(&out, "\nExamples:\n");
	for (const char *const *example = command->examples; *example; example++)
		text_addf(&out, "  %s\n", *example);
	return print(&out, e);
}

static int print_all(struct error *e)
{
	autorelease(text) struct text out = { 0 };

	text_add(&out, "Usage: box [OPTIONS] COMMAND …\n\nRuns applications in isolation, each from one JSON file.\n\nCommands:\n");
	for (const struct command *c = commands; c->name; c++)
		text_addf(&out, "  %-10s %s\n", c->name, c->summary);
	text_add(&out, "\nOptions:\n");
	options_help(global_options, &out);
	text_add(&out, "\nbox COMMAND --help tells more. Exit codes: the app's own; 125 box failed, 126 the program cannot be\n"
		       "executed, 127 it was not found, 128+n signal n ended it.\n");
	return print(&out, e);
}

/* Words in roff: a bare "-" would be printed as a hyphen that cannot be pasted, and a dot at the beginning is a request. */
static void man_words(struct text *out, const char *words)
{
	if (*words == '.' || *words == '\'')
		text_add(out, "\\&");
	for (; *words; words++) {
		if (*words == '-')
			text_add(out, "\\-");
		else if (*words == '\\')
			text_add(out, "\\e");
		else
			text_add_char(out, *words);
	}
}

static void man_options(const struct option_row *table, struct text *out)
{
	text_add(out, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
	for (const struct option_row *row = table; row->name; row++) {
		if (row->kind == OPTION_ELSEWHERE)
			continue;
		text_add(out, ".It ");
		if (row->letter)
			text_addf(out, "Fl %c , ", row->letter);
		text_addf(out, "Fl -%s", row->name);
		if (row->kind == OPTION_WORD)
			text_addf(out, " Ns Op = Ns Ar %s", row->argument);
		else if (row->argument)
			text_addf(out, " Ar %s", row->argument);
		text_add_char(out, '\n');
		man_words(out, row->help);
		text_add(out, ".\n");
	}
	text_add(out, ".El\n");
}

static void man_head(const char *title, const char *summary, struct text *out)
{
	text_addf(out, ".Dd November 24, 2026\n.Dt %s 1\n.Os box " BOX_VERSION "\n.Sh NAME\n.Nm %s\n.Nd ", title, title);
	man_words(out, summary);
	text_add_char(out, '\n');
}

static void man_exit_status(struct text *out)
{
	text_add(out, ".Sh EXIT STATUS\nThat of the app, for the commands that run one.\nElse 0, or:\n.Bl -tag -width Ds\n"
		      ".It 1\nThe command failed.\n.It 125\nbox failed: wrong words on the command line, a wrong spec, something it could not set up.\n"
		      ".It 126\nThe program was found and cannot be executed.\n.It 127\nThe program was not found.\n"
		      ".It 128 + n\nSignal n ended the app.\n.El\n");
}

static void man_command(const struct command *command, struct text *out)
{
	autofree char *title = text_format("box-%s", command->name);

	man_head(title, command->summary, out);
	text_addf(out, ".Sh SYNOPSIS\n.Nm box %s\n", command->name);
	if (command->options[0].name)
		text_add(out, ".Op Ar OPTIONS\n");
	if (command->operands[0]) {
		text_add(out, ".Ar ");
		man_words(out, command->operands);
		text_add_char(out, '\n');
	}
	if (command->options[0].name)
		man_options(command->options, out);
	man_exit_status(out);
	text_add(out, ".Sh EXAMPLES\n");
	for (const char *const *example = command->examples; *example; example++) {
		text_add(out, ".Dl ");
		man_words(out, *example);
		text_add_char(out, '\n');
	}
	text_add(out, ".Sh SEE ALSO\n.Xr box 1\n");
}

static void man_box(struct text *out)
{
	man_head("box", "run applications in isolation, each from one JSON file", out);
	text_add(out, ".Sh SYNOPSIS\n.Nm box\n.Op Ar OPTIONS\n.Ar COMMAND\n.Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (const struct command *c = commands; c->name; c++)
		text_addf(out, ".It Xr box-%s 1\n%c%s.\n", c->name, c->summary[0] & ~0x20, c->summary + 1);
	text_add(out, ".El\n");
	man_options(global_options, out);
	text_add(out, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
		      ".It Ev BOX_STORE\nThe store; the option goes before it.\n"
		      ".It Ev BOX_TRACE\nA file that gets a line per step of a start, with its duration.\n.El\n");
	man_exit_status(out);
}

static int print_man(const struct command *command, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	if (command)
		man_command(command, &out);
	else
		man_box(&out);
	return print(&out, e);
}

static int unknown_topic(const char *word, struct error *e)
{
	error_set(e, ERROR_USAGE, "no help about %s", word);
	(void)error_hint(e, "box help lists the commands"); /* returns -1, always */
	return EXIT_BOX_FAILED;
}

int help_for(char *const *argv, struct error *e)
{
	bool is_manual = *argv && strcmp(*argv, "--man") == 0;
	const struct command *command;

	if (is_manual)
		argv++;
	command = *argv ? find(*argv) : NULL;
	if (*argv && !command)
		return unknown_topic(*argv, e);
	if (is_manual)
		return print_man(command, e);
	return command ? help_print(command, e) : print_all(e);
}

int help_version(struct error *e)
{
	autorelease(text) struct text out = { 0 };

	/* Engines read these lines as runc has them. */
	text_addf(&out, "box version %s\ncommit: %s\nspec: %s\n", BOX_VERSION, BOX_VERSION, OCI_VERSION);
	return print(&out, e);
}
