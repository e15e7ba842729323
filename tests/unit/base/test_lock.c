/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lock.c - locks that are waited for, but not for ever.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/holder.h"
#include "base/lock.h"
#include "base/text.h"
#include "tests/unit/base/scratch.h"

Test(lock, who_has_it_is_said)
{
	SCRATCH();
	struct error e = { 0 };
	autofree char *own = NULL;
	autofree char *expected = text_format("wait for the lock of all things: "
					      "it was not free for 0 s, and unit-tests (process %d) has it", (int)getpid());
	int fd = lock_file_within(AT_FDCWD, "lock", "all things", 0, &e), second;

	cr_assert_geq(fd, 0, "%s", e.text);
	cr_expect_eq(lock_file_within(AT_FDCWD, "lock", "all things", 30, &e), -1);
	cr_expect_eq(e.sys, EWOULDBLOCK);
	cr_expect_str_eq(e.text, expected);
	own = holder_of_lock(fd);
	cr_expect(own && text_starts(own, "unit-tests (process "), "%s", own);
	error_clear(&e);
	close(fd);
	second = lock_file_within(AT_FDCWD, "lock", "all things", 0, &e);
	cr_expect_geq(second, 0, "%s", e.text);
	close(second);
	cr_expect_null(holder_of_lock(open("lock", O_RDONLY | O_CLOEXEC)), "nobody has it");
}

/* What a process is called is its own choice, and so is the beginning of its command line. */
Test(lock, a_holder_without_a_name_is_a_number)
{
	SCRATCH();
	int input[2], begun[2];
	char word;
	pid_t pid;

	cr_assert(symlink("/bin/cat", "box:[x") == 0 && pipe2(input, O_CLOEXEC) == 0 && pipe2(begun, O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(input[0], STDIN_FILENO);
		(void)execl("./box:[x", "", (char *)NULL);
		_exit(1);
	}
	close(begun[1]);
	cr_assert_eq(read(begun[0], &word, 1), 0, "it has been executed");
	{
		autofree char *number = text_format("%d", (int)pid), *expected = text_format("process %d", (int)pid);
		autofree char *name = holder_name(number);

		cr_expect_str_eq(name, expected);
	}
	close(input[1]);
	cr_expect_eq(waitpid(pid, NULL, 0), pid);
}
