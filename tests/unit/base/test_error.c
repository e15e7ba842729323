/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_error.c - chains of words, and their bounds.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"

Test(error, set_replaces_everything)
{
	struct error e = { .sys = 5, .field = "old", .hint = "old", .text = "old" };

	cr_assert_eq(error_set(&e, ERROR_SPEC, "found %d of %s", 3, "them"), -1);
	cr_expect_eq(e.kind, ERROR_SPEC);
	cr_expect_eq(e.sys, 0);
	cr_expect_str_eq(e.text, "found 3 of them");
	cr_expect_str_eq(e.field, "");
	cr_expect_str_eq(e.hint, "");
}

Test(error, sys_appends_words_and_name)
{
	struct error e = { 0 };

	errno = ENOENT;
	cr_assert_eq(error_sys(&e, "open %s", "/data"), -1);
	cr_expect_str_eq(e.text, "open /data: No such file or directory [ENOENT]");
	cr_expect_eq(e.sys, ENOENT);
	cr_expect_eq(e.kind, ERROR_MISSING);
}

Test(error, kind_follows_errno)
{
	static const struct {
		int sys;
		enum error_kind kind;
	} cases[] = {
		{ EACCES, ERROR_DENIED }, { EPERM, ERROR_DENIED }, { ENOENT, ERROR_MISSING },
		{ EEXIST, ERROR_EXISTS }, { ENOSYS, ERROR_UNSUPPORTED }, { EIO, ERROR_KERNEL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error e = { 0 };

		errno = cases[i].sys;
		(void)error_sys(&e, "x");
		cr_expect_eq(e.kind, cases[i].kind, "errno %d became kind %d", cases[i].sys, e.kind);
	}
}

Test(error, context_goes_in_front)
{
	struct error e = { 0 };

	(void)error_set(&e, ERROR_KERNEL, "leaf");
	cr_assert_eq(error_in(&e, "mount %s", "/x"), -1);
	cr_assert_eq(error_in(&e, "start \"web\""), -1);
	cr_expect_str_eq(e.text, "start \"web\": mount /x: leaf");
	cr_expect_eq(e.kind, ERROR_KERNEL);
}

Test(error, path_in_the_spec_grows_from_its_end)
{
	struct error e = { 0 };

	(void)error_set(&e, ERROR_SPEC, "bad");
	(void)error_at(&e, "target");
	(void)error_at(&e, "volumes[%d]", 2);
	cr_expect_str_eq(e.field, "volumes[2].target");
	(void)error_set(&e, ERROR_SPEC, "bad");
	(void)error_at(&e, "[%d]", 7);
	(void)error_at(&e, "command");
	cr_expect_str_eq(e.field, "command[7]");
}

Test(error, the_nearest_hint_stays)
{
	struct error e = { 0 };

	(void)error_set(&e, ERROR_KERNEL, "x");
	cr_assert_eq(error_hint(&e, "first %d", 1), -1);
	cr_assert_eq(error_hint(&e, "second"), -1);
	cr_expect_str_eq(e.hint, "first 1");
}

Test(error, as_changes_the_kind_alone)
{
	struct error e = { 0 };

	errno = ENOENT;
	(void)error_sys(&e, "x");
	cr_assert_eq(error_as(&e, ERROR_NOT_FOUND), -1);
	cr_expect_eq(e.kind, ERROR_NOT_FOUND);
	cr_expect_eq(e.sys, ENOENT);
}

Test(error, long_texts_lose_their_end_never_their_beginning)
{
	char big[sizeof(((struct error *)0)->text) * 2];
	struct error e = { 0 };

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)error_set(&e, ERROR_KERNEL, "%s", big);
	cr_expect_eq(strlen(e.text), sizeof(e.text) - 1);
	for (int i = 0; i < 5; i++)
		(void)error_in(&e, "step %d", i);
	cr_expect_eq(strncmp(e.text, "step 4: step 3: step 2: step 1: step 0: xxx", 43), 0);
	cr_expect_eq(strlen(e.text), sizeof(e.text) - 1);
	(void)error_in(&e, "%s", big);
	cr_expect_eq(e.text[sizeof(e.text) - 1], '\0');
	for (int i = 0; i < 5; i++)
		(void)error_at(&e, "%s", big);
	cr_expect_eq(e.field[sizeof(e.field) - 1], '\0');
	errno = EIO;
	(void)error_sys(&e, "%s", big);
	cr_expect_eq(e.text[sizeof(e.text) - 1], '\0');
	(void)error_hint(&e, "%s", big);
	cr_expect_eq(strlen(e.hint), sizeof(e.hint) - 1);
}

Test(error, clear_is_as_zeroed)
{
	struct error e = { 0 };

	errno = EIO;
	(void)error_sys(&e, "x");
	(void)error_hint(&e, "y");
	(void)error_at(&e, "z");
	error_clear(&e);
	cr_expect_eq(e.kind, ERROR_NONE);
	cr_expect_eq(e.sys, 0);
	cr_expect(!e.text[0] && !e.hint[0] && !e.field[0]);
}

Test(error, names)
{
	cr_expect_str_eq(error_name(ENOENT), "ENOENT");
	cr_expect_str_eq(error_name(4095), "errno 4095");
}
