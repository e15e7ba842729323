/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - the commands of box.
 */
#include "cli/commands.h"

const struct command commands[] = {
	{ "run", "FILE.json [-- COMMAND…]", "run the app that a file describes", run_options, command_run },
	{ "exec", "NAME COMMAND…", "run one more program in a running container", exec_options, command_exec },
	{ "ps", "[NAME]", "list containers, or the processes of one", ps_options, command_ps },
	{ "kill", "NAME [SIGNAL]", "send a signal (default: SIGTERM)", kill_options, command_kill },
	{ "pause", "NAME", "stop every process of a container", NULL, command_pause },
	{ "unpause", "NAME", "let them go on", NULL, command_unpause },
	{ "rm", "NAME…", "remove containers that do not run", rm_options, command_rm },
	{ "config", "FILE.json", "print the spec with overrides, variables and defaults resolved", config_options, command_config },
	{ "check", "FILE.json", "report every error of a spec", config_options, command_check },
	{ "spec", "", "print the JSON Schema or the list of fields of a spec", spec_options, command_spec },
	{ "doctor", "", "test what this host can do, and say how to mend what it cannot", NULL, command_doctor },
	{ 0 },
};
