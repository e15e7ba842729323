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

	text_addf(&out, "Usage: box %s %s%s\n\n%c%s.\n", command->name, command->options ? "[OPTIONS] " : "", command->operands,
		  command->summary[0] & ~0x20, command->summary + 1);
	if (command->options) {
		text_add(&out, "\nOptions:\n");
		options_help(command->options, &out);
	}
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

static void man_options(const struct option_row *table, struct text *out)
{
	text_add(out, ".Bl -tag -width Ds\n");
	for (const struct option_row *row = table; row->name; row++) {
		text_add(out, ".It ");
		if (row->letter)
			text_addf(out, "Fl %c , ", row->letter);
		text_addf(out, "Fl -%s", row->name);
		if (row->argument)
			text_addf(out, " Ar %s", row->argument);
		text_addf(out, "\n%s.\n", row->help);
	}
	text_add(out, ".El\n");
}

static void man_head(const char *title, const char *name, const char *summary, struct text *out)
{
	text_addf(out, ".Dd November 24, 2026\n.Dt %s 1\n.Os box\n.Sh NAME\n.Nm %s\n.Nd %s\n", title, name, summary);
}

static int print_man(const struct command *command, struct error *e)
{
	autorelease(text) struct text out = { 0 };

	if (command) {
		char *name = text_format("box-%s", command->name);

		man_head(name, name, command->summary, &out);
		text_addf(&out, ".Sh SYNOPSIS\n.Nm box %s\n%s%s\n", command->name, command->options ? ".Op Ar OPTIONS\n.Ar " : ".Ar ",
			  command->operands);
		if (command->options) {
			text_add(&out, ".Sh OPTIONS\n");
			man_options(command->options, &out);
		}
		text_add(&out, ".Sh SEE ALSO\n.Xr box 1\n");
		free(name);
		return print(&out, e);
	}
	man_head("BOX", "box", "run applications in isolation, each from one JSON file", &out);
	text_add(&out, ".Sh SYNOPSIS\n.Nm box\n.Op Ar OPTIONS\n.Ar COMMAND\n.Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (const struct command *c = commands; c->name; c++)
		text_addf(&out, ".It Xr box-%s 1\n%s.\n", c->name, c->summary);
	text_add(&out, ".El\n.Sh OPTIONS\n");
	man_options(global_options, &out);
	text_add(&out, ".Sh EXIT STATUS\nThe app's own; 125 where box failed, 126 where the program cannot be executed, 127 where it was\n"
		       "not found, 128 + n where signal n ended it.\n");
	return print(&out, e);
}

int help_for(char *const *argv, struct error *e)
{
	bool is_manual = *argv && strcmp(*argv, "--man") == 0;
	const struct command *command;

	if (is_manual)
		argv++;
	command = *argv ? find(*argv) : NULL;
	if (*argv && !command)
		return error_set(e, ERROR_USAGE, "no help about %s", *argv);
	if (is_manual)
		return print_man(command, e);
	return command ? help_print(command, e) : print_all(e);
}

int help_version(struct error *e)
{
	autorelease(text) struct text out = { 0 };

	text_addf(&out, "box version %s\n", BOX_VERSION);
	return print(&out, e);
}
