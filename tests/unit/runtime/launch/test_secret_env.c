/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_secret_env.c - secret variables are found in the environment of a process, by name.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime/launch/secret_env.h"

static pid_t sleeper(void)
{
	char *const argv[] = { (char[]){ "sleep" }, (char[]){ "60" }, NULL };
	char *const environment[] = { (char[]){ "A=1" }, (char[]){ "B=x=y" }, (char[]){ "C" }, (char[]){ "BB=2" }, NULL };
	int ends[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)execve("/bin/sleep", argv, environment);
		_exit(1);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 0); /* end of file: it was executed */
	close(ends[0]);
	return pid;
}

Test(secret_env, names_without_values)
{
	autorelease(list) struct list variables = { 0 }, names = { 0 };

	list_add(&variables, "A=secret=more");
	list_add(&variables, "B=");
	secret_env_names(&variables, &names);
	cr_assert_eq(names.count, 2u);
	cr_expect_str_eq(names.items[0], "A");
	cr_expect_str_eq(names.items[1], "B");
}

Test(secret_env, finds_what_the_process_got)
{
	autorelease(list) struct list names = { 0 }, found = { 0 };
	pid_t pid = sleeper();

	list_add(&names, "B");
	list_add(&names, "C");
	list_add(&names, "missing");
	secret_env_find(pid, &names, &found);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	cr_assert_eq(found.count, 1u);
	cr_expect_str_eq(found.items[0], "B=x=y");
}
