/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - box: words in, words out.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/isolation.h"
#include "base/log.h"
#include "base/places.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/globals.h"
#include "cli/help.h"
#include "cli/other_words.h"
#include "cli/report.h"

/* Descriptors 0, 1 and 2 exist, so that nothing that box opens lands there. */
static void open_standard_streams(void)
{
	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) < 0 && open("/dev/null", i ? O_WRONLY : O_RDONLY) < 0)
			_exit(EXIT_BOX_FAILED);
}

/* A core of box could hold secrets (attacks E07). 1 is as good as 0 for a file, and the one value that the kernel also honours where
 * cores go to a program (core_pattern "|…"). The hard limit stays: an app's own may go up to it. */
static void forbid_cores(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max ? 1 : 0;
	(void)setrlimit(RLIMIT_CORE, &limit); /* lowering cannot fail */
}

static const struct command *find_command(const char *name)
{
	static const struct command *const tables[] = { commands, hidden_commands };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct command *c = tables[i]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static int unknown_command(const char *name, const char *word, struct error *e)
{
	autorelease(list) struct list names = { 0 };
	const char *near;

	if (other_words_refuse(name, word, e))
		return -1;
	for (const struct command *c = commands; c->name; c++)
		list_add(&names, c->name);
	near = options_nearest((const char *const *)names.items, names.count, name);
	error_set(e, ERROR_USAGE, "unknown command %s", name);
	return near ? error_hint(e, "did you mean box %s?", near) : error_hint(e, "box --help lists the commands");
}

static int set_up_log(const struct globals *globals, struct error *e)
{
	struct log_setup setup = { .level = globals->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, .fd = STDERR_FILENO };

	if (globals->log_format && strcmp(globals->log_format, "json") == 0)
		setup.form = LOG_FORM_JSON;
	else if (globals->log_format && strcmp(globals->log_format, "text") != 0)
		return error_set(e, ERROR_USAGE, "option --log-format %s: expected text or json", globals->log_format);
	if (globals->log) {
		if (setup.form == LOG_FORM_TEXT)
			setup.form = LOG_FORM_PAIRS;
		setup.fd = open(globals->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (setup.fd < 0)
			return error_sys(e, "open the log %s", globals->log);
	}
	log_setup(&setup);
	trace_open();
	return 0;
}

static int set_up_places(const struct globals *globals, struct places *ret, struct error *e)
{
	if (globals->store && setenv("BOX_STORE", globals->store, /* overwrite= */ 1))
		return error_sys(e, "remember the store %s", globals->store);
	if (places_find(ret, e))
		return -1;
	if (!globals->root)
		return 0;
	if (globals->root[0] != '/')
		return error_set(e, ERROR_USAGE, "option --root %s: expected an absolute path", globals->root);
	free(ret->state);
	ret->state = alloc_copy(globals->root);
	return 0;
}

static int choose_manager(const struct globals *globals, enum cgroup_manager *ret, struct error *e)
{
	static const char *const names[] = { [CGROUPS_BY_BOX] = "cgroupfs", [CGROUPS_BY_SYSTEMD] = "systemd", [CGROUPS_BY_NOBODY] = "disabled" };

	*ret = globals->systemd_cgroup ? CGROUPS_BY_SYSTEMD : CGROUPS_BY_BOX;
	if (!globals->cgroup_manager)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], globals->cgroup_manager) == 0) {
			*ret = (enum cgroup_manager)i;
			return 0;
		}
	return error_set(e, ERROR_USAGE, "option --cgroup-manager %s: expected cgroupfs, systemd or disabled", globals->cgroup_manager);
}

/* "box COMMAND --help", wherever the option stands before "--". */
static bool wants_help(char *const *argv, const struct command *command)
{
	for (; *argv && strcmp(*argv, "--") != 0; argv++) {
		if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			return true;
		/* Behind exec's name everything belongs to the program, and completion is asked about words of others. */
		if (**argv != '-' && (strcmp(command->name, "exec") == 0 || strcmp(command->name, "completion") == 0))
			return false;
	}
	return false;
}

/* A command that brings or gives images does so inside somebody else's container, too (base/isolation.h); build decides by its own option,
 * and whatever runs an app is not content with less. */
static int allow_less(const char *name, struct error *e)
{
	static const char *const names[] = { "pull", "push", "load", "import", "save", "login", "sbom", "diff", "prune", "rmi", "store" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return isolation_allow(NULL, /* runs_steps= */ false, e);
	return 0;
}

static int run_command(const struct globals *globals, const char *name, char *const *argv, struct error *e)
{
	const struct command *command = find_command(name);
	struct places places = { 0 };
	enum cgroup_manager manager;
	int status = EXIT_BOX_FAILED;

	if (!command)
		return unknown_command(name, *argv, e);
	if (wants_help(argv, command))
		return help_print(command, e);
	if (set_up_log(globals, e) == 0 && set_up_places(globals, &places, e) == 0 && choose_manager(globals, &manager, e) == 0 &&
	    allow_less(name, e) == 0) {
		struct call call = { .argv = argv, .command = command, .places = &places, .manager = manager };

		report_places(&places);
		call.audit = audit_begin(&call);
		status = command->run(&call);
		audit_end(call.audit, status);
	}
	report_places(NULL);
	places_release(&places);
	return status;
}

static int run(char *const *argv, struct error *e)
{
	autorelease(list) struct list words = { 0 };
	autorelease(list) struct list rest = { 0 };
	struct globals globals = { 0 };
	char *const nothing[] = { NULL };
	char *const *after;

	if (options_parse(global_options, OPERANDS_FIRST, argv, &globals, &words, &rest, e))
		return EXIT_BOX_FAILED;
	after = rest.items ? rest.items : nothing;
	if (globals.version)
		return help_version(e);
	if (globals.help || !words.count)
		return help_for(nothing, e);
	if (strcmp(words.items[0], "help") == 0)
		return help_for(after, e);
	if (strcmp(words.items[0], "version") == 0)
		return help_version(e);
	return run_command(&globals, words.items[0], after, e);
}

int main(int argc, char **argv)
{
	struct error e = { 0 };
	int status;

	open_standard_streams();
	forbid_cores();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored by the caller, children would be reaped behind our back */
	(void)signal(SIGPIPE, SIG_IGN); /* a closed stdout is an error of write(2), reported as one */
	status = run(argv + (argc > 0), &e);
	if (e.kind != ERROR_NONE) {
		report_error(NULL, NULL, &e);
		return EXIT_BOX_FAILED;
	}
	return status;
}
