/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_steps.c - working folder, environment, and the app's program.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/beneath.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "runtime/child/diagnose.h"
#include "runtime/child/program.h"
#include "runtime/child/steps.h"
#include "specs/container.h"

/* Made where it is missing, as Docker does; entered by a descriptor that was looked up inside the root, so
 * that a link in the image leads nowhere else (CVE-2024-21626). */
int step_working_folder(struct child *c, struct error *e)
{
	autoclose int folder = beneath_make_folder(c->root, c->container->working_dir, 0755, e);
	char where[8];

	if (folder < 0)
		return error_at(e, "working_dir");
	if (fchdir(folder))
		return error_sys(e, "enter the working folder %s", c->container->working_dir);
	/* The raw call answers "(unreachable)…" for a folder outside the root; libc's is an error then.
	 * ERANGE: inside, and long. */
	if (!getcwd(where, sizeof where) && errno != ERANGE)
		return error_set(e, ERROR_DENIED, "enter the working folder %s: it lies outside the root",
				 c->container->working_dir);
	return 0;
}

int step_find_program(struct child *c, struct error *e)
{
	list_copy(&c->env, &c->container->env);
	for (size_t i = 0; i < c->container->secret_env.count; i++)
		(void)list_env_put(&c->env, c->container->secret_env.items[i]); /* always KEY=VALUE */
	if (!list_env_get(&c->env, "HOME"))
		list_env_set(&c->env, "HOME", c->identity.home ? c->identity.home : "/");
	return program_find(c->root, c->container->args.items[0], &c->env, c->container->working_dir, &c->program, e);
}

/* With init the program behind descriptor init_program becomes PID 1 and starts the app's program, named by its full path. */
static void execute_init(struct child *c)
{
	autorelease(list) struct list args = { 0 };

	list_add(&args, "box-init");
	list_add(&args, c->program);
	for (size_t i = 1; i < c->container->args.count; i++)
		list_add(&args, c->container->args.items[i]);
	(void)fexecve(c->init_program, args.items, c->env.items); /* errno says why */
}

int step_execute(struct child *c, struct error *e)
{
	autoclose int root = -1;
	int sys;

	if (c->init_program >= 0) {
		execute_init(c);
		return error_sys(e, "execute box-init");
	}
	(void)execve(c->program, c->container->args.items, c->env.items); /* errno says why */
	sys = errno;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return diagnose_exec(root, c->program, sys, e);
}
