/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lock.c - locks that are waited for, but not for ever.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
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
