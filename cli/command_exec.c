/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_exec.c - box exec: one more program in a running container.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/file_services.h"
#include "cli/other_options.h"
#include "cli/report.h"
#include "cli/targets.h"
#include "runtime/box.h"

enum { PROCESS_LIMIT = 1 << 20 };

struct options {
	bool terminal, keep_stdin;
	const char *user, *working_dir;
	struct list env;
	/* Of OCI containers. */
	const char *cgroup;
	const char *process, *pid_file, *console_socket, *preserve_fds;
	struct list groups, capabilities;
	bool detach, no_new_privileges, ignores_pause;
};

const struct option_row exec_options[] = {
	{ 't', "tty", OPTION_FLAG, offsetof(struct options, terminal), NULL, "give the program a terminal" },
	{ 'i', "interactive", OPTION_FLAG, offsetof(struct options, keep_stdin), NULL, "give the program this command's stdin" },
	{ 'e', "env", OPTION_VARIABLES, offsetof(struct options, env), "KEY[=VALUE]", "set a variable; KEY alone takes the caller's" },
	{ 'u', "user", OPTION_TEXT, offsetof(struct options, user), "USER[:GROUP]", "run as this user (default: the app's)" },
	{ 'w', "workdir", OPTION_TEXT, offsetof(struct options, working_dir), "FOLDER", "start in this folder (default: the app's)" },
	{ 0, "cwd", OPTION_TEXT, offsetof(struct options, working_dir), "FOLDER", "the same, in runc's words" },
	{ 0, "cgroup", OPTION_TEXT, offsetof(struct options, cgroup), "PATH", "run in this cgroup below the container's own" },
	{ 'p', "process", OPTION_TEXT, offsetof(struct options, process), "FILE", "OCI: a process.json says everything" },
	{ 'd', "detach", OPTION_FLAG, offsetof(struct options, detach), NULL, "OCI: return when the program runs" },
	{ 0, "pid-file", OPTION_TEXT, offsetof(struct options, pid_file), "FILE", "OCI: write the program's pid there" },
	{ 0, "console-socket", OPTION_TEXT, offsetof(struct options, console_socket), "SOCKET", "OCI: who gets the terminal" },
	{ 'g', "additional-gids", OPTION_LIST, offsetof(struct options, groups), "GID", "OCI: one more group" },
	{ 'c', "cap", OPTION_LIST, offsetof(struct options, capabilities), "NAME", "OCI: one more capability" },
	{ 0, "no-new-privs", OPTION_FLAG, offsetof(struct options, no_new_privileges), NULL, "OCI: set no_new_privs" },
	{ 0, "ignore-paused", OPTION_FLAG, offsetof(struct options, ignores_pause), NULL, "OCI: also in a paused container" },
	{ 0, "preserve-fds", OPTION_TEXT, offsetof(struct options, preserve_fds), "N", "OCI: the program gets N descriptors from 3 on" },
	OTHER_OPTION('T', "no-tty", LEAVE_OUT "there is no terminal without --tty"),
	OTHER_OPTION(0, "index", "a replica has a name: NAME-2 is the second one"),
	{ 0 },
};

/* KEY alone becomes KEY=VALUE with the caller's value, or nothing. */
static void complete_env(const struct list *given, struct list *ret)
{
	for (size_t i = 0; i < given->count; i++) {
		const char *item = given->items[i];

		if (strchr(item, '='))
			list_add(ret, item);
		else if (getenv(item))
			list_env_set(ret, item, getenv(item));
	}
}

static int check(const struct options *options, const struct list *operands, const struct list *command, struct error *e)
{
	if (operands->count != 1 || (!command->count && !options->process))
		return error_set(e, ERROR_USAGE, "exec: expected NAME and COMMAND");
	if (options->terminal && !options->console_socket && !isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE, "option --tty: stdin is not a terminal");
	if (options->working_dir && options->working_dir[0] != '/')
		return error_set(e, ERROR_USAGE, "option --workdir %s: expected an absolute path", options->working_dir);
	return 0;
}

/* "box exec NAME -- COMMAND" is the same as without the two dashes. */
static void drop_dashes(struct list *command)
{
	if (!command->count || strcmp(command->items[0], "--") != 0)
		return;
	free(command->items[0]);
	memmove(command->items, command->items + 1, command->count * sizeof *command->items);
	command->count--;
}

int command_exec(const struct call *call)
{
	autorelease(list) struct list operands = { 0 };
	autorelease(list) struct list command = { 0 };
	autorelease(list) struct list env = { 0 };
	autorelease(text) struct text process = { 0 };
	struct options options = { 0 };
	struct error e = { 0 };
	int64_t preserved = 0;
	int status = EXIT_BOX_FAILED, result;

	result = options_parse(exec_options, OPERANDS_FIRST, call->argv, &options, &operands, &command, &e);
	if (result == 0 && operands.count == 1)
		result = file_services_take(call, &operands.items[0], &command, &e);
	drop_dashes(&command);
	if (result == 0)
		result = check(&options, &operands, &command, &e) || targets_one(call, &operands, 0, &e);
	if (result == 0 && options.preserve_fds && number_parse(options.preserve_fds, 0, 1024, &preserved))
		result = error_set(&e, ERROR_USAGE, "option --preserve-fds %s: expected a number", options.preserve_fds);
	if (result == 0 && options.process)
		result = file_read(AT_FDCWD, options.process, PROCESS_LIMIT, &process, &e);
	if (result == 0) {
		const struct box_exec request = { .name = operands.items[0], .args = &command, .env = &env, .user = options.user,
						  .working_dir = options.working_dir, .cgroup = options.cgroup,
						  .terminal = options.terminal, .keep_stdin = options.keep_stdin || options.terminal,
						  .process = options.process ? process.data : NULL, .process_length = process.length,
						  .console_socket = options.console_socket, .pid_file = options.pid_file,
						  .groups = &options.groups, .capabilities = &options.capabilities,
						  .no_new_privileges = options.no_new_privileges, .detach = options.detach,
						  .ignores_pause = options.ignores_pause, .preserved = (int)preserved };

		audit_container(call->audit, request.name);
		complete_env(&options.env, &env);
		if (box_exec(call->places, &request, &status, &e))
			status = report_run_status(&e);
	}
	if (e.kind != ERROR_NONE)
		report_error(NULL, NULL, &e);
	list_release(&options.env);
	list_release(&options.groups);
	list_release(&options.capabilities);
	return status;
}
