/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_stack.c - box run of a file with services.
 */
#include "cli/up/for_cli.h"

#include "cli/commands.h"
#include "cli/report.h"

int stack_run_detached(const struct call *call, const struct stack_run *wish)
{
	(void)call;
	(void)wish;
	return EXIT_BOX_FAILED;
}
int stack_run_foreground(const struct call *call, const struct stack_run *wish)
{
	(void)call;
	(void)wish;
	return EXIT_BOX_FAILED;
}
