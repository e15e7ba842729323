/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_env_file.c - files of environment variables.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "specs/env_file.h"

static char path[] = "/tmp/box-env-XXXXXX";

static void write_file(const char *content, size_t length)
{
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write_all(fd, content, length), 0);
	close(fd);
}

static void remove_file(void)
{
	(void)unlink(path);
}

TestSuite(env_file, .fini = remove_file);

Test(env_file, forms)
{
	static const char content[] = "# c\n\n  A=1\nD='it''s'\r\nexport E=x=y\nBOX_T_CALLER\nBOX_T_ABSENT\nA=2\nF=\nG=a b  \nH=#no\nI";
	struct list env = { 0 };
	struct error e = { 0 };

	cr_assert_eq(setenv("BOX_T_CALLER", "theirs", 1), 0);
	cr_assert_eq(setenv("I", "i", 1), 0);
	cr_assert_eq(unsetenv("BOX_T_ABSENT"), 0);
	write_file(content, strlen(content));
	cr_assert_eq(env_file_read(path, "f", &env, &e), 0, "%s", e.text);
	cr_expect_str_eq(list_env_get(&env, "A"), "2");
	cr_expect_str_eq(list_env_get(&env, "D"), "it''s", "quotes at the ends only");
	cr_expect_str_eq(list_env_get(&env, "E"), "x=y");
	cr_expect_str_eq(list_env_get(&env, "BOX_T_CALLER"), "theirs");
	cr_expect_null(list_env_get(&env, "BOX_T_ABSENT"));
	cr_expect_str_eq(list_env_get(&env, "F"), "");
	cr_expect_str_eq(list_env_get(&env, "G"), "a b", "space at the end does not count");
	cr_expect_str_eq(list_env_get(&env, "H"), "#no", "a # inside a value is a part of it");
	cr_expect_str_eq(list_env_get(&env, "I"), "i", "the last line needs no end");
	cr_expect_eq(env.count, 8u);
	list_release(&env);
}

Test(env_file, errors)
{
	static const struct {
		const char *content;
		size_t length;
		const char *text;
	} cases[] = {
		{ "A=1\nA B=2\n", 10, "f:2: expected KEY=value, found \"A B\"" },
		{ "B =2\n", 5, "f:1: expected KEY=value, found \"B \"" },
		{ "=x\n", 3, "f:1: expected KEY=value, found \"\"" },
		{ "\n\nA=\"x\n", 7, "f:3: the quote of A does not end on its line" },
		{ "A=\"\n", 4, "f:1: the quote of A does not end on its line" },
		{ "A=\0b\n", 5, "f: it holds a zero byte" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct list env = { 0 };
		struct error e = { 0 };

		memcpy(path, "/tmp/box-env-XXXXXX", sizeof path);
		write_file(cases[i].content, cases[i].length);
		cr_expect_eq(env_file_read(path, "f", &env, &e), -1, "%zu", i);
		cr_expect_str_eq(e.text, cases[i].text);
		list_release(&env);
		remove_file();
	}
}
