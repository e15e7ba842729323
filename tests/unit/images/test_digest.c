/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_digest.c - what is a digest, and what only looks like one.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "images/digest.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const bad[] = {
	"",
	"sha256",
	"sha256:",
	":" HEX64,
	HEX64,
	"sha256:../../../../etc/passwd",
	"sha256:" HEX64 "0",
	"sha256:0123456789abcdef",
	"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	"SHA256:" HEX64,
	" sha256:" HEX64,
	"sha256:" HEX64 " ",
	"sha256:" HEX64 "\n",
	"sha256::" HEX64,
	"sha256/" HEX64,
	"sha1:0123456789abcdef0123456789abcdef01234567",
	"md5:0123456789abcdef0123456789abcdef",
	"sha512:" HEX64,
	"sha256:0123456789abcdeg0123456789abcdef0123456789abcdef0123456789abcdef",
	"sha256:\xc3\xa9"
	"23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
};

Test(digest, refuses_what_is_none)
{
	struct digest digest = { .hex = "untouched" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_eq(digest_parse(bad[i], &digest), -1, "\"%s\" was taken", bad[i]);
	cr_expect_eq(digest_parse(NULL, &digest), -1);
	cr_expect_str_eq(digest.hex, "untouched");
}

Test(digest, both_algorithms_go_there_and_back)
{
	static const char *const good[] = { "sha256:" HEX64, "sha512:" HEX64 HEX64 };
	struct digest back;

	for (size_t i = 0; i < 2; i++) {
		struct digest digest;
		char words[DIGEST_TEXT];

		cr_assert_eq(digest_parse(good[i], &digest), 0, "%s", good[i]);
		digest_text(&digest, words);
		cr_expect_str_eq(words, good[i]);
		digest_file_name(&digest, words);
		cr_expect_eq(words[6], '-');
		cr_expect_str_eq(words + 7, good[i] + 7);
		cr_expect_null(strchr(words, ':'));
		cr_expect_eq(digest_parse_file_name(words, "", &back), 0);
		cr_expect(digest_equal(&back, &digest));
		memcpy(words + strlen(words), ".x", sizeof ".x");
		cr_expect_eq(digest_parse_file_name(words, ".x", &back), 0);
		cr_expect(digest_equal(&back, &digest));
		cr_expect_eq(digest_parse_file_name(words, "", &back), -1);
		cr_expect_eq(digest_parse_file_name(words, ".json", &back), -1);
	}
	cr_expect_eq(digest_parse_file_name("", "", &back), -1);
	cr_expect_eq(digest_parse_file_name("sha256", "", &back), -1);
	cr_expect_eq(digest_parse_file_name(".json", ".json", &back), -1);
}

Test(digest, equal_means_algorithm_and_digits)
{
	struct digest a, b;

	cr_assert_eq(digest_parse("sha256:" HEX64, &a), 0);
	b = a;
	cr_expect(digest_equal(&a, &b));
	b.hex[63] = '0';
	cr_expect_not(digest_equal(&a, &b));
	b = a;
	b.algorithm = DIGEST_SHA512;
	cr_expect_not(digest_equal(&a, &b));
}
